"""Reasons why a person has no proposal: the search or a filter, and the knob that would keep the box."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from fastrcnn_core.proposals.quality import BestBox, Removal
from pages.ui.components.wording import share
from pages.ui.proposals.view import View

FOUND = 0.5  # IoU from which a proposal counts as finding a person
_VISIBLE = 0.005  # less does not show in two decimals


def label(stage: str) -> str:
    """Return a filter stage's name on screen."""
    return "near-duplicates removed" if stage == "deduplicated" else stage


def table(paths: Sequence[tuple[BestBox, ...]], *, noun: str) -> pd.DataFrame:
    """Build a row for each person: the stage that costs most IoU, and the best IoU after each stage."""
    columns: dict[str, Any] = {
        noun.capitalize(): range(1, len(paths) + 1),
        "Lost to": [lost_to(steps) for steps in paths],
    }
    for stage, name in enumerate(step.stage for step in paths[0]):
        columns[label(name)] = [steps[stage].iou for steps in paths]
    return pd.DataFrame(columns)


def lost_to(steps: tuple[BestBox, ...]) -> str:
    """Name the stage that costs most IoU; "the search" if its best is below 0.5; a dash if nothing is lost."""
    if steps[0].iou < FOUND:
        return "the search"
    costs = {after.stage: before.iou - after.iou for before, after in pairwise(steps)}
    worst = max(costs, key=lambda stage: costs[stage])
    return label(worst) if costs[worst] > _VISIBLE else "–"


def main_reason(view: View, person: int, steps: tuple[BestBox, ...]) -> str:
    """Word whether a person is proposed, and if not, whether the search or a filter is the cause."""
    first, last, name = steps[0], steps[-1], f"{view.noun.capitalize()} {person + 1}"
    if last.iou >= FOUND:
        return f"{name} **is proposed**: a box of IoU {share(last.iou)} is at rank {last.rank:,}."
    if first.iou >= FOUND:
        return (
            f"{name} **was found and lost**: the search had a box of IoU {share(first.iou)}, "
            f"what is kept reaches {share(last.iou)}."
        )
    return (
        f"{name} **was never found**: the best of the search's {len(view.funnel.found):,} boxes reaches an IoU of "
        f"{share(first.iou)}. No filter is the cause: the {view.noun}'s parts merged with what is beside them before "
        "they merged with each other. *Methods* tries methods with more colour spaces and scales."
    )


def words(removal: Removal, stage: str, view: View) -> str:
    """Word the reason for which a stage removed a box, with its numbers."""
    if stage == "minimum side":
        return f"its shorter side has {removal.measure:.0f} pixels; {view.config.min_side} are required"
    if stage == "aspect ratio":
        return f"its longer side is {removal.measure:.1f} times the shorter; {view.config.max_aspect:g} are allowed"
    if stage == "deduplicated":
        return f"it repeats a better ranked box at IoU {removal.measure:.2f}"
    return f"it is at rank {removal.measure:,.0f}; {view.config.limit:,} are kept"


def remedy(removal: Removal, stage: str) -> tuple[str, Any]:
    """Return the knob and the nearest value with which the stage keeps the box."""
    if stage == "minimum side":
        return "min_side", max(1, math.floor(removal.measure))
    if stage == "aspect ratio":
        return "max_aspect", math.ceil(removal.measure * 10) / 10
    if stage == "deduplicated":
        hundredths = math.ceil(removal.measure * 100)
        return "distinct_iou", hundredths / 100 if hundredths < 100 else None
    return "limit", int(removal.measure)
