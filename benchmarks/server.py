"""Time to the app's first page, and the server's memory with one visitor on Detection.

    python -m benchmarks.server [--runs 3]

Starts `streamlit run app.py` as the README says and looks at it with Chromium. Bars: first page within 5 s, server
start included; at most 1.5 GB. The floor is Streamlit's own: a page with one heading, looked at in the same way.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
FLOOR = 'import streamlit as st\nst.title("Nothing")\n'
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
FIRST_PAGE_BAR, MEMORY_BAR = 5.0, 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        floor = Path(scratch) / "floor.py"
        floor.write_text(FLOOR, encoding="utf-8")
        pairs = [
            (_first_page(browser, ROOT / "app.py"), _first_page(browser, floor))
            for _ in range(runs)
        ]
        ours, streamlits = map(statistics.median, zip(*pairs, strict=True))
        print(f"first page: median {ours:.2f} s of {runs} (bar {FIRST_PAGE_BAR} s);", end=" ")
        print(f"an empty Streamlit page: {streamlits:.2f} s; ratio {ours / streamlits:.2f}")
        print(
            f"server memory, one visitor on Detection: {_memory(browser):.2f} GB (bar {MEMORY_BAR} GB)"
        )


def chromium() -> str:
    """Find the browser on this machine."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("Chromium is not on this machine.")
    return program


def _first_page(browser: Browser, script: Path) -> float:
    """Measure the seconds from `streamlit run` to the first heading on screen."""
    began = time.perf_counter()
    with serving(script) as (url, _):
        page = browser.new_page()
        opened(url, page)
        page.wait_for_selector("h1", timeout=60_000)
        seconds = time.perf_counter() - began
        page.close()
    return seconds


def _memory(browser: Browser) -> float:
    """Resident gigabytes of the server once the detections of a picture stand on the page."""
    with serving(ROOT / "app.py") as (url, process):
        page = browser.new_page()
        opened(f"{url}/detection", page)
        page.wait_for_selector(".drawing canvas[data-view]", timeout=120_000)
        page.wait_for_timeout(3000)
        family = [process, *process.children(recursive=True)]
        page.close()
        return sum(item.memory_info().rss for item in family) / 2**30


def opened(url: str, page: Page) -> None:
    """Go there as soon as the server answers."""
    wait_for_port(url.split("/")[2])
    page.goto(url)


def wait_for_port(address: str) -> None:
    """Wait until something listens on "host:port"."""
    host, port = address.split(":")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as door:
            if door.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.02)
    raise SystemExit(f"{address} does not answer.")


@contextmanager
def serving(script: Path) -> Iterator[tuple[str, psutil.Process]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    options = ["--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1"]
    server = subprocess.Popen(
        [*command, *options],
        cwd=script.parent,
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}", psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
