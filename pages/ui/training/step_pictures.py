"""A step's pictures with their RoIs, coloured by what each is or by what it costs.

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

_SPOKEN = 3  # RoIs of a step at which the head's word, or their price, is written
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
class Seen:
    """A step with its prices, and where its pictures are.

    Raises:
        DataError, ImageError: at the first look at a picture that cannot be read.
    """

    step: StepSnapshot
    paid: LossBreakdown
    data: Dataset

    @cached_property
    def annotated(self) -> tuple[AnnotatedImage, ...]:
        """The pictures as the step saw them: mirrored where it mirrored them."""
        found = [datasets.annotated_image(self.data, it.name) for it in self.step.images]
        return tuple(
            it.flipped() if picture.flipped else it
            for it, picture in zip(found, self.step.images, strict=True)
        )

    @cached_property
    def shares(self) -> FloatArray:
        """(R of all pictures,) each RoI's share of the step's loss."""
        whole = float(self.paid.parts.sum())
        return self.paid.parts / whole if whole else self.paid.parts

    @cached_property
    def ranks(self) -> npt.NDArray[np.int64]:
        """(R of all pictures,) 1 for the RoI that cost most."""
        ranks = np.empty(len(self.shares), np.int64)
        ranks[self.paid.largest_first] = np.arange(1, len(ranks) + 1)
        return ranks

    def said(self, number: int, row: int) -> str:
        """What the head said of a RoI, and how sure it was."""
        scores = self.step.images[number].scores[row]
        return f"{self.names[int(scores.argmax())]} {scores.max():.2f}"

    @property
    def names(self) -> tuple[str, ...]:
        """What labels mean, background first."""
        return ("background", *self.data.classes)


def show(seen: Seen, number: int, *, by_cost: bool) -> None:
    """One of the step's pictures, with what it shows and what the head got wrong below it."""
    picture, annotated = seen.step.images[number], seen.annotated[number]
    here = np.flatnonzero(seen.paid.image == number)
    layers = _by_cost(seen, number, here) if by_cost else _by_role(seen, number, here)
    figures.show(
        figures.draw(annotated.image, Layer(palette.GROUND_TRUTH, annotated.boxes), *layers),
        key=f"step-{number}",
        caption=_caption(seen, picture, here, by_cost=by_cost),
    )


def _caption(
    seen: Seen, picture: ImageSnapshot, here: npt.NDArray[np.int64], *, by_cost: bool
) -> str:
    name = f"{picture.name}{', mirrored' if picture.flipped else ''}"
    if by_cost:
        return f"{name}: {seen.shares[here].sum():.0%} of the step's loss. Drawn last, and widest: what cost most."
    is_foreground = picture.labels > 0
    wrong = int((picture.scores.argmax(axis=1) != picture.labels).sum()) if len(here) else 0
    return (
        f"{name}: {is_foreground.sum()} positive and {(~is_foreground).sum()} negative RoIs; the head is wrong about "
        f"{wrong} of them. Written at the {_SPOKEN} that cost most: what it says."
    )


def _by_role(seen: Seen, number: int, here: npt.NDArray[np.int64]) -> list[Layer]:
    """Negative RoIs, positive RoIs, and above the quiet ones of each those that cost most of this picture."""
    picture = seen.step.images[number]
    loud = np.zeros(len(here), dtype=bool)
    loud[np.argsort(-seen.shares[here], kind="stable")[:_SPOKEN]] = True
    layers = []
    for role, which in (
        (palette.BACKGROUND, picture.labels == 0),
        (palette.FOREGROUND, picture.labels > 0),
    ):
        layers.append(_layer(seen, number, here, which & ~loud, role))
        if (which & loud).any():
            texts = [seen.said(number, row) for row in np.flatnonzero(which & loud).tolist()]
            label = f"{role.label}, costs most"
            layers.append(
                _layer(seen, number, here, which & loud, replace(role, halo=1.0), label, texts)
            )
    return layers


def _by_cost(seen: Seen, number: int, here: npt.NDArray[np.int64]) -> list[Layer]:
    """A layer each colour, cheap ones first; at the dearest of the step stands their rank."""
    bins = np.searchsorted(SHARES, seen.shares[here], side="right") - 1
    layers = []
    for place, role in enumerate(COSTS):
        which = bins == place
        ranks = seen.ranks[here[which]]
        texts = [f"#{rank}" if rank <= costliest_told() else "" for rank in ranks]
        shown = place > 0 or not (bins > 0).any()
        layers.append(_layer(seen, number, here, which, role, texts=texts, shown=shown))
    return layers


def costliest_told() -> int:
    """How many of a step's RoIs have a number in the picture and a close-up below it."""
    return 8


def _layer(
    seen: Seen,
    number: int,
    here: npt.NDArray[np.int64],
    which: npt.NDArray[np.bool_],
    role: Role,
    label: str = "",
    texts: list[str] | None = None,
    shown: bool = True,
) -> Layer:
    rows = np.flatnonzero(which)
    rows = rows[np.argsort(seen.shares[here[rows]], kind="stable")] if texts is None else rows
    notes = [_note(seen, number, int(row), int(here[row])) for row in rows]
    boxes = seen.step.images[number].boxes[rows]
    return Layer(role, boxes, notes=notes, texts=texts or [], label=label, shown=shown)


def _note(seen: Seen, number: int, row: int, overall: int) -> str:
    picture = seen.step.images[number]
    return (
        f"<b>#{seen.ranks[overall]}</b> {seen.shares[overall]:.1%} of the step's loss<br>"
        f"is {seen.names[picture.labels[row]]}, IoU {picture.iou[row]:.2f}<br>head says {seen.said(number, row)}<br>"
        f"classification {picture.classification_loss[row]:.2f}, box {picture.box_loss[row]:.2f}"
    )
