"""What a run's processes do when somebody asks something of it: end, or rest and let others compute meanwhile.

The first process looks and decides, all do the same: each look is a meeting of the team.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from fastrcnn_core.commands.interruption import Interruption
from fastrcnn_core.runs import Run, RunStatus, control
from fastrcnn_core.runs.queue import Turn
from fastrcnn_core.runs.writing import RunWriter
from fastrcnn_core.training.team import ALONE, Team

SECONDS_BETWEEN_LOOKS = 0.2  # while it rests
WAITING = "waiting for another run to end"
T = TypeVar("T")


class Stopped(Exception):  # noqa: N818 - it is no error
    """Somebody asked the run to end; `exit_code` is the process's answer."""

    def __init__(self, reason: str, exit_code: int) -> None:
        super().__init__(reason)
        self.exit_code = exit_code


@dataclass(frozen=True)
class _Decision:
    """Go on, or rest and look again; or end, if there is a reason."""

    rest: bool = False
    reason: str = ""
    exit_code: int = 0


class Orders:
    """The requests in the run's folder and the signals to its process, looked at between two pieces of work.

    Args:
        run: whose requests. writer: its status tells what is done about them.
        turn: given back while the run rests. interruption: the signals so far.
        team: the processes that obey together; only the first looks at the folder and holds the turn.
    """

    def __init__(
        self,
        run: Run,
        writer: RunWriter,
        turn: Turn,
        interruption: Interruption,
        team: Team = ALONE,
    ) -> None:
        self._run = run
        self._writer = writer
        self._turn = turn
        self._interruption = interruption
        self.team = team
        self._before_rest: RunStatus | None = None
        self._rests_since = 0.0

    def obey(self, before_end: Callable[[], object] = lambda: None) -> None:
        """Do what was asked since the last look; returns when it is the run's turn and it may go on.

        Args:
            before_end: what is to be kept if the run shall end.

        Raises:
            Stopped: the run shall end.
        """
        while True:
            received = self.team.most(int(self._interruption.received or 0))
            decision = self.team.tell(lambda received=received: self._decide(received))  # type: ignore[misc]
            if decision.reason:
                before_end()
                raise Stopped(decision.reason, decision.exit_code)
            if not decision.rest:
                return
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def are_there(self) -> bool:
        """Something was asked, so that long work should be left for a moment."""
        asked = control.asked(self._run.folder) if self.team.is_first else "run"
        return self._interruption.received is not None or asked in ("stop", "pause")

    def between(self, items: Sequence[T], work: Callable[[T], object]) -> None:
        """Work on each item and obey before each; of a team, each process has items of its own, as many or fewer."""
        for place in range(self.team.most(len(items))):
            self.obey()
            if place < len(items):
                work(items[place])

    def _decide(self, received: int) -> _Decision:
        asked = control.asked(self._run.folder)
        if received or asked == "stop":
            return self._end(received)
        if asked == "pause":
            self._turn.give_back()
            self._rest("paused", self._writer.status.stage)
            return _Decision(rest=True)
        if not self._turn.try_to_take():
            self._rest("queued", WAITING)
            return _Decision(rest=True)
        if self._before_rest is not None:
            before, self._before_rest = self._before_rest, None
            rested = self._rested(before)
            self._writer.tell(state=before.state, stage=before.stage, rested=rested)
        return _Decision()

    def _rest(self, state: str, stage: str) -> None:
        if self._before_rest is None:
            self._before_rest, self._rests_since = self._writer.status, time.monotonic()
        rested = self._rested(self._before_rest)
        self._writer.tell(state=state, stage=stage, seconds_left=None, rested=rested)

    def _rested(self, before: RunStatus) -> float:
        """Seconds of all rests, the one of now among them."""
        return before.rested + time.monotonic() - self._rests_since

    def _end(self, received: int) -> _Decision:
        step = self._writer.status.step
        if not received:
            return _Decision(reason=f"Stopped on request after step {step}.")
        name = signal.Signals(received).name
        return _Decision(reason=f"Stopped by {name} after step {step}.", exit_code=128 + received)
