"""Which candidate does the reader ask about? A word such as `3fa2c1-812` in the session and in the link."""

from __future__ import annotations

import re

from pages.ui.roi_sampling.view import View

LINK = "roi"


def word(view: View, row: int) -> str:
    """The candidate for session and link; `row_of` undoes it."""
    return f"{view.key}-{row}"


def row_of(view: View, spoken: str | None) -> int | None:
    """The candidate that the word means on this picture; None if it speaks of others."""
    parts = re.fullmatch(r"([0-9a-f]{6})-(\d{1,6})", spoken or "")
    if parts is None or parts[1] != view.key or int(parts[2]) >= len(view.candidates):
        return None
    return int(parts[2])


def first(view: View) -> int | None:
    """Whom to ask about when nobody has chosen: the drawn foreground proposal that has most to learn."""
    drawn = view.rows("foreground", drawn=True)
    proposals = drawn[drawn < view.proposals]
    if len(proposals):
        return int(proposals[view.iou[proposals].argmin()])
    return int(view.drawn[0]) if len(view.drawn) else None
