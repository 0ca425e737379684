"""Errors for people: each has a message and a hint at what they can do."""

from __future__ import annotations

import errno

DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class UserError(Exception):
    """A foreseen failure, worded for the person who meets it.

    Args:
        problem: what happened and what it means, one or two sentences.
        hint: what the person can do now.
    """

    def __init__(self, problem: str, *, hint: str) -> None:
        super().__init__(f"{problem} {hint}")
        self.problem = problem
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Keep both sentences when a worker process hands the error back."""
        return _rebuild, (type(self), self.problem, self.hint)


def is_disk_full(error: BaseException) -> bool:
    """Tell whether an error of the operating system says that the disk is full."""
    return isinstance(error, OSError) and error.errno in DISK_FULL


def _rebuild(kind: type[UserError], problem: str, hint: str) -> UserError:
    return kind(problem, hint=hint)


class ImageError(UserError):
    """A file that is no picture, or one that cannot be used."""


class DataError(UserError):
    """A data set that is missing, incomplete or contradicts itself."""


class ConfigError(UserError):
    """A knob that does not exist or has an invalid value."""


class StorageError(UserError):
    """A cache folder that cannot be written to: the disk is full or read-only."""


class WeightsError(UserError):
    """ImageNet weights that are not on this machine and cannot be fetched."""


class CheckpointError(UserError):
    """A checkpoint that is damaged, missing or of another model."""


class ScoreError(UserError):
    """Scores of a network that are NaN or infinite."""


class RunError(UserError):
    """A run that does not exist, whose name is taken, or that cannot go on."""


class TrainingError(RunError):
    """A training step that failed: the run can be resumed from its last checkpoint, if it has one."""


class DeviceError(UserError):
    """A device that is absent, failed or is out of memory."""


class DeviceMemoryError(DeviceError):
    """A device that is out of memory."""
