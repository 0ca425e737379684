"""Data loader, batches, validation split and the number of steps."""

import numpy as np

from fastrcnn_core.config import (
    preset,
)
from fastrcnn_core.datasets import validation_split
from fastrcnn_core.structures import AnnotatedImage, FloatArray, Image
from fastrcnn_core.training import (
    batch_names,
)
from fastrcnn_core.training.data_loader import DataLoader
from tests.support.training import SMALL, changed, example


def test_every_epoch_shows_every_picture_once_in_an_order_of_its_own() -> None:
    names = [f"p{i}" for i in range(10)]
    steps = [batch_names(names, step=step, images=2, seed=3) for step in range(1, 11)]
    first, second = sum(steps[:5], ()), sum(steps[5:], ())
    assert sorted(first) == sorted(second) == names
    assert first != second
    assert first != tuple(names)


def test_a_step_can_span_two_epochs_and_ask_for_more_than_there_is() -> None:
    assert len(batch_names(["a", "b", "c"], step=2, images=2, seed=0)) == 2
    assert batch_names(["a"], step=1, images=3, seed=0) == ("a", "a", "a")


def test_the_order_depends_on_names_and_seed_alone() -> None:
    order = batch_names(["a", "b", "c", "d"], step=1, images=4, seed=0)
    assert batch_names(["d", "c", "b", "a"], step=1, images=4, seed=0) == order
    different = {batch_names(["a", "b", "c", "d"], step=1, images=4, seed=s) for s in range(9)}
    assert len(different) > 1


def test_epochs_are_counted_in_pictures() -> None:
    assert preset("minute").total_steps(136) == 136 * preset("minute").training.epochs / 2
    assert preset("notebook").total_steps(136) == 136 * 50
    assert changed(SMALL, training__epochs=0.01).total_steps(3) == 1


def test_the_validation_part_is_a_share_by_name() -> None:
    names = [f"p{i:03}" for i in range(136)]
    train, validation = validation_split(names, 0.2)
    assert (len(train), len(validation)) == (109, 27)
    assert sorted([*train, *validation]) == names
    assert validation_split(names[::-1], 0.2) == (train, validation)
    assert validation_split(names, 0.0) == (tuple(names), ())


def test_the_least_recently_used_image_is_evicted_from_memory() -> None:
    reads: list[str] = []

    class FakeDataset:
        def load(self, name: str) -> AnnotatedImage:
            reads.append(name)
            return example(name, seed=len(name))[0]

    class FakeStore:
        def get(self, image: Image, config: object) -> FloatArray:
            return np.zeros((1, 4), np.float32)

    two = 2 * 64 * 80 * 3
    loader = DataLoader(FakeDataset(), FakeStore(), SMALL.proposals, memory_bytes=two)  # type: ignore[arg-type]
    for name in ("a", "b", "a", "c", "a", "b"):
        assert loader.get(name)[0].name == name
        assert loader.get(name)[0].instances is None
    assert reads == ["a", "b", "c", "b"]
