"""The losses against PyTorch's own functions and torchvision's."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.models.detection.roi_heads import fastrcnn_loss

from fastrcnn_core.config import LossConfig
from fastrcnn_core.losses import losses
from fastrcnn_core.structures import RoIOutputs

NOTEBOOK = LossConfig(box_mean="foreground_coordinates")


def outputs(*, rois: int, classes: int, seed: int = 0) -> RoIOutputs:
    generator = torch.Generator().manual_seed(seed)
    return RoIOutputs(
        torch.randn(rois, classes + 1, generator=generator).requires_grad_(),
        torch.randn(rois, classes, 4, generator=generator).mul(2).requires_grad_(),
    )


def targets(rois: int) -> Tensor:
    return torch.randn(rois, 4, generator=torch.Generator().manual_seed(9))


def test_an_undecided_network_pays_the_log_of_the_number_of_classes() -> None:
    undecided = RoIOutputs(torch.zeros(5, 4), torch.zeros(5, 3, 4))
    labels = torch.tensor([0, 1, 2, 3, 0])
    paid = losses(undecided, labels=labels, targets=torch.zeros(5, 4), config=LossConfig())
    assert paid.classification == pytest.approx(math.log(4))
    assert paid.box == 0


def test_smooth_l1_is_square_up_to_beta_and_a_line_beyond() -> None:
    deltas = torch.tensor([[[0.5, 0.0, 0.0, 3.0]]])
    answer = RoIOutputs(torch.zeros(1, 2), deltas)
    paid = losses(answer, labels=torch.tensor([1]), targets=torch.zeros(1, 4), config=LossConfig())
    assert paid.box == pytest.approx(0.5 * 0.5**2 + (3 - 0.5))
    sharper = LossConfig(smooth_l1_beta=0.1)
    paid = losses(answer, labels=torch.tensor([1]), targets=torch.zeros(1, 4), config=sharper)
    assert paid.box == pytest.approx(0.45 + 2.95)


def test_the_box_loss_is_divided_by_the_sampled_rois_or_by_the_foregrounds_coordinates() -> None:
    answer = RoIOutputs(torch.zeros(8, 2), torch.full((8, 1, 4), 3.0))
    labels = torch.tensor([1, 1, 0, 0, 0, 0, 0, 0])
    rest = {"labels": labels, "targets": torch.zeros(8, 4)}
    assert losses(answer, **rest, config=LossConfig()).box == pytest.approx(2 * 4 * 2.5 / 8)  # type: ignore[arg-type]
    assert losses(answer, **rest, config=NOTEBOOK).box == pytest.approx(2.5)  # type: ignore[arg-type]


def test_lambda_weighs_the_box_loss_only() -> None:
    answer, labels = outputs(rois=6, classes=2), torch.tensor([1, 2, 0, 0, 1, 0])
    once = losses(answer, labels=labels, targets=targets(6), config=LossConfig())
    thrice = losses(answer, labels=labels, targets=targets(6), config=LossConfig(box_weight=3))
    torch.testing.assert_close(thrice.box, 3 * once.box)
    torch.testing.assert_close(thrice.total, once.classification + 3 * once.box)


@pytest.mark.parametrize("classes", [1, 3])
def test_losses_and_gradients_are_torchvisions(classes: int) -> None:
    result, reference = outputs(rois=20, classes=classes), outputs(rois=20, classes=classes)
    labels = torch.randint(0, classes + 1, (20,), generator=torch.Generator().manual_seed(4))
    # torchvision's β is 1/9 and it carries deltas for the background too.
    paid = losses(
        result, labels=labels, targets=targets(20), config=LossConfig(smooth_l1_beta=1 / 9)
    )
    with_background = torch.cat([torch.zeros(20, 4), reference.deltas.flatten(1)], dim=1)
    classification, box = fastrcnn_loss(
        reference.class_logits, with_background, [labels], [targets(20)]
    )
    torch.testing.assert_close(paid.classification, classification)
    torch.testing.assert_close(paid.box, box)
    paid.total.backward()
    (classification + box).backward()
    torch.testing.assert_close(result.class_logits.grad, reference.class_logits.grad)
    torch.testing.assert_close(result.deltas.grad, reference.deltas.grad)


def test_the_notebooks_box_loss_is_pytorchs_mean_over_the_foreground() -> None:
    answer, labels = outputs(rois=12, classes=1), torch.tensor([1] * 5 + [0] * 7)
    paid = losses(answer, labels=labels, targets=targets(12), config=NOTEBOOK)
    torch.testing.assert_close(paid.box, F.smooth_l1_loss(answer.deltas[:5, 0], targets(12)[:5]))


def test_only_the_true_classs_deltas_learn() -> None:
    answer, labels = outputs(rois=3, classes=2), torch.tensor([2, 0, 1])
    losses(answer, labels=labels, targets=targets(3), config=LossConfig()).box.backward()
    assert answer.deltas.grad is not None
    assert answer.deltas.grad.abs().sum(dim=2).ne(0).tolist() == [
        [False, True],
        [False, False],
        [True, False],
    ]


@pytest.mark.parametrize("config", [LossConfig(), NOTEBOOK])
@pytest.mark.parametrize("rois", [0, 7])
def test_fault_crash_without_people_the_box_loss_is_0_with_a_gradient(
    config: LossConfig, rois: int
) -> None:
    answer = outputs(rois=rois, classes=1)
    background = torch.zeros(rois, dtype=torch.int64)
    paid = losses(answer, labels=background, targets=torch.zeros(rois, 4), config=config)
    assert paid.box == 0
    assert paid.classification.isfinite()
    paid.total.backward()
    assert answer.deltas.grad is not None
    assert answer.deltas.grad.eq(0).all()


def test_a_wild_delta_of_background_costs_nothing() -> None:
    answer = RoIOutputs(torch.zeros(2, 2), torch.full((2, 1, 4), math.inf))
    background = torch.zeros(2, dtype=torch.int64)
    assert (
        losses(answer, labels=background, targets=torch.zeros(2, 4), config=LossConfig()).box == 0
    )


def test_each_rois_own_losses_add_up_and_are_detached() -> None:
    answer, labels = outputs(rois=9, classes=2), torch.tensor([0, 1, 2, 0, 0, 1, 0, 2, 0])
    paid = losses(answer, labels=labels, targets=targets(9), config=LossConfig(box_weight=2))
    torch.testing.assert_close(paid.classification_per_roi.mean(), paid.classification.detach())
    torch.testing.assert_close(2 * paid.box_per_roi.sum() / 9, paid.box.detach())
    assert paid.box_per_roi[labels == 0].eq(0).all()
    assert not paid.classification_per_roi.requires_grad
    assert not paid.box_per_roi.requires_grad
