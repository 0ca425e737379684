"""The six pictures of the README, of synthetic street scenes only: `python assets/screenshots.py`.

Starts the app on a fresh cache and takes each page with Chromium at 1440 × 900, in the light theme.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("overview", "dataset", "proposals", "roi_sampling", "training", "detection")
PICTURE = "data=synthetic&picture=scene-0012"
TRAIN = "train --data synthetic:60 --preset minute --run minute --epochs 4 --validation-share 0.2"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("Chromium is not on this machine.")
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        environment = os.environ | {
            "FASTRCNN_CACHE": f"{scratch}/cache",
            "FASTRCNN_RUNS": f"{scratch}/runs",
        }
        environment.pop("FASTRCNN_DATA", None)
        command = [sys.executable, "-m", "fastrcnn_core", *TRAIN.split()]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
        with _server(environment) as url:
            for name in PAGES:
                _take(page, f"{url}/{'' if name == 'overview' else name}?{PICTURE}", name)


def _take(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.wait_for_selector("h1", timeout=60_000)
    if name == "overview":
        page.get_by_role("button", name="Send this picture through the network").click()
    for _ in range(2):  # a first run of the script may start a second one
        page.wait_for_selector("[data-testid=stStatusWidget]", state="detached", timeout=120_000)
        page.wait_for_timeout(4000)
    page.screenshot(path=str(ROOT / "assets" / f"{name}.png"), timeout=120_000)
    print(name)


@contextmanager
def _server(environment: dict[str, str]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    options = ["--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1"]
    server = subprocess.Popen([*command, *options], cwd=ROOT, env=environment)
    try:
        _wait(url)
        yield url
    finally:
        server.terminate()
        server.wait()


def _wait(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health") as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("The app does not answer.")


if __name__ == "__main__":
    main()
