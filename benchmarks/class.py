"""Response times of a server that a class shares.

    python benchmarks/class.py [--data DIR] [--visitors 30] [--minutes 7] [--runs 3]

Visitors speak Streamlit's own protocol, without a browser, so that the machine's time is the server's. All come within
five seconds to a cold server (bar: their first page within 5 s, 95th percentile). Then each acts, with five seconds of
thought between two actions: moves a knob (six of ten actions), asks for the next picture (two), or opens another page
(two). A fifth of them watches Training. After a third of the time `--runs` runs are started. Timers of fragments tick
as they do in a browser. Bars: a knob answers within 0.4 s (median) and 2 s (95th percentile), no action is lost, no
exception is shown, and the server holds at most 2.5 GB, flat over the last half.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PAGES = ("overview", "dataset", "proposals", "roi_sampling", "detection")
ARRIVAL, THOUGHT, PATIENCE = 5.0, 5.0, 60.0  # seconds
WATCHERS = 5  # one visitor of so many watches Training


@dataclass
class Record:
    """Seconds of each kind of action; actions without an answer; exceptions; gigabytes by time."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    lost: int = 0
    exceptions: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)


class Visitor:
    """One session: its connection, the widgets on its page, and their values."""

    def __init__(self, socket: ClientConnection, record: Record) -> None:
        self.socket, self.record = socket, record
        self.page, self.picture = "", ""
        self.page_hashes: dict[str, str] = {}
        self.sliders: dict[str, tuple[Any, str]] = {}
        self.buttons: dict[str, str] = {}
        self.values: dict[str, float] = {}
        self.finished = asyncio.Event()
        self.timers: dict[str, asyncio.Task[None]] = {}

    async def read(self) -> None:
        """Take in what the server sends until the connection ends."""
        async for data in self.socket:
            message = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
            match message.WhichOneof("type"):
                case "navigation":
                    self.page_hashes = {
                        page.url_pathname or "overview": page.page_script_hash
                        for page in message.navigation.app_pages
                    }
                case "delta" if message.delta.HasField("new_element"):
                    self._element(message.delta.new_element, message.delta.fragment_id)
                case "auto_rerun":
                    self._tick_every(message.auto_rerun.interval, message.auto_rerun.fragment_id)
                case "script_finished" if message.script_finished in (
                    ForwardMsg.FINISHED_SUCCESSFULLY,
                    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
                ):
                    self.finished.set()

    def _element(self, element: Any, fragment: str) -> None:
        if element.HasField("slider") and len(element.slider.default) == 1:
            self.sliders[element.slider.id] = (element.slider, fragment)
        elif element.HasField("button") and "next-picture" in element.button.id:
            self.buttons["next"] = element.button.id
        elif element.HasField("exception"):
            self.record.exceptions.append(element.exception.message)

    def _tick_every(self, interval: float, fragment: str) -> None:
        async def tick() -> None:
            while True:
                await asyncio.sleep(interval)
                await self._rerun(fragment=fragment, is_timer=True)

        if fragment in self.timers:
            self.timers[fragment].cancel()
        self.timers[fragment] = asyncio.create_task(tick())

    async def _rerun(
        self, *, fragment: str = "", trigger: str = "", is_timer: bool = False
    ) -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string = self.picture
        state.page_script_hash = self.page_hashes.get(self.page, "")
        state.page_name = "" if state.page_script_hash else self.page
        state.fragment_id, state.is_auto_rerun = fragment, is_timer
        for name, value in self.values.items():
            state.widget_states.widgets.add(id=name).double_array_value.data.append(value)
        if trigger:
            state.widget_states.widgets.add(id=trigger, trigger_value=True)
        with contextlib.suppress(websockets.ConnectionClosed):  # `read` has ended then, too
            await self.socket.send(message.SerializeToString())

    async def act(self, kind: str, *, fragment: str = "", trigger: str = "") -> None:
        """Send an action, and note the seconds until its answer has come as a whole."""
        self.finished.clear()
        began = time.perf_counter()
        await self._rerun(fragment=fragment, trigger=trigger)
        try:
            await asyncio.wait_for(self.finished.wait(), PATIENCE)
        except TimeoutError:
            self.record.lost += 1
        else:
            self.record.seconds[kind].append(time.perf_counter() - began)

    async def open(self, page: str, kind: str) -> None:
        """Go to a page; timers and widgets of the former page end."""
        for timer in self.timers.values():
            timer.cancel()
        self.timers, self.sliders, self.values, self.page = {}, {}, {}, page
        await self.act(kind)

    async def move_knob(self, draw: random.Random) -> None:
        """Set one of the page's sliders to another of its values."""
        if not self.sliders:
            return await self.act("other")
        name = draw.choice(sorted(self.sliders))
        slider, fragment = self.sliders[name]
        step = slider.step or 1.0
        self.values[name] = slider.min + step * draw.randint(
            0, round((slider.max - slider.min) / step)
        )
        await self.act("knob", fragment=fragment)


async def visit(
    number: int, address: str, record: Record, until: float, arrival: asyncio.Event
) -> None:
    """Arrive, and act until the time is over."""
    draw = random.Random(number)
    await asyncio.sleep(draw.uniform(0, ARRIVAL))
    async with connect(
        f"ws://{address}/_stcore/stream",
        subprotocols=[websockets.Subprotocol("streamlit")],
        max_size=None,
        ping_timeout=None,
        open_timeout=PATIENCE,
    ) as socket:
        visitor = Visitor(socket, record)
        reader = asyncio.create_task(visitor.read())
        await visitor.open("", "first page, cold server")
        await arrival.wait()
        if number % WATCHERS == 0:
            await visitor.open("training", "page")
        while time.monotonic() < until:
            await asyncio.sleep(draw.uniform(0.5, 1.5) * THOUGHT)
            choice = draw.random()
            if number % WATCHERS == 0 or choice < 0.6:
                await visitor.move_knob(draw)
            elif choice < 0.8 and "next" in visitor.buttons:
                await visitor.act("next picture", trigger=visitor.buttons["next"])
            else:
                await visitor.open(draw.choice(PAGES), "page")
        reader.cancel()
        for timer in visitor.timers.values():
            timer.cancel()


async def hold(arguments: argparse.Namespace, address: str, server: psutil.Process) -> Record:
    """Let the visitors come and act; start the runs; note the server's memory."""
    record, arrival = Record(), asyncio.Event()
    began = time.monotonic()
    until = began + 60 * arguments.minutes
    visitors = [
        asyncio.create_task(visit(number, address, record, until, arrival))
        for number in range(arguments.visitors)
    ]
    while len(record.seconds["first page, cold server"]) + record.lost < arguments.visitors:
        await asyncio.sleep(0.2)
    arrival.set()
    are_started = False
    while time.monotonic() < until:
        await asyncio.sleep(2)
        record.memory.append((time.monotonic() - began, server.memory_info().rss / 1e9))
        if not are_started and time.monotonic() > began + 20 * arguments.minutes:
            are_started = True
            await asyncio.to_thread(start_runs, arguments)
    for result in await asyncio.gather(*visitors, return_exceptions=True):
        if isinstance(result, BaseException):
            record.exceptions.append(repr(result))
    return record


def start_runs(arguments: argparse.Namespace) -> None:
    """Start the runs as the Training page does: each is a process of its own."""
    from fastrcnn_core.config import preset
    from fastrcnn_core.runs import start_run

    for number in range(arguments.runs):
        start_run(preset("minute"), name=f"class-{number}", data=arguments.data, preset="minute")


def stop_runs() -> None:
    """Ask all runs to stop."""
    from fastrcnn_core.runs import list_runs

    for run in list_runs():
        run.request_stop()


def report(record: Record, minutes: float) -> None:
    """Print the figures beside their bars."""
    for kind, seconds in record.seconds.items():
        ranked = sorted(seconds)
        p95 = ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))]
        print(
            f"{kind:<26} {len(ranked):5} answers   p50 {statistics.median(ranked):6.2f} s   p95 {p95:6.2f} s"
        )
    print(
        f"without an answer in {PATIENCE:.0f} s: {record.lost}; exceptions: {len(record.exceptions)}"
    )
    for text in sorted(set(record.exceptions)):
        print(f"  {text[:200]}")
    half = [size for at, size in record.memory if at > 30 * minutes]
    print(
        f"server memory: at most {max(size for _, size in record.memory):.2f} GB; "
        f"last half from {half[0]:.2f} to {half[-1]:.2f} GB"
    )


def main() -> None:
    """Serve the app to the class, and print what the class met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", default=os.environ.get("FASTRCNN_DATA", "synthetic"))
    parser.add_argument("--visitors", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=7.0)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    from benchmarks.server import serving, wait_for_port

    with tempfile.TemporaryDirectory() as scratch:
        os.environ |= {
            "FASTRCNN_DATA": arguments.data,
            "FASTRCNN_RUNS": str(Path(scratch) / "runs"),
            "FASTRCNN_CACHE": str(Path(scratch) / "cache"),
        }
        print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
        with serving(ROOT / "app.py") as (url, server):
            address = url.removeprefix("http://")
            wait_for_port(address)
            try:
                record = asyncio.run(hold(arguments, address, server))
            finally:
                stop_runs()
        report(record, arguments.minutes)


if __name__ == "__main__":
    main()
