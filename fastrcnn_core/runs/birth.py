"""When a process began: with its number, what tells it from all others, whatever the clock was set to since."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

SECONDS_OF_DOUBT = 2.0  # chosen here: systems tell when a process began to a second


@dataclass(frozen=True)
class Birth:
    """A process's own.

    Args:
        process: its number. began: when it did, seconds since 1970.
        booted: when the machine did, by the same clock: where setting the clock moves the one, it moves the other.
    """

    process: int
    began: float
    booted: float


def birth_of(process: int) -> Birth:
    """The birth of the process that has this number now. Raises psutil.NoSuchProcess."""
    booted = psutil.boot_time()  # first: psutil 6 counts from the boot that it was asked for last
    return Birth(process, psutil.Process(process).create_time(), booted)


def is_alive(birth: Birth, *, last_seen: float) -> bool:
    """Whether the process that was born like this is still there.

    Args:
        last_seen: when it was there for certain, seconds since 1970.
    """
    try:
        there = birth_of(birth.process)
        is_zombie = psutil.Process(birth.process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
    return not is_zombie and _is_same(there, birth, last_seen)


def _is_same(there: Birth, said: Birth, last_seen: float) -> bool:
    """Whether both are one process, although the clock may have been set since.

    Elsewhere than on Linux the clock does not move when a process began. On Linux it moves that and the boot alike, so
    that the time from the one to the other stays; after another boot it says nothing.
    """
    moved = there.began - said.began
    if abs(moved) < SECONDS_OF_DOUBT:
        return True
    moved_by_itself = moved - (there.booted - said.booted)
    return abs(moved_by_itself) < SECONDS_OF_DOUBT and there.booted <= last_seen
