"""Labels and sentences about candidates: their kind, its reason, and their chance of being sampled."""

from __future__ import annotations

from pages.ui.components import nouns
from pages.ui.roi_sampling.view import Kind, SamplingView

NAMES: dict[Kind, str] = {
    "foreground": "positive (foreground)",
    "background": "negative (background)",
    "ignored": "ignored",
}
SHORT: dict[Kind, str] = {"foreground": "Positive", "background": "Negative", "ignored": "Ignored"}


def candidate(view: SamplingView, row: int) -> str:
    """Label a candidate: "proposal 812", or "ground truth of person 2"."""
    if row < view.proposals:
        return f"proposal {row + 1}"
    return f"the ground truth of {nouns.numbered(view.annotated, row - view.proposals)}"


def why(view: SamplingView, row: int) -> str:
    """Explain the kind of a candidate by its IoU and the bounds."""
    config, kind = view.config, view.kind(row)
    iou, match = view.iou[row], int(view.matches[row])
    best = (
        f"its best IoU is {iou:.2f}, with {nouns.numbered(view.annotated, match)}"
        if match >= 0
        else "it overlaps no ground truth (IoU 0)"
    )
    if kind == "foreground":
        label = view.annotated.classes[view.annotated.labels[match] - 1]
        return (
            f"**Positive (foreground)**: {best}, and {config.foreground_iou:.2f} is enough. "
            f"It should learn to say “{label}”, and how to move onto that box."
        )
    low, high = config.background_iou_low, config.background_iou_high
    if kind == "background":
        return (
            f"**Negative (background)**: {best}, and that lies in [{low:.2f}, {high:.2f}). "
            "It should learn to say “background”; where it should move is not asked."
        )
    return (
        f"**Ignored**: {best}, which is neither {config.foreground_iou:.2f} or more nor in [{low:.2f}, {high:.2f}). "
        "No step ever looks at it."
    )


def was_drawn(view: SamplingView, row: int) -> str:
    """Say whether this draw took the candidate, and how likely that was."""
    kind = view.kind(row)
    if kind == "ignored":
        return ""
    total, taken = len(view.rows(kind)), len(view.rows(kind, drawn=True))
    fate = "This draw took it" if row in view.drawn else "This draw did not take it"
    return f"{fate}: {taken} of {total:,} {NAMES[kind]} candidates were drawn."


def caption(view: SamplingView) -> str:
    """Word the caption under the picture."""
    foreground = len(view.rows("foreground", drawn=True))
    background = len(view.drawn) - foreground
    return (
        f"{len(view.drawn)} RoIs drawn of {len(view.candidates):,} candidates: "
        f"{foreground} positive (foreground), {background} negative (background)."
    )
