"""A run that is begun, watched, paused and stopped in a browser; one that has ended, looked at step by step."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from fastrcnn_core.runs import Run, list_runs
from fastrcnn_core.runs.metrics import METRICS_FILE, append_row
from fastrcnn_core.runs.status import RunStatus, write_status
from fastrcnn_core.runs.writer import create_run
from tests.browser.conftest import SECONDS, eventually, served, settle
from tests.support.builders import tiny_config
from tests.support.datasets import write_tiny
from tests.support.training import train_run, use_one_worker

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., "Page"]
# Thousands of small steps, so that there is time to pause and to stop it.
LONG = (
    "preset=minute&epochs=1000&hidden=16&shorter-side=64&longer-side=96&train-method=single"
    "&train-min-side=8&train-proposals-limit=50&train-rois-per-image=8&checkpoint-every=50&device=cpu"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Start a server on ten tiny pictures; return it and its folder of runs. No run outlives the tests."""
    scratch = tmp_path_factory.mktemp("training")
    runs = scratch / "runs"
    with served(scratch, data=str(write_tiny(scratch / "tiny street"))) as address:
        yield address, runs
    for run in list_runs(runs):
        status = run.status()
        if status.is_active and status.process:
            psutil.Process(status.process).kill()


def begun(page: Page) -> None:
    """Start training by the form, which is unfolded while there is no run, and wait until the loss is drawn."""
    page.get_by_role("button", name="Start training").click()
    # The run gives way to all that others do on this machine, so that its start may take long.
    page.get_by_text("Does the loss fall?").wait_for(timeout=4000 * SECONDS)
    page.locator(".st-key-plot-loss .main-svg").first.wait_for()


def drawn_until(page: Page) -> float:
    """Read the last step on the plot of the losses."""
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
    assert run.status().is_active

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
    assert run.status().is_active
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


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Run]]:
    """Start a server with one run that has ended; return both."""
    scratch = tmp_path_factory.mktemp("ended")
    street = str(write_tiny(scratch / "tiny street"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTRCNN_CACHE", str(scratch / "cache"))
        use_one_worker(patch)
        run = create_run(
            "done", config=tiny_config(), data=street, preset="paper", folder=scratch / "runs"
        )
        assert train_run(run).state == "finished"
    assert [each.step for each in run.checkpoints()] == [4, 8, 12]
    with served(scratch, data=street) as address:
        yield f"{address}/training?run=done", run


def look(page: Page) -> None:
    """Let the checkpoints look at the picture, and wait until all have."""
    page.locator(".st-key-start-growing button").click()
    caught_up(page, 12)


def caught_up(page: Page, step: int) -> None:
    """Wait until slider, caption and link agree on a checkpoint, and nothing is computed any more."""
    page.wait_for_function(
        """([step, newest]) => {
            const [slider, ...more] = document.querySelectorAll("[class*='st-key-checkpoint-of-run'] input");
            const linked = new URLSearchParams(location.search).get("checkpoint");
            return slider?.getAttribute("aria-valuetext") === String(step) && !more.length
                && document.body.innerText.includes(`after step ${step} of the run done`)
                && linked === (step === newest ? null : `done:${step}`)
                && !document.querySelector(".st-key-stop-growing");
        }""",
        arg=[step, 12],
    )


def looked_into(page: Page, step: int) -> None:
    """Wait until heading, slider, typed number and link agree on a step."""
    page.wait_for_function(
        """step => {
            const [slider, typed] = ["", "-typed"].map(
                it => document.querySelector(`.st-key-step-of-run${it}-12 input`)?.value);
            return document.body.innerText.includes(`What did step ${step} look at, and what did it cost?`)
                && slider === String(step) && typed === String(step)
                && new URLSearchParams(location.search).get("step") === `done:${step}`;
        }""",
        arg=step,
    )


def to_neighbour(page: Page, direction: str) -> None:
    """Click the button to the step before or after; Streamlit draws each twice, one of them for touch."""
    settle(page)
    page.locator(f".st-key-step-The-step-{direction} button:visible").first.click()


def reload(page: Page) -> None:
    page.reload()
    page.wait_for_selector("h1")


def test_the_time_machine_goes_by_keyboard_and_by_itself_and_a_reload_finds_the_checkpoint(
    ended: tuple[str, Run], visit: Visit
) -> None:
    page = visit(f"{ended[0]}&picture=tiny03")
    look(page)
    for key, step in (("ArrowLeft", 8), ("Home", 4), ("ArrowRight", 8), ("End", 12), ("Home", 4)):
        page.locator(".st-key-checkpoint-of-run-3 input").press(key)
        caught_up(page, step)

    play = page.get_by_role("switch", name="Play")
    play.press(" ")
    page.wait_for_function("new URLSearchParams(location.search).get('checkpoint') === 'done:8'")
    page.wait_for_function("!new URLSearchParams(location.search).has('checkpoint')")
    page.wait_for_function("new URLSearchParams(location.search).get('checkpoint') === 'done:4'")
    play.press(" ")
    eventually(lambda: not play.is_checked())
    settle(page)
    page.locator(".st-key-checkpoint-of-run-3 input").press("Home")
    page.locator(".st-key-checkpoint-of-run-3 input").press("ArrowRight")
    caught_up(page, 8)
    page.wait_for_timeout(2500)  # it plays no more
    caught_up(page, 8)

    reload(page)
    caught_up(page, 8)
    assert page.get_by_text("Something went wrong").count() == 0


def test_any_kept_step_tells_what_it_looked_at_and_what_that_cost(
    ended: tuple[str, Run], visit: Visit
) -> None:
    address, run = ended
    page = visit(address)
    typed = page.locator(".st-key-step-of-run-typed-12 input")
    typed.fill("5")
    typed.press("Enter")
    looked_into(page, 5)
    for each in run.step(5).images:
        mirrored = ", mirrored" if each.flipped else ""
        page.get_by_text(f"{each.name}{mirrored}: {(each.labels > 0).sum()} positive").wait_for()

    page.get_by_role("radio", name="What it costs").click()
    page.get_by_text("of the step's loss. Drawn last").first.wait_for()
    ranks = page.get_by_text(re.compile(r"^#\d+, \d+%: is "))
    eventually(lambda: ranks.count() == 8)
    matches = [re.match(r"#(\d+), (\d+)%", each) for each in ranks.all_inner_texts()]
    assert [int(each[1]) for each in matches if each] == list(range(1, 9))
    shares = [int(each[2]) for each in matches if each]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0

    to_neighbour(page, "after")
    looked_into(page, 6)
    to_neighbour(page, "before")
    looked_into(page, 5)
    page.locator(".st-key-step-of-run-12 input").press("ArrowLeft")
    looked_into(page, 4)

    reload(page)
    looked_into(page, 4)
    page.get_by_text("of the step's loss. Drawn last").first.wait_for()
    assert page.get_by_text("Something went wrong").count() == 0


def test_a_run_that_has_ended_has_room_on_a_phone(ended: tuple[str, Run], visit: Visit) -> None:
    page = visit(f"{ended[0]}&picture=tiny05&step=done:5", width=400, height=900)
    look(page)
    looked_into(page, 5)
    page.locator("[class*='st-key-plot-costs'] .main-svg").first.wait_for()
    out = page.evaluate(
        """() => [...document.querySelectorAll("[data-testid='stMain'] *")]
            .filter(it => it.checkVisibility() && !it.closest("svg, table, canvas, [data-testid='stDataFrame']"))
            .filter(it => it.type !== "range")  // a slider's own, clipped to one pixel: its handle is what is seen
            .filter(it => it.getBoundingClientRect().right > 401)
            .map(it => `${it.className}: ${it.getBoundingClientRect().right}`)"""
    )
    assert out == []
    main = page.locator('[data-testid="stMain"]')
    assert main.evaluate("it => it.scrollWidth - it.clientWidth") <= 0


def test_a_run_of_a_usual_size_is_taken_along_and_brought_to_another_machine(
    place: tuple[str, Path], visit: Visit, tmp_path: Path
) -> None:
    """Import a zip with a network in it, larger than a picture may be."""
    address, runs = place
    run = create_run(
        "heavy", config=tiny_config(), data="synthetic:4:0", preset="minute", folder=runs
    )
    write_status(run.folder, RunStatus(state="finished", step=1, total_steps=1))
    folder = run.folder / "checkpoints" / "step-000001"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(os.urandom(60_000_000))
    page = visit(f"{address}/training?run=heavy")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Run as a zip").click()
    packed = tmp_path / "sent.zip"
    taken.value.save_as(packed)
    page.get_by_text("Import a run that was trained elsewhere").click()
    page.locator(".st-key-bring-run input[type=file]").set_input_files(packed)
    page.get_by_role("button", name="Open this run").wait_for()
    shutil.rmtree(
        run.folder
    )  # as on another machine: a run that is here already is not imported again
    page.get_by_role("button", name="Open this run").click()
    page.get_by_text("Imported as heavy").wait_for()
    eventually(lambda: (runs / "heavy" / "checkpoints" / "step-000001").is_dir())
