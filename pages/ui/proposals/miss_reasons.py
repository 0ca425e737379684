"""Why was this pedestrian never proposed? The search or a filter is to blame, and a knob would give the box back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from fastrcnn_core.proposals.quality import BestBox, Removal
from pages.ui.components.wording import share
from pages.ui.proposals.view import View

FOUND = 0.5  # as everywhere on this page: from this IoU on, a proposal finds somebody
_VISIBLE = 0.005  # less does not show in two decimals


def everybody(paths: Sequence[tuple[BestBox, ...]]) -> pd.DataFrame:
    """A row a pedestrian: the stage that costs most, and the best IoU that each stage leaves."""
    columns: dict[str, Any] = {
        "Who": range(1, len(paths) + 1),
        "Lost to": [lost_to(steps) for steps in paths],
    }
    for stage, name in enumerate(step.stage for step in paths[0]):
        columns[name] = [steps[stage].iou for steps in paths]
    return pd.DataFrame(columns)


def lost_to(steps: tuple[BestBox, ...]) -> str:
    """The stage that costs most IoU; "the search" if it found nobody; a dash if nothing is lost."""
    if steps[0].iou < FOUND:
        return "the search"
    costs = {after.stage: before.iou - after.iou for before, after in pairwise(steps)}
    worst = max(costs, key=lambda stage: costs[stage])
    return worst if costs[worst] > _VISIBLE else "–"


def verdict(view: View, who: int, steps: tuple[BestBox, ...]) -> str:
    """Whether this pedestrian is proposed, and if not, whether the search or a filter is to blame."""
    first, last, name = steps[0], steps[-1], f"{view.noun.capitalize()} {who + 1}"
    if last.iou >= FOUND:
        return (
            f"{name} **is proposed**: a box of IoU {share(last.iou)} stands at place {last.rank:,}."
        )
    if first.iou >= FOUND:
        return (
            f"{name} **was found and lost**: the search had a box of IoU {share(first.iou)}, "
            f"what is kept reaches {share(last.iou)}."
        )
    return (
        f"{name} **was never found**: the best of the search's {len(view.funnel.found):,} boxes reaches an IoU of "
        f"{share(first.iou)}. No filter is to blame: the {view.noun}'s parts merged with what is beside them before "
        "they merged with each other. *Engines* tries methods with more colour spaces and scales."
    )


def words(removal: Removal, stage: str, view: View) -> str:
    """Why a stage took a box, in one sentence with its numbers."""
    if stage == "minimum side":
        return f"its shorter side has {removal.measure:.0f} pixels; {view.config.min_side} are asked for"
    if stage == "aspect ratio":
        return f"its longer side is {removal.measure:.1f} times the shorter; {view.config.max_aspect:g} are allowed"
    if stage == "deduplicated":
        return f"it repeats a better ranked box at IoU {removal.measure:.2f}"
    return f"it stands at place {removal.measure:,.0f}; {view.config.limit:,} are kept"


def remedy(removal: Removal, stage: str) -> tuple[str, Any]:
    """The knob that would let this box through the stage, and the nearest value that does."""
    if stage == "minimum side":
        return "min_side", max(1, math.floor(removal.measure))
    if stage == "aspect ratio":
        return "max_aspect", math.ceil(removal.measure * 10) / 10
    if stage == "deduplicated":
        hundredths = math.ceil(removal.measure * 100)
        return "distinct_iou", hundredths / 100 if hundredths < 100 else None
    return "limit", int(removal.measure)
