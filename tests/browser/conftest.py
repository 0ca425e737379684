"""A real Chromium in front of a real server, for the stories that only a browser can tell."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.datasets import write_tiny

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
SECONDS = 120  # a busy machine is no failure


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder as `browser`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: the program that CHROMIUM names, or `chromium` on the path. Skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        pytest.skip("no Chromium here: CHROMIUM names none, and `chromium` is not on the path")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=list(FLAGS))
        yield chromium
        chromium.close()


@contextmanager
def served(scratch: Path, *, data: str | None, **more: str) -> Iterator[str]:
    """`streamlit run app.py` on a free port with folders of its own; the address, once the server is well.

    Args:
        scratch: where its cache and runs are. data: what `FASTRCNN_DATA` names, if it names anything.
        more: further environment variables.
    """
    environment = os.environ | more
    environment |= {
        "FASTRCNN_CACHE": str(scratch / "cache"),
        "FASTRCNN_RUNS": str(scratch / "runs"),
    }
    environment.pop("FASTRCNN_DATA", None)
    if data is not None:
        environment["FASTRCNN_DATA"] = data
    address = f"http://127.0.0.1:{_free_port()}"
    command = [
        "streamlit",
        "run",
        "app.py",
        "--server.headless",
        "true",
        "--server.address",
        "127.0.0.1",
    ]
    log = scratch / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--server.port", address.rsplit(":", 1)[1]],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_well(address, process, log)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a server on ten tiny pictures, one for all tests of a module."""
    scratch = tmp_path_factory.mktemp("server")
    with served(scratch, data=str(write_tiny(scratch / "tiny street"))) as address:
        yield address


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open an address as a new visitor and wait until the page has been written."""
    pages: list[Page] = []

    def open_page(
        address: str, *, width: int = 1440, height: int = 900, scheme: str = "light"
    ) -> Page:
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        page.set_default_timeout(SECONDS * 1000)
        pages.append(page)
        page.goto(address)
        page.wait_for_selector("h1")
        settle(page)
        return page

    yield open_page
    for page in pages:
        page.close()


def settle(page: Page) -> None:
    """Wait until the script has run, nothing is grey any more, and the charts are drawn."""
    page.wait_for_timeout(300)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_function(
        "[...document.querySelectorAll('.stPlotlyChart')].every(it => it.querySelector('.main-svg'))"
    )
    for drawing in page.locator(".drawing canvas").all():
        drawing.evaluate(
            "it => new Promise(done => { const wait = () => it.dataset.view ? done() : setTimeout(wait, 50); wait(); })"
        )


def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_until_well(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended:\n{log.read_text()[-3000:]}")
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the server did not come up:\n{log.read_text()[-3000:]}")
