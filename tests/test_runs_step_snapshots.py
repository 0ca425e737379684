"""The steps of a run that stay to be looked at, and of which RoIs a step's loss is made."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fastrcnn_core.config import LossConfig
from fastrcnn_core.errors import RunError
from fastrcnn_core.losses import losses
from fastrcnn_core.runs import break_down_loss
from fastrcnn_core.runs.step_snapshots import (
    MAX_HISTORY,
    ImageSnapshot,
    StepSnapshot,
    is_in_history,
)
from fastrcnn_core.runs.writer import RunWriter
from fastrcnn_core.structures import RoIOutputs
from tests.support.runs import new_run, step_report


def test_the_live_step_shows_each_picture_with_its_rois() -> None:
    run = new_run()
    assert run.latest_step() is None
    RunWriter(run).step(step_report(5))
    live = run.latest_step()
    assert live is not None
    (picture,) = live.images
    assert (live.step, picture.name, picture.flipped) == (5, "street", True)
    assert picture.boxes.tolist() == [[0, 0, 10, 20], [5, 5, 15, 15]]
    assert picture.labels.tolist() == [1, 0]
    assert picture.scores[:, 1].tolist() == pytest.approx([0.8, 0.1])
    assert picture.classification_loss.tolist() == pytest.approx([0.1, 0.2])


def test_every_step_of_a_short_run_stays_and_a_long_one_keeps_evenly_spread_ones() -> None:
    assert all(is_in_history(step, 60) for step in range(1, 61))
    recorded = [step for step in range(1, 10_001) if is_in_history(step, 10_000)]
    assert recorded[:3] == [1, 10, 20]
    assert recorded[-1] == 10_000
    assert len(recorded) <= MAX_HISTORY + 2


def test_a_kept_step_can_be_read_back_when_the_run_is_long_past_it() -> None:
    run = new_run()
    writer = RunWriter(run)
    writer.update(total_steps=3)
    for step in (1, 2, 3):
        writer.step(step_report(step))
    assert run.saved_steps() == (1, 2, 3)
    (picture,) = run.step(2).images
    assert run.step(2).step == 2
    assert picture.labels.tolist() == [1, 0]
    assert picture.classification_loss.tolist() == pytest.approx([0.1, 0.2])


def test_steps_that_are_done_again_are_forgotten_first() -> None:
    run = new_run()
    writer = RunWriter(run)
    for step in (1, 2, 3, 4):
        writer.step(step_report(step))
    writer.rewind(2)
    assert run.saved_steps() == (1, 2)


def test_a_step_that_was_not_kept_or_is_damaged_is_told_in_words() -> None:
    run = new_run()
    assert run.saved_steps() == ()
    with pytest.raises(RunError, match=r"Step 7 .* was not saved"):
        run.step(7)
    RunWriter(run).step(step_report(1))
    Path(run.folder / "steps" / "000001.json").write_text('{"step": 1')
    with pytest.raises(RunError, match="damaged"):
        run.step(1)


# Of which RoIs a loss is made


def a_step(labels: list[int], classification: list[float], box: list[float]) -> StepSnapshot:
    """Make a step of two images: the first RoI on one, the others on the other."""
    return StepSnapshot(
        1,
        tuple(
            ImageSnapshot(
                name=f"picture{number}",
                flipped=False,
                boxes=np.zeros((len(labels[rows]), 4), np.float32),
                labels=np.asarray(labels[rows]),
                iou=np.zeros(len(labels[rows]), np.float32),
                gt_index=np.zeros(len(labels[rows]), np.int64),
                scores=np.zeros((len(labels[rows]), 2), np.float32),
                classification_loss=np.asarray(classification[rows], np.float32),
                box_loss=np.asarray(box[rows], np.float32),
            )
            for number, rows in enumerate((slice(0, 1), slice(1, None)))
        ),
    )


@pytest.mark.parametrize("box_mean", ["sampled_rois", "foreground_coordinates"])
def test_the_parts_of_all_rois_together_are_the_loss(box_mean: str) -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.tensor([1, 0, 1, 0, 0])
    outputs = RoIOutputs(
        torch.randn(5, 2, generator=generator), torch.randn(5, 1, 4, generator=generator)
    )
    config = LossConfig(box_weight=2.0, box_mean=box_mean)  # type: ignore[arg-type]
    paid = losses(outputs, labels=labels, targets=torch.zeros(5, 4), config=config)
    taken_apart = break_down_loss(
        a_step(labels.tolist(), paid.classification_per_roi.tolist(), paid.box_per_roi.tolist()),
        config,
    )
    assert taken_apart.classification.sum() == pytest.approx(float(paid.classification), rel=1e-5)
    assert taken_apart.box.sum() == pytest.approx(float(paid.box), rel=1e-5)


def test_the_roi_that_cost_most_comes_first_with_its_picture_and_its_share() -> None:
    step = a_step([0, 1, 0], [0.2, 0.5, 0.1], [0.0, 0.2, 0.0])
    taken_apart = break_down_loss(step, LossConfig())
    first = taken_apart.largest_first[:1]
    assert (taken_apart.image[first], taken_apart.row[first]) == (1, 0)  # type: ignore[comparison-overlap]
    assert taken_apart.share_of(first) == pytest.approx(0.7)


def test_a_step_without_rois_costs_nothing() -> None:
    empty = break_down_loss(StepSnapshot(1, ()), LossConfig())
    assert empty.largest_first.tolist() == []
    assert empty.share_of(empty.largest_first) == 0.0
