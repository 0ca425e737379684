"""A detector is judged by the classes that it knows, whatever order the data set has them in."""

import numpy as np

from fastrcnn_core.evaluation import remap_classes
from fastrcnn_core.structures import AnnotatedImage, Image


def annotated() -> AnnotatedImage:
    boxes = np.asarray([[0, 0, 1, 1], [0, 0, 2, 2], [0, 0, 3, 3]], np.float32)
    labels = np.asarray([1, 2, 3], np.int64)
    image = Image(np.zeros((4, 4, 3), np.uint8))
    return AnnotatedImage(image, boxes, labels, ("car", "person", "dog"), ("", "crowd", ""))


def test_labels_follow_the_names_not_the_numbers() -> None:
    it = remap_classes(annotated(), ("person", "car"))
    assert it.labels.tolist() == [2, 1]
    assert it.boxes[:, 2].tolist() == [1, 2]
    assert it.tags == ("", "crowd")


def test_a_data_set_without_a_known_class_leaves_nobody_to_find() -> None:
    assert remap_classes(annotated(), ("boat",)).boxes.shape == (0, 4)


def test_the_same_classes_change_nothing() -> None:
    same = annotated()
    assert remap_classes(same, same.classes) is same
