"""Charts of shares in [0, 1] on the Proposals page."""

from __future__ import annotations

from pages.ui.components.chart import Axis, Chart, Guide, Line

SHARE = "Recall, MABO"  # the axis of charts that show both


def shares(
    lines: tuple[Line, ...], *, x: Axis, y_title: str = SHARE, at: float | None = None
) -> Chart:
    """Chart lines of shares; `at` is a guide where the visitor's knob stands."""
    guides = () if at is None else (Guide(at),)
    return Chart(lines, x, Axis(y_title, range=(0, 1.02)), guides, shared_hover=True)
