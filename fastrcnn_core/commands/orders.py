"""What a run's process does when somebody asks something of it: end, or rest and let others compute meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

from fastrcnn_core.commands.interruption import Interruption
from fastrcnn_core.runs import Run, control
from fastrcnn_core.runs.queue import Turn
from fastrcnn_core.runs.writing import RunWriter

SECONDS_BETWEEN_LOOKS = 0.2  # while it rests


class Stopped(Exception):  # noqa: N818 - it is no error
    """Somebody asked the run to end; `exit_code` is the process's answer."""

    def __init__(self, reason: str, exit_code: int) -> None:
        super().__init__(reason)
        self.exit_code = exit_code


class Orders:
    """The requests in the run's folder and the signals to its process, looked at between two pieces of work.

    Args:
        run: whose requests. writer: its status tells what is done about them.
        turn: given back while the run rests. interruption: the signals so far.
    """

    def __init__(self, run: Run, writer: RunWriter, turn: Turn, interruption: Interruption) -> None:
        self._run = run
        self._writer = writer
        self._turn = turn
        self._interruption = interruption

    def take_turn(self) -> None:
        """Wait until no other run computes. Raises Stopped if the run shall end before that."""
        self._writer.tell(state="queued", stage="waiting for another run to end")
        self._turn.wait(self._heed_stop)

    def obey(self, before_end: Callable[[], object] = lambda: None) -> None:
        """Do what was asked since the last look; returns when the run may go on.

        Args:
            before_end: what is to be kept if the run shall end.

        Raises:
            Stopped: the run shall end.
        """
        self._heed_stop(before_end)
        if control.asked(self._run.folder) == "pause":
            self._rest(before_end)

    def are_there(self) -> bool:
        """Something was asked, so that long work should be left for a moment."""
        return self._shall_end() or control.asked(self._run.folder) == "pause"

    def _rest(self, before_end: Callable[[], object]) -> None:
        before = self._writer.status
        self._turn.give_back()
        self._writer.tell(state="paused", seconds_left=None)
        while control.asked(self._run.folder) == "pause":
            self._heed_stop(before_end)
            time.sleep(SECONDS_BETWEEN_LOOKS)
        self.take_turn()
        self._writer.tell(state=before.state, stage=before.stage)

    def _heed_stop(self, before_end: Callable[[], object] = lambda: None) -> None:
        if not self._shall_end():
            return
        before_end()
        step, received = self._writer.status.step, self._interruption.received
        if received is None:
            raise Stopped(f"Stopped on request after step {step}.", 0)
        raise Stopped(f"Stopped by {received.name} after step {step}.", 128 + received)

    def _shall_end(self) -> bool:
        received = self._interruption.received
        return received is not None or control.asked(self._run.folder) == "stop"
