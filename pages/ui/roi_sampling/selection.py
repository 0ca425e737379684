"""The selected candidate of the RoI sampling page: what the link and the session mean on this picture."""

from __future__ import annotations

from pages.ui.roi_sampling.view import SamplingView
from pages.ui.state.roi_sampling import RoISamplingSelection, SelectedRoI


def chosen(view: SamplingView) -> int | None:
    """Return the selected candidate's row, or the first worth a look; the link says which was selected."""
    selected = RoISamplingSelection.current().roi
    row = None if selected is None else row_of(view, selected)
    RoISamplingSelection.write_link("roi", None if row is None else selected)
    return first(view) if row is None else row


def choose(view: SamplingView, row: int) -> None:
    """Select a candidate of this picture: for a callback."""
    RoISamplingSelection.select(roi=SelectedRoI(view.key, row))


def row_of(view: SamplingView, selected: SelectedRoI) -> int | None:
    """Return the row if it is one of this picture; None if it is another's, or not there."""
    is_here = selected.view_key == view.key and selected.row < len(view.candidates)
    return selected.row if is_here else None


def first(view: SamplingView) -> int | None:
    """Return the row to show before one is selected: the drawn foreground proposal of the lowest IoU."""
    drawn = view.rows("foreground", drawn=True)
    proposals = drawn[drawn < view.proposals]
    if len(proposals):
        return int(proposals[view.iou[proposals].argmin()])
    return int(view.drawn[0]) if len(view.drawn) else None
