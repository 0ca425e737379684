"""The training loop: `train` takes a run from its last checkpoint, or from step 0, to its end."""

from __future__ import annotations

import math
import signal
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from fastrcnn_core.checkpoints import save_checkpoint
from fastrcnn_core.config import Config
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.detector import Detector
from fastrcnn_core.errors import ConfigError, RunError, TrainingError, UserError, is_disk_full
from fastrcnn_core.evaluation import evaluate
from fastrcnn_core.knobs import to_dict
from fastrcnn_core.proposals import ProposalStore
from fastrcnn_core.runs import Run, RunStatus
from fastrcnn_core.runs.control import QueueLock, run_lock
from fastrcnn_core.runs.folder import MODEL_FILE, TRAINER_FILE
from fastrcnn_core.runs.metrics import Row
from fastrcnn_core.runs.writer import RunWriter
from fastrcnn_core.structures import StepReport
from fastrcnn_core.terminal import GracefulShutdown, progress_bar
from fastrcnn_core.training.data_loader import DataLoader, batch_names
from fastrcnn_core.training.distributed import SINGLE_PROCESS, ProcessGroup
from fastrcnn_core.training.optimiser import save_state
from fastrcnn_core.training.run_control import (
    NullRunWriter,
    RunControl,
    RunStopped,
    StageProgress,
)
from fastrcnn_core.training.setup import (
    TrainingSplit,
    build_trainer,
    last_resumable,
    precompute_features,
    precompute_proposals,
    record_environment,
    split_training,
)
from fastrcnn_core.training.trainer import Trainer


def train(
    config: Config, dataset: Dataset, run: Run, *, processes: ProcessGroup = SINGLE_PROCESS
) -> RunStatus:
    """Train a detector, from the run's last checkpoint if it has one, until it is finished or stopped.

    Proposals and frozen features are computed once and cached, checkpoints are evaluated on the validation images, and
    everything is recorded in the run's folder. Progress is shown on stderr. Ctrl-C, SIGTERM and `run.request_stop()`
    end it after the present step with a checkpoint; calling `train` again resumes it.

    Args:
        config: all knobs, with which the run was created. dataset: its training part is used.
        run: see `fastrcnn_core.runs.create_run`.
        processes: those that train together under `torchrun`; the first writes the run's folder.

    Returns:
        The run's last status: its state is "finished", or "stopped" on request.

    Raises:
        KeyboardInterrupt: stopped by Ctrl-C. SystemExit: stopped by SIGTERM; its code is 143.
        UserError: the run failed; its status has the same message.
    """
    lock = run_lock(run.folder) if processes.is_first else nullcontext()
    with lock, GracefulShutdown() as shutdown:
        writer = RunWriter(run) if processes.is_first else NullRunWriter(run)
        queue = QueueLock(run.folder.parent)
        control = RunControl(run, writer, queue, shutdown, processes)
        try:
            _train(config, dataset, writer, control)
            writer.end(state="finished", stage="finished")
        except RunStopped as stopped:
            writer.end(state="stopped", stage="stopped", message=str(stopped))
            control.echo(str(stopped))
            _raise_signal(stopped)
        except KeyboardInterrupt:
            writer.end(state="stopped", stage="stopped", message="Interrupted twice.")
            raise
        except Exception as error:
            described = _describe(error, run)
            writer.end(state="failed", message=described.problem, hint=described.hint)
            if isinstance(error, UserError) or is_disk_full(error):
                raise described from error
            raise
        finally:
            queue.release()
            _close(writer, control)  # last, for it can fail
    return writer.status


def _train(config: Config, dataset: Dataset, writer: RunWriter, control: RunControl) -> None:
    """Set up the run, precompute proposals and features, and take all remaining steps."""
    control.check()
    processes, run = control.processes, writer.run
    writer.update(state="preparing", stage="reading the annotations")
    processes.broadcast(lambda: _expect_config(config, run))
    split = split_training(dataset, config)
    loader = DataLoader(dataset, ProposalStore(), config.proposals)
    trainer = build_trainer(config, dataset, split, writer, processes)
    control.echo(
        f"{run.name}: {dataset.title}, {len(split.training)} training images, {trainer.total_steps} steps, "
        f"{writer.status.device}",
    )
    record_environment(dataset, split, writer, trainer)
    precompute_proposals(loader, [*split.training, *split.validation], writer, control)
    precompute_features(trainer, loader, split.training, writer, control)
    _take_steps(trainer, loader, split, writer, control)


def _take_steps(
    trainer: Trainer,
    loader: DataLoader,
    split: TrainingSplit,
    writer: RunWriter,
    control: RunControl,
) -> None:
    """Take all remaining steps, with a checkpoint and its validation every `checkpoint_every` epochs and at the end.

    Raises:
        RunStopped: on request or by a signal; a checkpoint was written first.
        TrainingError: the loss is NaN or infinite; the last checkpoint is from before.
    """
    writer.update(state="running", stage="training", seconds_left=None)
    every = trainer.config.steps_per_checkpoint(len(split.training))
    _validate_last_checkpoint(trainer, loader, split, writer, every)
    pace = _Pace()
    with progress_bar(trainer.total_steps, "training", done=trainer.steps_done) as bar:
        while trainer.steps_done < trainer.total_steps:
            control.check(before_stop=lambda: write_checkpoint(trainer, writer))
            started = time.monotonic()
            report = _take_step(trainer, loader, split)
            writer.step(report)
            seconds_left = pace.seconds_for(trainer.total_steps - report.step)
            writer.update(step=report.step, seconds_left=seconds_left)
            bar.set_postfix(loss=f"{report.loss:.3f}", refresh=False)
            bar.update()
            if _is_checkpoint_due(trainer, every):
                write_checkpoint(trainer, writer)
                if trainer.processes.is_first:
                    row = _validate(trainer, loader, split, writer, seconds_after=seconds_left)
                    control.echo(_summary(report, row))
            pace.add(time.monotonic() - started)


def _take_step(trainer: Trainer, loader: DataLoader, split: TrainingSplit) -> StepReport:
    """Load this process's shard of the next batch, and train on it."""
    names = batch_names(
        split.training,
        step=trainer.steps_done + 1,
        images=trainer.config.sampling.images_per_step,
        seed=trainer.config.training.seed,
    )
    shard = [loader.get(name) for name in trainer.processes.shard(names)]
    return trainer.step(shard, first=trainer.processes.shard_start(len(names)))


def write_checkpoint(trainer: Trainer, writer: RunWriter) -> None:
    """Write a checkpoint of the present step into the run's folder, atomically; none before the first step."""

    def write(folder: Path) -> None:
        save_checkpoint_files(trainer, folder, run=writer.run.name)

    if trainer.steps_done:
        writer.checkpoint(trainer.steps_done, write, keep=trainer.config.training.checkpoints_kept)


def save_checkpoint_files(trainer: Trainer, folder: Path, *, run: str) -> None:
    """Save the files of a checkpoint, detector and trainer state; `run` is the run's name, for the card."""
    card = {"run": run, "step": trainer.steps_done, "config": to_dict(trainer.config)}
    save_checkpoint(folder / MODEL_FILE, trainer.detector, card=card)
    save_state(folder / TRAINER_FILE, trainer.state())


def _is_checkpoint_due(trainer: Trainer, every: int) -> bool:
    return trainer.steps_done % every == 0 or trainer.steps_done == trainer.total_steps


def _validate_last_checkpoint(
    trainer: Trainer, loader: DataLoader, split: TrainingSplit, writer: RunWriter, every: int
) -> None:
    """Validate the checkpoint that the run resumes from, if its process died before it did so."""
    step = trainer.steps_done
    is_due = trainer.processes.is_first and step and _is_checkpoint_due(trainer, every)
    if is_due and step not in writer.run.validation()["step"]:
        _validate(trainer, loader, split, writer)


def _validate(
    trainer: Trainer,
    loader: DataLoader,
    split: TrainingSplit,
    writer: RunWriter,
    *,
    seconds_after: float | None = None,
) -> Row:
    """Evaluate the detector on the validation images and record its figures; empty if there are none."""
    if not split.validation:
        return {}
    total, step = len(split.validation), trainer.steps_done
    with progress_bar(total, "validation") as bar:
        stage = "validating, picture {done} of {total}"
        progress = StageProgress(stage, total, writer, bar, seconds_after=seconds_after or 0.0)
        figures = _evaluate(trainer, loader, split, progress)
    epoch = trainer.config.training.epochs * step / trainer.total_steps
    row = {"step": step, "epoch": epoch, **figures}
    writer.validation(row)
    writer.update(stage="training", seconds_left=seconds_after)
    return row


def _evaluate(
    trainer: Trainer, loader: DataLoader, split: TrainingSplit, progress: StageProgress
) -> Row:
    """Compute COCO's figures for the present detector, and the seconds that this took."""
    started = time.perf_counter()
    progress.report()
    config = trainer.config
    detector = Detector(trainer.detector, config.proposals, config.detection)
    evaluation = evaluate(
        detector,
        loader.dataset,
        split.validation,
        load=loader.get,
        progress=lambda name: progress.advance(),
    )
    values = evaluation.to_dict().items()
    figures = {name: value for name, value in values if isinstance(value, float)}
    return {**figures, "seconds": time.perf_counter() - started}


def _summary(report: StepReport, row: Row) -> str:
    """Summarise a checkpoint in a line: step, epoch, loss, and AP50 if it was validated."""
    line = f"step {report.step}, epoch {report.epoch:.1f}, loss {report.loss:.3f}"
    return f"{line}, validation AP50 {row.get('AP50', math.nan):.3f}" if row else line


@dataclass
class _Pace:
    """Mean seconds per step of this process, checkpoints included and pauses left out."""

    seconds: float = 0.0
    steps: int = 0

    def seconds_for(self, steps: int) -> float | None:
        """Estimate the seconds of so many steps; None before the first."""
        return self.seconds / self.steps * steps if self.steps else None

    def add(self, seconds: float) -> None:
        self.seconds += seconds
        self.steps += 1


def _expect_config(config: Config, run: Run) -> None:
    """Check that the run was created with these knobs.

    Raises:
        ConfigError: it was created with others. RunError: its config is missing or damaged.
    """
    if config != run.config():
        raise ConfigError(
            f"The run {run.name!r} was created with other knobs.",
            hint="Train it with its own config, run.config(), or create another run.",
        )


def _raise_signal(stopped: RunStopped) -> None:
    """Raise what Python raises for the signal that stopped the run; nothing if it stopped on request."""
    if stopped.signal == signal.SIGINT:
        raise KeyboardInterrupt(str(stopped)) from None
    if stopped.signal:
        raise SystemExit(128 + stopped.signal) from None


def _describe(error: Exception, run: Run) -> UserError:
    """Describe the error for the status: what happened, and how the run can go on."""
    if isinstance(error, TrainingError):
        # Resuming would repeat the same draws with the same knobs, and most likely the same NaN.
        last = last_resumable(run.checkpoints())
        intact = f" The checkpoint of step {last.step} is intact, and can detect." if last else ""
        return TrainingError(error.problem, hint=error.hint + intact)
    if isinstance(error, UserError):
        return error
    if is_disk_full(error):
        return RunError(
            "The disk is full, so the run cannot be written.",
            hint=f"Free some space. {_resume_hint(run)}",
        )
    return RunError(
        f"{type(error).__name__}: {error}",
        hint="This is a bug in the program; log.txt in the run's folder has the traceback.",
    )


def _resume_hint(run: Run) -> str:
    """Tell from which step the run can be resumed."""
    last = last_resumable(run.checkpoints())
    if last is None:
        return "The run has no checkpoint yet: resuming it (on the command line: --resume) starts again from step 0."
    return f"The checkpoint of step {last.step} is intact: resume the run (on the command line: --resume)."


def _close(writer: RunWriter, control: RunControl) -> None:
    """Close the TensorBoard files; on a full disk these curves end early, and nothing else does."""
    try:
        writer.close()
    except OSError as error:
        if not is_disk_full(error):
            raise
        control.echo("The disk is full: the curves for TensorBoard end early.")
