"""The story for which the app exists: one picture from pixels to detections, on made-up streets and on Penn-Fudan."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fastrcnn_core.runs import Run
from tests.browser.conftest import eventually, served, settle

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., "Page"]
# A run of seconds, but for what it must compute first: everything else is the preset `minute`.
SURVIVORS = re.compile(r"([\d,]+) of [\d,]+ boxes survive")
SHORT = (
    "preset=minute&epochs=0.1&hidden=64&shorter-side=200&train-proposals-limit=200"
    "&train-method=single&train-search-side=300&flip=0"
)


@pytest.fixture(scope="module", params=["synthetic", "pennfudan"])
def story(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """Start a server on either data set; return its address and folder."""
    is_real = request.param == "pennfudan"
    data = str(request.getfixturevalue("pennfudan_folder")) if is_real else None
    scratch = tmp_path_factory.mktemp("story")
    with served(scratch, data=data) as address:
        yield address, scratch


def go(page: Page, name: str) -> None:
    """Follow the navigation to another page."""
    before = page.locator("h1").first.inner_text()
    page.get_by_role("link", name=name, exact=True).first.click()
    page.wait_for_function(
        "before => document.querySelector('h1')?.innerText !== before", arg=before
    )
    settle(page)


def test_one_picture_goes_through_every_page_and_survives_a_reload(
    story: tuple[str, Path], visit: Visit
) -> None:
    page = visit(story[0])
    page.get_by_role("button", name="Next").first.click()
    page.wait_for_url("**picture=**")
    settle(page)
    picture = page.url.split("picture=")[1].split("&")[0]
    for name in ("Dataset", "Proposals", "RoI sampling", "Detection"):
        go(page, name)
        assert f"picture={picture}" in page.url
        page.locator("canvas, .stPlotlyChart .main-svg").first.wait_for()
        assert page.get_by_text("Something went wrong").count() == 0
    page.reload()
    page.wait_for_selector("h1")
    settle(page)
    assert f"picture={picture}" in page.url


def test_a_higher_confidence_shows_fewer_detections(story: tuple[str, Path], visit: Visit) -> None:
    page = visit(f"{story[0]}/detection?score-threshold=0.05")
    many = survivors(page)
    page.goto(f"{story[0]}/detection?score-threshold=0.95")
    page.wait_for_selector("h1")
    settle(page)
    assert 0 <= survivors(page) < many


def survivors(page: Page) -> int:
    """Read the number of surviving boxes in the caption."""
    caption = page.get_by_text(SURVIVORS).first
    caption.wait_for()
    found = SURVIVORS.search(caption.inner_text())
    assert found is not None
    return int(found[1].replace(",", ""))


def test_a_run_begun_in_the_page_goes_on_by_itself_and_ends(
    story: tuple[str, Path], visit: Visit
) -> None:
    address, scratch = story
    page = visit(f"{address}/training?{SHORT}")
    page.get_by_role("button", name="Start training").click()
    # A click that the server has not seen yet would go with the page.
    eventually((scratch / "runs" / "minute" / "config.json").exists)
    page.close()  # the run is a process of its own
    page = visit(f"{address}/training?run=minute")
    page.wait_for_selector("text=Does the loss fall?", timeout=400_000)
    run = Run(scratch / "runs" / "minute")
    eventually(lambda: run.status().state == "finished")
    assert len(run.metrics()["loss"]) == run.status().total_steps
