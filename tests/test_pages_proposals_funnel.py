"""The Proposals page's funnel: which stage loses a person, and which knob gives the box back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from fastrcnn_core.proposals.quality import BestBox, Removal, best_by_stage
from pages.ui.proposals import (
    miss_reasons,
    origin,
)
from pages.ui.state.proposals import (
    ProposalsSelection,
    followed_key,
)
from tests.support import proposals_page
from tests.support.app import complaints, open_app, words
from tests.support.proposals_page import view_of

street = proposals_page.street


def path(*steps: tuple[str, float]) -> tuple[BestBox, ...]:
    return tuple(BestBox(stage, 0, iou, 1, None) for stage, iou in steps)


@pytest.mark.parametrize(
    ("stage", "removal", "sentence"),
    [
        ("minimum side", Removal(0, 12.0), "its shorter side has 12 pixels; 16 are required"),
        (
            "aspect ratio",
            Removal(0, 4.87),
            "its longer side is 4.9 times the shorter; 4 are allowed",
        ),
        ("deduplicated", Removal(0, 0.914, 3), "it repeats a better ranked box at IoU 0.91"),
        ("kept", Removal(0, 2411.0), "it is at rank 2,411; 2,000 are kept"),
    ],
)
def test_a_filter_that_takes_a_box_says_why(
    street: Path, stage: str, removal: Removal, sentence: str
) -> None:
    assert (
        miss_reasons.words(removal, stage, view_of(street, min_side=16, max_aspect=4.0)) == sentence
    )


def test_the_search_or_the_filter_that_costs_most_is_to_blame() -> None:
    paths = [
        path(("found", 0.9), ("deduplicated", 0.8), ("kept", 0.4)),
        path(("found", 0.9), ("deduplicated", 0.6), ("kept", 0.6)),
        path(("found", 0.4), ("deduplicated", 0.3), ("kept", 0.1)),
        path(("found", 0.9), ("deduplicated", 0.899), ("kept", 0.899)),
    ]
    table = miss_reasons.table(paths, noun="person")
    assert table["Lost to"].tolist() == ["kept", "near-duplicates removed", "the search", "–"]
    assert table["kept"].tolist() == [0.4, 0.6, 0.1, 0.899]


def test_whoever_is_not_proposed_was_never_found_or_was_lost(street: Path) -> None:
    shown = view_of(street)
    assert "**is proposed**" in miss_reasons.main_reason(
        shown, 0, path(("found", 0.9), ("kept", 0.5))
    )
    assert "**was found and lost**" in miss_reasons.main_reason(
        shown, 0, path(("found", 0.5), ("kept", 0.49))
    )
    assert "**was never found**" in miss_reasons.main_reason(
        shown, 1, path(("found", 0.49), ("kept", 0.4))
    )


@pytest.mark.parametrize(
    ("stage", "removal", "expected"),
    [
        ("minimum side", Removal(0, 12.7), ("min_side", 12)),
        ("aspect ratio", Removal(0, 4.81), ("max_aspect", 4.9)),
        ("deduplicated", Removal(0, 0.914, 3), ("distinct_iou", 0.92)),
        ("deduplicated", Removal(0, 0.995, 3), ("distinct_iou", None)),
        ("kept", Removal(0, 2411.0), ("limit", 2411)),
    ],
)
def test_the_nearest_value_that_lets_a_lost_box_through_is_named(
    stage: str, removal: Removal, expected: tuple[str, Any]
) -> None:
    assert miss_reasons.remedy(removal, stage) == expected


def test_a_lost_box_is_given_back_by_the_knob_that_took_it(street: Path) -> None:
    shown = view_of(street, min_side=25)
    steps = best_by_stage(shown.funnel, shown.people[0])
    taken = next(step for step in steps if step.stage == "minimum side")
    assert taken.removal is not None, "the person is thinner than that"
    name, value = miss_reasons.remedy(taken.removal, taken.stage)
    better = shown.with_knobs(**{name: value}).overlaps[-1, 0]
    app = open_app("proposals", section="Funnel", **{"min-side": "25"})
    app.selectbox(key=followed_key(shown.image.key)).set_value(0).run()
    assert not complaints(app)
    sentence = (
        f"With the knob *Smallest proposal side* at {value}, "
        f"the best that is kept has an IoU of **{better:.2f}**"
    )
    assert sentence in words(app)
    assert better > steps[-1].iou


def test_from_a_followed_box_one_goes_to_its_merge(street: Path) -> None:
    shown = view_of(street)
    best = best_by_stage(shown.funnel, shown.people[1])[0]
    assert best.index is not None
    strategy = origin.origin_of_found(shown, best.index).strategy
    app = open_app("proposals", section="Funnel", **{"min-side": "8"})
    app.selectbox(key=followed_key(shown.image.key)).set_value(1).run()
    app.button(key="play-followed").click().run()
    assert not complaints(app)
    assert app.segmented_control(key="section").value == "Grouping"
    assert app.selectbox(key=ProposalsSelection.key("strategy")).value == strategy


def test_the_notebooks_aspect_limit_is_judged_on_this_picture(street: Path) -> None:
    tall = np.zeros((64, 96), np.uint8)
    tall[4:60, 40:50] = 1  # 5.6 : 1
    pixels = np.full((64, 96, 3), 70, np.uint8)
    pixels[tall > 0] = (230, 40, 30)
    for path in (street / "PNGImages").glob("*.png"):
        PillowImage.fromarray(pixels).save(path)
        PillowImage.fromarray(tall).save(street / "PedMasks" / f"{path.stem}_mask.png")
    app = open_app("proposals", section="Funnel", **{"min-side": "8"})
    assert "Person 1, 5.6 times as high as wide, falls from an IoU of" in words(app)
