"""A step's pictures with their RoIs, coloured by kind or by loss.

Shape letters: R RoIs of one picture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fastrcnn_core import palette
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.palette import Role
from fastrcnn_core.runs import ImageSnapshot, LossBreakdown, StepSnapshot
from fastrcnn_core.structures import AnnotatedImage, FloatArray
from pages.ui.cache import datasets
from pages.ui.components import figures
from pages.ui.components.figures import Layer

_SPOKEN = 3  # RoIs of a step at which the prediction, or their rank, is written
# From which share of the step's loss on a RoI has each of the colours. Chosen here: an even share of 128 is 0.8 %.
SHARES = (0.0, 0.002, 0.008, 0.02, 0.05)
# What a RoI's loss is worth, from next to nothing up: five colours of plasma, bright and wide is much, none of them
# green like the ground truth. Source: van der Walt & Smith, matplotlib's colour maps, 2015.
COSTS = (
    Role("cost_0", "under 0.2 % of the loss", "#5302A3", "dot", width=1.0, opacity=0.6),
    Role("cost_1", "0.2 to 0.8 %", "#8B0AA5", width=1.2),
    Role("cost_2", "0.8 to 2 %", "#DB5C68", width=1.8, halo=0.4),
    Role("cost_3", "2 to 5 %", "#FEBA2C", width=2.4, halo=1.0),
    Role("cost_4", "over 5 %", "#F0F921", width=3.2, halo=1.0),
)


@dataclass(frozen=True, eq=False)
class StepLosses:
    """A step with the loss of each RoI, and the data set of its pictures.

    Raises:
        DataError, ImageError: at the first look at a picture that cannot be read.
    """

    snapshot: StepSnapshot
    breakdown: LossBreakdown
    data: Dataset

    @cached_property
    def annotated(self) -> tuple[AnnotatedImage, ...]:
        """The pictures as the step used them, flipped where it flipped them."""
        found = [datasets.annotated_image(self.data, image.name) for image in self.snapshot.images]
        return tuple(
            annotated.flipped() if picture.flipped else annotated
            for annotated, picture in zip(found, self.snapshot.images, strict=True)
        )

    @cached_property
    def shares(self) -> FloatArray:
        """(R of all pictures,) each RoI's share of the step's loss."""
        total = float(self.breakdown.parts.sum())
        return self.breakdown.parts / total if total else self.breakdown.parts

    @cached_property
    def ranks(self) -> npt.NDArray[np.int64]:
        """(R of all pictures,) 1 for the RoI with the highest loss."""
        ranks = np.empty(len(self.shares), np.int64)
        ranks[self.breakdown.largest_first] = np.arange(1, len(ranks) + 1)
        return ranks

    def prediction(self, number: int, row: int) -> str:
        """Word the head's prediction for a RoI, with its confidence."""
        scores = self.snapshot.images[number].scores[row]
        return f"{self.names[int(scores.argmax())]} {scores.max():.2f}"

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the labels, background first."""
        return ("background", *self.data.classes)


def show(losses: StepLosses, number: int, *, by_cost: bool) -> None:
    """Show one of the step's pictures, with its counts and the head's errors below it."""
    picture, annotated = losses.snapshot.images[number], losses.annotated[number]
    members = np.flatnonzero(losses.breakdown.image == number)
    layers = _by_cost(losses, number, members) if by_cost else _by_role(losses, number, members)
    figures.show(
        figures.draw(annotated.image, Layer(palette.GROUND_TRUTH, annotated.boxes), *layers),
        key=f"step-{number}",
        caption=_caption(losses, picture, members, by_cost=by_cost),
    )


def _caption(
    losses: StepLosses, picture: ImageSnapshot, members: npt.NDArray[np.int64], *, by_cost: bool
) -> str:
    name = f"{picture.name}{', mirrored' if picture.flipped else ''}"
    if by_cost:
        share = f"{losses.shares[members].sum():.0%} of the step's loss"
        return f"{name}: {share}. Drawn last, and widest: the RoIs with the highest loss."
    is_foreground = picture.labels > 0
    wrong = int((picture.scores.argmax(axis=1) != picture.labels).sum()) if len(members) else 0
    return (
        f"{name}: {is_foreground.sum()} positive and {(~is_foreground).sum()} negative RoIs; the head is wrong about "
        f"{wrong} of them. Written at the {_SPOKEN} with the highest loss: what it predicts."
    )


def _by_role(losses: StepLosses, number: int, members: npt.NDArray[np.int64]) -> list[Layer]:
    """Negative RoIs, positive RoIs, and above the quiet ones of each those that cost most of this picture."""
    picture = losses.snapshot.images[number]
    is_highest = np.zeros(len(members), dtype=bool)
    is_highest[np.argsort(-losses.shares[members], kind="stable")[:_SPOKEN]] = True
    layers = []
    for role, is_kind in (
        (palette.BACKGROUND, picture.labels == 0),
        (palette.FOREGROUND, picture.labels > 0),
    ):
        layers.append(_layer(losses, number, members, is_kind & ~is_highest, role))
        if (is_kind & is_highest).any():
            texts = [
                losses.prediction(number, row)
                for row in np.flatnonzero(is_kind & is_highest).tolist()
            ]
            label = f"{role.label}, highest loss"
            layers.append(
                _layer(
                    losses,
                    number,
                    members,
                    is_kind & is_highest,
                    replace(role, halo=1.0),
                    label,
                    texts,
                )
            )
    return layers


def _by_cost(losses: StepLosses, number: int, members: npt.NDArray[np.int64]) -> list[Layer]:
    """Return one layer a colour, low losses first; the highest losses of the step bear their rank."""
    bins = np.searchsorted(SHARES, losses.shares[members], side="right") - 1
    layers = []
    for place, role in enumerate(COSTS):
        selected = bins == place
        ranks = losses.ranks[members[selected]]
        texts = [f"#{rank}" if rank <= numbered_count() else "" for rank in ranks]
        shown = place > 0 or not (bins > 0).any()
        layers.append(_layer(losses, number, members, selected, role, texts=texts, shown=shown))
    return layers


def numbered_count() -> int:
    """Count the RoIs of a step that have a number in the picture and a crop below it."""
    return 8


def _layer(
    losses: StepLosses,
    number: int,
    members: npt.NDArray[np.int64],
    selected: npt.NDArray[np.bool_],
    role: Role,
    label: str = "",
    texts: list[str] | None = None,
    shown: bool = True,
) -> Layer:
    rows = np.flatnonzero(selected)
    rows = rows[np.argsort(losses.shares[members[rows]], kind="stable")] if texts is None else rows
    notes = [_note(losses, number, int(row), int(members[row])) for row in rows]
    boxes = losses.snapshot.images[number].boxes[rows]
    return Layer(role, boxes, notes=notes, texts=texts or [], label=label, shown=shown)


def _note(losses: StepLosses, number: int, row: int, overall: int) -> str:
    picture = losses.snapshot.images[number]
    return (
        f"<b>#{losses.ranks[overall]}</b> {losses.shares[overall]:.1%} of the step's loss<br>"
        f"is {losses.names[picture.labels[row]]}, IoU {picture.iou[row]:.2f}<br>"
        f"head says {losses.prediction(number, row)}<br>"
        f"classification {picture.classification_loss[row]:.2f}, box {picture.box_loss[row]:.2f}"
    )
