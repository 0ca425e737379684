"""A run is polite: whoever clicks comes first."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

NICENESS = 10  # of 0 to 19: chosen here; a tenth of the weight of what somebody waits for


def give_way(process: int) -> None:
    """The process takes what is left of the processor, which is all of it most of the time."""
    if os.name == "posix":
        lower = max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0))
        with contextlib.suppress(ProcessLookupError):  # it has ended already, and its log says why
            os.setpriority(os.PRIO_PROCESS, process, lower)
        _give_way_as_a_session(process, lower)


def _give_way_as_a_session(process: int, niceness: int) -> None:
    """Where Linux shares the processor among sessions, a process's own niceness counts only within its session.

    Source: sched(7), "The autogroup feature".
    """
    autogroup = Path(f"/proc/{process}/autogroup")
    if autogroup.exists():
        # It has ended; or the system does not let us, and then the run is a neighbour like any other.
        with contextlib.suppress(OSError):
            autogroup.write_text(str(niceness), encoding="ascii")
