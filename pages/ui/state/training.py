"""The Training page's selection: a step and a checkpoint of the watched run, the preset, and how curves are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastrcnn_core.config import PresetName
from pages.ui.state.page_selection import PageSelection, in_link, in_widget


@dataclass(frozen=True)
class RunStep:
    """A step of a run, in the link as `minute:40`."""

    run: str
    step: int

    def __str__(self) -> str:
        return f"{self.run}:{self.step}"

    @classmethod
    def parse(cls, word: str) -> RunStep | None:
        """Read the step from its word in the link."""
        run, _, step = word.rpartition(":")
        return cls(run, int(step)) if step.isdecimal() else None


@dataclass(frozen=True)
class TrainingSelection(PageSelection):
    """A visitor's selection on the page Training.

    Args:
        step: whose RoIs are shown; None for the newest. checkpoint: of the time machine; None for the newest.
        holding: whether the shown step stays while the run goes on. playing: whether the time machine plays.
        preset: of the form. smoothing: of the curves, in [0, 1).
    """

    step: RunStep | None = in_link("step", RunStep)
    checkpoint: RunStep | None = in_link("checkpoint", RunStep)
    holding: bool = in_widget("hold-step", False)
    playing: bool = in_widget("play-checkpoints", False)
    preset: PresetName = in_widget("preset", "minute")
    smoothing: float = in_widget("smoothing", 0.9)

    def of_run(self, field: Literal["step", "checkpoint"], run: str) -> int | None:
        """Return the number that is selected of this run; None if none is, or of another run."""
        selected: RunStep | None = getattr(self, field)
        return selected.step if selected is not None and selected.run == run else None


def select_moved(
    field: Literal["step", "checkpoint"], run: str, number: int, *, shown: int
) -> None:
    """Select the number that a widget holds, if the visitor moved it there.

    A widget that was replaced while its page was drawn reports what was put into it: that is no selection.

    Args:
        shown: what was put into the widget when it was drawn.
    """
    before = TrainingSelection.current().of_run(field, run)
    if number != (shown if before is None else before):
        TrainingSelection.select(**{field: RunStep(run, number)})
