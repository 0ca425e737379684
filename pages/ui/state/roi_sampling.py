"""The RoI sampling page's selection: a candidate, the draw, and what is shown beside the drawn RoIs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pages.ui.state.page_selection import PageSelection, in_link, in_widget


@dataclass(frozen=True)
class SelectedRoI:
    """A candidate of one picture, in the link as `3fa2c1-812`.

    Args:
        view_key: of the picture and its proposals. row: among the candidates.
    """

    view_key: str
    row: int

    def __str__(self) -> str:
        return f"{self.view_key}-{self.row}"

    @classmethod
    def parse(cls, word: str) -> SelectedRoI | None:
        """Read the candidate from its word in the link."""
        parts = re.fullmatch(r"([0-9a-f]{6})-(\d{1,6})", word)
        return None if parts is None else cls(parts[1], int(parts[2]))


@dataclass(frozen=True)
class RoISamplingSelection(PageSelection):
    """A visitor's selection on the page RoI sampling.

    Args:
        roi: the candidate whose details are shown; None for the default one.
        seed: of the draw.
        ignored: whether ignored candidates are shown. left_out: whether those that were not drawn are.
    """

    roi: SelectedRoI | None = in_link("roi", SelectedRoI)
    seed: int = in_widget("draw", 0)
    ignored: bool = in_widget("ignored", True)
    left_out: bool = in_widget("left-out", False)
