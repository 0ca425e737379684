"""Response time of the app while a run is in progress.

    python -m benchmarks.training_page [--preset minute] [--rounds 5] [--watchers 1]

Starts the app, looks at it with Chromium, and measures clicks: from page to page, and from picture to picture on each,
each from the click until the page's script has run and its new words are there. All pages and pictures have been seen
once before, so that nothing is computed for the first time. Then a run is started, as the page does it, another
visitor watches it on Training, and the same clicks are measured again. Bar: a median of 500 ms while the run goes.
The browser draws on the same machine: with a watcher, its plots too, which elsewhere is another machine's work.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.server import FLAGS, chromium, opened, serving
from fastrcnn_core.config import PRESETS, Config, preset
from fastrcnn_core.runs import Run, start_run

DATA = "synthetic:20:0"
PAGES = {
    "Overview": "overview",
    "Dataset": "dataset",
    "Proposals": "proposals",
    "RoI sampling": "roi_sampling",
    "Detection": "detection",
}
BAR = 500.0  # milliseconds
PATIENCE = 300_000  # milliseconds
STILL = "[data-testid='stApp'][data-test-script-state='notRunning']"
Times = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--preset", choices=list(PRESETS), default="minute")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--watchers", type=int, default=1, help="Other visitors on Training.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        os.environ |= {
            "FASTRCNN_DATA": DATA,
            "FASTRCNN_RUNS": str(Path(scratch) / "runs"),
            "FASTRCNN_CACHE": str(Path(scratch) / "cache"),
        }
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        with serving(Path(__file__).resolve().parents[1] / "app.py") as (url, _):
            visitor = _visitor(browser, url)
            _clicks(visitor, 2)  # everything is computed, and in memory
            print(
                f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before", flush=True
            )
            alone = _clicks(visitor, arguments.rounds)
            print(
                f"any click, median, alone: {statistics.median(chain(*alone.values())):.0f} ms",
                flush=True,
            )
            with _running(preset(arguments.preset)) as run:
                for _ in range(arguments.watchers):
                    opened(f"{url}/training?run={run.name}", browser.new_page())
                visitor.bring_to_front()  # a page that nobody sees is drawn once a second at most
                before = run.status().step
                meanwhile = _clicks(visitor, arguments.rounds)
                steps = run.status().step - before
    _tell(alone, meanwhile)
    print(f"the run ({arguments.preset}) did {steps} steps meanwhile")


def _tell(alone: Times, meanwhile: Times) -> None:
    for name in alone:
        quiet, busy = statistics.median(alone[name]), statistics.median(meanwhile[name])
        print(f"{name:<24} {quiet:5.0f} ms   while a run goes {busy:5.0f} ms")
    quiet, busy = (statistics.median(chain(*item.values())) for item in (alone, meanwhile))
    print(
        f"{'any click, median':<24} {quiet:5.0f} ms   while a run goes {busy:5.0f} ms   "
        f"(bar {BAR:.0f} ms)   ratio {busy / quiet:.2f}"
    )


@contextmanager
def _running(config: Config) -> Iterator[Run]:
    """Start a run that lasts longer than the measurement, and wait for its steps."""
    longer = dataclasses.replace(config.training, epochs=1000.0)
    run = start_run(
        dataclasses.replace(config, training=longer), name="meanwhile", data=DATA, preset="paper"
    )
    try:
        while run.status().step < 3:
            if not run.status().is_active:
                raise SystemExit(f"The run ended: {run.status().message}")
            time.sleep(0.5)
        yield run
    finally:
        psutil.Process(run.status().process).kill()


def _visitor(browser: Browser, url: str) -> Page:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(PATIENCE)
    opened(
        f"{url}/detection", page
    )  # the last of the pages, so that the first click leads elsewhere
    page.wait_for_selector("h1")
    page.wait_for_selector(STILL)
    return page


def _clicks(page: Page, rounds: int) -> Times:
    """Measure the milliseconds of each click: to each page, and there to the next picture and back."""
    times: Times = {}
    for _ in range(rounds):
        for title in PAGES:
            link = page.get_by_role("link", name=title, exact=True).first
            times.setdefault(f"to {title}", []).append(_answered(page, link, "h1"))
            for button in ("Next", "Previous"):
                place = page.locator(f".st-key-{button.lower()}-picture button")
                words = "[data-testid='stSidebar'] [data-testid='stCaptionContainer']"
                times.setdefault(f"a picture on {title}", []).append(_answered(page, place, words))
    return times


def _answered(page: Page, place, words: str) -> float:  # type: ignore[no-untyped-def]
    """From the click until other words are there than before and the script has run to its end."""
    before = page.locator(words).first.inner_text()
    began = time.perf_counter()
    place.click()
    page.wait_for_function(
        f"before => document.querySelector({words!r})?.innerText !== before && document.querySelector({STILL!r})",
        arg=before,
    )
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
