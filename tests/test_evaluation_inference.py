"""Evaluation of a detector on a split: the public function, its options, and classes in another order."""

from pathlib import Path

import numpy as np
import pytest

from fastrcnn_core.config import EVALUATION_SCORE_THRESHOLD
from fastrcnn_core.datasets import Dataset, open_dataset
from fastrcnn_core.detector import Detector
from fastrcnn_core.evaluation import evaluate, evaluate_detections, remap_classes
from fastrcnn_core.structures import AnnotatedImage, Image
from tests.support.builders import write_untrained
from tests.support.datasets import write_tiny


def annotated() -> AnnotatedImage:
    boxes = np.asarray([[0, 0, 1, 1], [0, 0, 2, 2], [0, 0, 3, 3]], np.float32)
    labels = np.asarray([1, 2, 3], np.int64)
    image = Image(np.zeros((4, 4, 3), np.uint8))
    return AnnotatedImage(image, boxes, labels, ("car", "person", "dog"), ("", "crowd", ""))


def test_labels_follow_the_names_not_the_numbers() -> None:
    remapped = remap_classes(annotated(), ("person", "car"))
    assert remapped.labels.tolist() == [2, 1]
    assert remapped.boxes[:, 2].tolist() == [1, 2]
    assert remapped.tags == ("", "crowd")


def test_a_data_set_without_a_known_class_leaves_nobody_to_find() -> None:
    assert remap_classes(annotated(), ("boat",)).boxes.shape == (0, 4)


def test_the_same_classes_change_nothing() -> None:
    same = annotated()
    assert remap_classes(same, same.classes) is same


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return open_dataset(write_tiny(tmp_path / "tiny"))


@pytest.fixture
def detector(tmp_path: Path) -> Detector:
    return Detector.load(
        write_untrained(tmp_path / "tiny.safetensors", ("person",)),
        device="cpu",
        score_threshold=0.9,
    )


def test_a_split_or_named_images_are_evaluated_and_progress_is_told(
    dataset: Dataset, detector: Detector
) -> None:
    done: list[str] = []
    evaluation = evaluate(detector, dataset, progress=done.append)
    assert tuple(done) == tuple(evaluation.found) == dataset.split.test
    assert (evaluation.images, evaluation.ground_truth) == (2, 2)
    assert evaluate(detector, dataset, "all").images == 10
    assert tuple(evaluate(detector, dataset, ["tiny03"]).found) == ("tiny03",)


def test_it_is_what_pycocotools_says_of_the_detections_from_a_score_of_5_percent(
    dataset: Dataset, detector: Detector
) -> None:
    evaluation = evaluate(detector, dataset)
    lowest = min(float(found.scores.min()) for found in evaluation.found.values())
    assert EVALUATION_SCORE_THRESHOLD <= lowest < 0.9
    annotations = [dataset.annotation(name) for name in dataset.split.test]
    again = evaluate_detections(evaluation.found, annotations, classes=("person",))
    assert again.all == evaluation.all
    assert evaluation.AP50 == evaluation.all.AP50


def test_images_and_proposals_can_come_from_elsewhere(dataset: Dataset, detector: Detector) -> None:
    none = np.zeros((0, 4), np.float32)
    evaluation = evaluate(detector, dataset, load=lambda name: (dataset.load(name), none))
    assert (evaluation.detections, evaluation.proposal_recall_50) == (0, 0.0)


def test_ground_truth_of_classes_that_the_detector_lacks_is_left_out(
    tmp_path: Path, dataset: Dataset
) -> None:
    pets = Detector.load(write_untrained(tmp_path / "pets.safetensors", ("dog",)), device="cpu")
    evaluation = evaluate(pets, dataset)
    assert (evaluation.ground_truth, evaluation.AP) == (0, None)
