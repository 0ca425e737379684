"""The steps of a run, its checkpoints, and how good each is on the part that was kept out."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastrcnn_core.checkpoints import save_checkpoint
from fastrcnn_core.commands.orders import Orders
from fastrcnn_core.commands.preparing import Names
from fastrcnn_core.commands.progress import bar, note
from fastrcnn_core.config import Config
from fastrcnn_core.detector import Detector
from fastrcnn_core.evaluation import evaluate
from fastrcnn_core.knobs import to_dict
from fastrcnn_core.runs.folder import MODEL_FILE, TRAINER_FILE
from fastrcnn_core.runs.metrics import Row
from fastrcnn_core.runs.writing import RunWriter
from fastrcnn_core.structures import StepReport
from fastrcnn_core.training import Trainer, names_of_step
from fastrcnn_core.training.pictures import Pictures
from fastrcnn_core.training.state import save_state


def learn(
    trainer: Trainer, pictures: Pictures, names: Names, writer: RunWriter, orders: Orders
) -> None:
    """All steps that are still to be done, with a checkpoint now and then and after the last.

    Raises:
        Stopped: somebody asked for an end; a checkpoint was written first.
        RunError: a loss is no number any more; the last checkpoint is from before.
    """
    writer.tell(state="running", stage="training", seconds_left=None)
    every = steps_between_checkpoints(len(names.training), trainer.config)
    _judge_what_was_not(trainer, pictures, names.validation, writer, every)
    pace = _Pace()
    with bar(trainer.total_steps, "training", done=trainer.steps_done) as progress:
        while trainer.steps_done < trainer.total_steps:
            orders.obey(before_end=lambda: _keep_if_begun(trainer, writer))
            began = time.monotonic()
            chosen = _next_names(trainer, names.training)
            report = trainer.step(
                [pictures.get(name) for name in trainer.team.share(chosen)],
                first=trainer.team.first_place(len(chosen)),
            )
            writer.step(report)
            left = pace.left(trainer.total_steps - report.step)
            writer.tell(step=report.step, seconds_left=left)
            progress.set_postfix(loss=f"{report.loss:.3f}", refresh=False)
            progress.update()
            if _is_kept(trainer, every):
                keep(trainer, writer)
                if trainer.team.is_first:
                    row = _validate(trainer, pictures, names.validation, writer)
                    note(_place(report, row))
            pace.add(time.monotonic() - began)


def keep(trainer: Trainer, writer: RunWriter) -> None:
    """A checkpoint of this moment: the model for everybody, the trainer's memory for going on."""

    def write(folder: Path) -> None:
        write_checkpoint(trainer, folder, run=writer.run.name)

    writer.checkpoint(trainer.steps_done, write, keep=trainer.config.training.checkpoints_kept)


def write_checkpoint(trainer: Trainer, folder: Path, *, run: str) -> None:
    """The files of a checkpoint; `run` is the name of whose it is."""
    card = {"run": run, "step": trainer.steps_done, "config": to_dict(trainer.config)}
    save_checkpoint(folder / MODEL_FILE, trainer.detector, card=card)
    save_state(folder / TRAINER_FILE, trainer.state())


def _keep_if_begun(trainer: Trainer, writer: RunWriter) -> None:
    if trainer.steps_done:
        keep(trainer, writer)


def _next_names(trainer: Trainer, names: Sequence[str]) -> tuple[str, ...]:
    """The pictures of the next step, all of them."""
    return names_of_step(
        names,
        step=trainer.steps_done + 1,
        images=trainer.config.sampling.images_per_step,
        seed=trainer.config.training.seed,
    )


def _is_kept(trainer: Trainer, every: int) -> bool:
    """Whether a checkpoint is due after the step that was done last."""
    return trainer.steps_done % every == 0 or trainer.steps_done == trainer.total_steps


def _judge_what_was_not(
    trainer: Trainer, pictures: Pictures, names: Sequence[str], writer: RunWriter, every: int
) -> None:
    """The checkpoint that the run goes on from, if its process died before it was judged."""
    step = trainer.steps_done
    due = trainer.team.is_first and step and _is_kept(trainer, every)
    if due and step not in writer.run.validation()["step"]:
        _validate(trainer, pictures, names, writer)


def _validate(trainer: Trainer, pictures: Pictures, names: Sequence[str], writer: RunWriter) -> Row:
    """Judge the checkpoint on what was kept out; nothing if nothing was."""
    if not names:
        return {}
    writer.tell(stage="validating")
    step = trainer.steps_done
    epoch = trainer.config.training.epochs * step / trainer.total_steps
    row = {"step": step, "epoch": epoch, **_judge(trainer, pictures, names)}
    writer.validation(row)
    writer.tell(stage="training")
    return row


def _place(report: StepReport, row: Row) -> str:
    """Where the run is, and how good its checkpoint if it was judged."""
    place = f"step {report.step}, epoch {report.epoch:.1f}, loss {report.loss:.3f}"
    return f"{place}, validation AP50 {row.get('AP50', math.nan):.3f}" if row else place


def _judge(trainer: Trainer, pictures: Pictures, names: Sequence[str]) -> Row:
    """COCO's figures for the detector as it is now, and what they cost in seconds."""
    began = time.perf_counter()
    config = trainer.config
    detector = Detector(trainer.detector, config.proposals, config.detection)
    evaluation = evaluate(detector, pictures.dataset, names, load=pictures.get).to_dict()
    figures = {name: value for name, value in evaluation.items() if isinstance(value, float)}
    return {**figures, "seconds": time.perf_counter() - began}


def steps_between_checkpoints(pictures: int, config: Config) -> int:
    """How many steps `checkpoint_every` epochs of so many pictures take; at least 1."""
    steps = config.training.checkpoint_every * pictures / config.sampling.images_per_step
    return max(1, round(steps))


@dataclass
class _Pace:
    """How fast the steps of this process go, checkpoints included and rests left out."""

    seconds: float = 0.0
    steps: int = 0

    def left(self, steps: int) -> float | None:
        """Seconds for so many more steps; None before the first."""
        return self.seconds / self.steps * steps if self.steps else None

    def add(self, seconds: float) -> None:
        self.seconds += seconds
        self.steps += 1
