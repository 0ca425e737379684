"""The steps that stay to be looked at after they were done: all of a short run, evenly spread ones of a long run.

runs/NAME/steps/000040.json  a step with its RoIs, as in live.json; some 10 KB each
"""

from __future__ import annotations

from pathlib import Path

from fastrcnn_core.errors import RunError
from fastrcnn_core.runs.live import LiveStep, read_step, write_step
from fastrcnn_core.structures import StepReport

STEPS_FOLDER = "steps"
# Chosen here: some 10 MB, less than one checkpoint; a minute's run on Penn-Fudan has 680 steps.
MOST_STEPS = 1000


def is_kept(step: int, total_steps: int) -> bool:
    """Whether a step of a run of so many stays: the first, the last, and every one of at most a thousand between."""
    stride = max(1, -(-total_steps // MOST_STEPS))
    return step % stride == 0 or step in (1, total_steps)


def keep_step(folder: Path, report: StepReport, *, total_steps: int) -> None:
    """Write the step into the run's folder if it is one that stays."""
    if is_kept(report.step, total_steps):
        write_step(_path(folder, report.step), report)


def kept_steps(folder: Path) -> tuple[int, ...]:
    """The numbers of the steps that can be read, in order; none for a run of before this was kept."""
    names = (it.stem for it in (folder / STEPS_FOLDER).glob("*.json"))
    return tuple(sorted(int(name) for name in names if name.isdecimal()))


def read_kept(folder: Path, step: int) -> LiveStep:
    """A step that was kept.

    Raises:
        RunError: it was not, or its file is damaged.
    """
    found = read_step(_path(folder, step))
    if found is None:
        raise RunError(
            f"Step {step} of the run {folder.name!r} was not kept.",
            hint="Choose another step, or train again.",
        )
    return found


def forget_after(folder: Path, step: int) -> None:
    """Remove what came after this step: a resumed run does it again."""
    for later in kept_steps(folder):
        if later > step:
            _path(folder, later).unlink(missing_ok=True)


def _path(folder: Path, step: int) -> Path:
    return folder / STEPS_FOLDER / f"{step:06d}.json"
