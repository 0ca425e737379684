"""A run that is begun, watched, paused and stopped in a browser, while the rest of the app answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from fastrcnn_core.runs import Run, list_runs
from fastrcnn_core.runs.metrics import METRICS_FILE, append_row
from fastrcnn_core.runs.status import RunStatus, write_status
from fastrcnn_core.runs.writing import create_run
from tests.browser.conftest import SECONDS, eventually, served, settle
from tests.tiny import tiny_config, write_tiny

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., "Page"]
# Thousands of small steps, so that there is time to pause and to stop it.
LONG = (
    "preset=minute&epochs=1000&hidden=16&shorter-side=64&longer-side=96&method=single&min-side=8"
    "&limit=50&rois-per-image=8&checkpoint-every=50&device=cpu"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server on ten tiny pictures, and its folder of runs; no run outlives the tests."""
    scratch = tmp_path_factory.mktemp("training")
    runs = scratch / "runs"
    with served(scratch, data=str(write_tiny(scratch / "tiny street"))) as address:
        yield address, runs
    for run in list_runs(runs):
        status = run.status()
        if status.is_alive and status.process:
            psutil.Process(status.process).kill()


def begun(page: Page) -> None:
    """Press Start in the form, which is unfolded while there is no run, and wait until the loss is drawn."""
    page.get_by_role("button", name="Start training").click()
    # The run gives way to all that others do on this machine, so that its start may take long.
    page.get_by_text("Does the loss fall?").wait_for(timeout=4000 * SECONDS)
    page.locator(".st-key-plot-loss .main-svg").first.wait_for()


def drawn_until(page: Page) -> float:
    """The last step on the plot of the losses."""
    last = page.wait_for_function(  # while the fragment draws anew there is none for a moment
        """() => {
            const plot = document.querySelector('.st-key-plot-loss .js-plotly-plot')
            return plot?.data && Math.max(...plot.data.map(it => it.x.at(-1)))
        }"""
    )
    return float(last.json_value())


def test_a_run_is_watched_paused_left_alone_and_stopped(
    place: tuple[str, Path], visit: Visit
) -> None:
    address, runs = place
    page = visit(f"{address}/training?{LONG}")
    begun(page)
    run = Run(runs / "minute")
    assert run.status().is_alive

    first = drawn_until(page)
    eventually(lambda: drawn_until(page) > first)

    page.locator(".st-key-pause button").click()
    page.locator(".st-key-continue button").wait_for()
    page.get_by_text("paused, step").wait_for()
    rested = run.status().step
    page.wait_for_timeout(1000)
    assert run.status().step == rested
    page.locator(".st-key-continue button").click()
    eventually(lambda: run.status().step > rested)

    page.get_by_role("link", name="Dataset").click()
    page.get_by_text("Who is in the pictures").first.wait_for()
    assert run.status().is_alive
    page.goto(f"{address}/training")
    page.get_by_text("running, step").wait_for()
    page.get_by_text("Does the loss fall?").wait_for()
    assert "run=minute" in page.url

    page.locator(".st-key-stop button").click()
    page.get_by_text("stopped, step").wait_for()
    page.get_by_role("button", name="Go on from the last checkpoint").wait_for()
    settle(page)
    assert run.status().state == "stopped"
    assert page.get_by_text("Something went wrong").count() == 0


def test_the_plots_have_room_on_a_phone(place: tuple[str, Path], visit: Visit) -> None:
    address, runs = place
    run = create_run(
        "done", config=tiny_config(), data="synthetic:4:0", preset="minute", folder=runs
    )
    for step in range(1, 41):
        append_row(run.folder / METRICS_FILE, {"step": step, "accuracy": 0.9, "box_loss": 1 / step})
    write_status(run.folder, RunStatus(state="finished", step=40, total_steps=40))
    page = visit(f"{address}/training?run=done", width=400, height=900)
    page.locator(".st-key-plot-loss .main-svg").first.wait_for()
    main = page.locator('[data-testid="stMain"]')
    assert main.evaluate("it => it.scrollWidth - it.clientWidth") <= 0
    legend, plot = (
        page.locator(f".st-key-plot-accuracy {part}").first.bounding_box()
        for part in (".legend", ".nsewdrag")
    )
    assert legend is not None
    assert plot is not None
    assert legend["y"] + legend["height"] <= plot["y"] + 1
