"""Terminal of a command: progress bars and messages on stderr, for stdout is left to results, and deferred Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from tqdm import tqdm

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_is_quiet = False


def set_quiet(quiet: bool) -> None:
    """Leave out messages and progress bars from now on, or show them again; errors are shown anyway."""
    global _is_quiet
    _is_quiet = quiet


def progress_bar(total: int, label: str, *, done: int = 0, unit: str = "it") -> Any:
    """Open a tqdm progress bar; it is drawn in terminals and notebooks, never in log files."""
    in_notebook = "ipykernel" in sys.modules
    return tqdm(
        total=total,
        initial=done,
        desc=label,
        unit=unit,
        file=sys.stderr,
        disable=_is_quiet or (False if in_notebook else None),  # None: where stderr is no terminal
        dynamic_ncols=True,
        leave=False,
    )


def echo(message: str, *, is_error: bool = False) -> None:
    """Print a message, unless it is empty, to stderr without breaking the progress bar; when quiet, errors only."""
    if message and (is_error or not _is_quiet):
        tqdm.write(message, file=sys.stderr)


class GracefulShutdown:
    """Deferral of Ctrl-C (SIGINT) and SIGTERM to the end of the work in hand; a second signal raises KeyboardInterrupt.

    Outside the main thread, where Python delivers no signals, it does nothing.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> GracefulShutdown:
        if threading.current_thread() is threading.main_thread():
            handler: Callable[[int, FrameType | None], None] = self._receive
            self._previous = {number: signal.signal(number, handler) for number in SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = signal.Signals(number)
