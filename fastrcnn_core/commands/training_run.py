"""The life of a run, told as it happens: wait for the turn, proposals, features, steps, checkpoints, an end.

The process of `train` runs this; everybody else reads what it writes.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastrcnn_core.checkpoints import load_checkpoint, save_checkpoint
from fastrcnn_core.commands.interruption import Interruption
from fastrcnn_core.commands.progress import bar, note
from fastrcnn_core.config import Config
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.devices import choose_device, describe
from fastrcnn_core.errors import DataError, RunError, UserError
from fastrcnn_core.evaluation import evaluate, find_all
from fastrcnn_core.features import FeatureStore, prune
from fastrcnn_core.knobs import to_dict
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.proposals import Outcome, ProposalStore, propose_all
from fastrcnn_core.runs import control
from fastrcnn_core.runs.environment import code_version, library_versions, machine, now
from fastrcnn_core.runs.folder import MODEL_FILE, TRAINER_FILE, Run, RunCheckpoint
from fastrcnn_core.runs.queue import Turn, owning
from fastrcnn_core.runs.writing import RunWriter
from fastrcnn_core.structures import StepReport
from fastrcnn_core.training import Trainer, names_of_step, steps_of_run, validation_split
from fastrcnn_core.training.order import generator_of
from fastrcnn_core.training.pictures import Picture, Pictures
from fastrcnn_core.training.state import load_state, save_state

SECONDS_BETWEEN_LOOKS = 0.2  # at the requests, while it rests
DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class Stopped(Exception):  # noqa: N818 - it is no error
    """Somebody asked the run to end; `exit_code` is the process's answer."""

    def __init__(self, reason: str, exit_code: int) -> None:
        super().__init__(reason)
        self.exit_code = exit_code


def train(run: Run) -> int:
    """Train until the run is finished, stopped or broken, from its last checkpoint if it has one.

    Returns:
        The exit code: 0 finished or stopped on request, 128 + signal stopped by Ctrl-C (130) or SIGTERM (143).

    Raises:
        UserError: it failed; the status says so too.
    """
    with owning(run.folder), Interruption() as interruption:
        writer = RunWriter(run)
        turn = Turn(run.folder.parent)
        try:
            _Work(run, writer, turn, interruption).do()
            writer.close()
            writer.end(state="finished", stage="finished")
        except Stopped as stopped:
            writer.close()
            writer.end(state="stopped", stage="stopped", message=str(stopped))
            note(str(stopped))
            return stopped.exit_code
        except KeyboardInterrupt:
            writer.end(state="stopped", stage="stopped", message="Interrupted twice.")
            raise
        except Exception as error:
            told = _in_words(error)
            writer.end(state="failed", message=told.problem, way_out=told.way_out)
            if isinstance(error, UserError) or _is_disk_full(error):
                raise told from error
            raise
        finally:
            turn.give_back()
    return 0


class _Work:
    """What a run's process does between its first status and its last."""

    def __init__(self, run: Run, writer: RunWriter, turn: Turn, interruption: Interruption) -> None:
        self.run = run
        self.config = run.config()
        self._writer = writer
        self._turn = turn
        self._interruption = interruption

    def do(self) -> None:
        """Everything, in order."""
        self._take_turn()
        self._writer.tell(state="preparing", stage="opening the data set")
        dataset = open_dataset(self.run.data_setting())
        names, validation = _names(dataset, self.config)
        pictures = Pictures(dataset, ProposalStore(), self.config.proposals)
        trainer = self._trainer(dataset, len(names))
        self._remember(dataset, names, validation, trainer)
        self._find_proposals(pictures, [*names, *validation])
        self._compute_features(trainer, pictures, names)
        self._writer.tell(state="running", stage="training")
        self._learn(trainer, pictures, names, validation)

    def _take_turn(self) -> None:
        self._writer.tell(state="queued", stage="waiting for another run to end")
        self._turn.wait(self._heed_stop)

    def _trainer(self, dataset: Dataset, pictures: int) -> Trainer:
        """A trainer at the beginning, or where the last checkpoint left off."""
        device = choose_device(self.config.training.device)
        total = steps_of_run(pictures, self.config)
        self._writer.tell(stage="loading the network", device=describe(device), total_steps=total)
        resumable = [it for it in self.run.checkpoints() if it.can_resume]
        if resumable:
            model = load_checkpoint(
                resumable[-1].model_file, device=device, classes=dataset.classes
            )
        else:
            model = FastRCNN(
                self.config.model,
                self.config.image,
                dataset.classes,
                generator=generator_of(self.config.training.seed, "head", 0),
            ).to(device)
        store = FeatureStore(model) if model.backbone.frozen_stages else None
        trainer = Trainer(model, self.config, total_steps=total, features=store)
        if resumable:
            trainer.restore(load_state(resumable[-1].folder / TRAINER_FILE))
        self._writer.go_back_to(trainer.steps_done)
        self._writer.tell(step=trainer.steps_done)
        return trainer

    def _remember(
        self, dataset: Dataset, names: Sequence[str], validation: Sequence[str], trainer: Trainer
    ) -> None:
        """Write what a later reader needs; refuse to go on with other data."""
        before = self.run.environment()
        data = {
            "title": dataset.title,
            "setting": dataset.setting,
            "hash": dataset.content_hash,
            "classes": dataset.classes,
            "train": names,
            "validation": validation,
            "test": dataset.split.test,
        }
        if before and before["data"]["hash"] != data["hash"]:
            raise DataError(
                f"The data set at {dataset.setting} is not the one on which this run was begun.",
                way_out="Bring that one back, or begin a new run.",
            )
        self._writer.environment(
            {
                "code": code_version(),
                "libraries": library_versions(),
                "machine": machine(),
                "device": self._writer.status.device,
                "seed": self.config.training.seed,
                "data": data,
                "begun": [*before.get("begun", []), {"time": now(), "step": trainer.steps_done}],
            }
        )

    def _find_proposals(self, pictures: Pictures, names: Sequence[str]) -> None:
        """Fill the store, on all cores, with what it lacks."""
        missing = [name for name in names if self._lacks(pictures, name)]
        if not missing:
            return
        with bar(len(missing), "proposals") as progress:

            def tell(done: int, outcome: Outcome) -> None:
                self._writer.tell(stage=f"proposals {done}/{len(missing)}")
                progress.update()

            report = propose_all(
                missing,
                pictures.dataset.read,
                self.config.proposals,
                pictures.store,
                workers=worker_count(len(missing)),
                on_outcome=tell,
                should_stop=self._is_asked_to_wait,
            )
        self._obey()
        if report.problems:
            name, problem = report.problems[0]
            raise DataError(
                f"{len(report.problems)} training pictures have no proposals; {name}: {problem}",
                way_out="Mend or remove them, or choose another data set.",
            )
        if not report.is_complete:  # after a rest
            self._find_proposals(pictures, names)

    def _lacks(self, pictures: Pictures, name: str) -> bool:
        self._obey()
        image = pictures.dataset.load(name).image
        return pictures.store.look_up(image, self.config.proposals) is None

    def _compute_features(self, trainer: Trainer, pictures: Pictures, names: Sequence[str]) -> None:
        """What the backbone's frozen stages make of each picture, of mirror images too if there will be any."""
        if trainer.features is None:
            return
        prune(trainer.features.folder)
        mirrored = (False, True) if self.config.training.flip > 0 else (False,)
        views = [(name, flipped) for name in names for flipped in mirrored]
        with bar(len(views), "features") as progress:
            for done, (name, flipped) in enumerate(views):
                self._obey()
                self._writer.tell(stage=f"features {done}/{len(views)}")
                trainer.features.of(pictures.get(name)[0].image, flipped=flipped)
                progress.update()

    def _learn(
        self,
        trainer: Trainer,
        pictures: Pictures,
        names: Sequence[str],
        validation: Sequence[str],
    ) -> None:
        every = _steps_between_checkpoints(len(names), self.config)
        pace = _Pace()
        with bar(trainer.total_steps, "training", done=trainer.steps_done) as progress:
            while trainer.steps_done < trainer.total_steps:
                self._obey(trainer)
                began = time.monotonic()
                report = trainer.step(self._next(trainer, pictures, names))
                self._writer.step(report)
                left = pace.left(trainer.total_steps - report.step)
                self._writer.tell(step=report.step, seconds_left=left)
                progress.set_postfix(loss=f"{report.loss:.3f}", refresh=False)
                progress.update()
                if report.step % every == 0 or report.step == trainer.total_steps:
                    self._keep(trainer)
                    self._validate(trainer, pictures, validation, report)
                pace.add(time.monotonic() - began)

    def _next(self, trainer: Trainer, pictures: Pictures, names: Sequence[str]) -> list[Picture]:
        chosen = names_of_step(
            names,
            step=trainer.steps_done + 1,
            images=self.config.sampling.images_per_step,
            seed=self.config.training.seed,
        )
        return [pictures.get(name) for name in chosen]

    def _keep(self, trainer: Trainer) -> RunCheckpoint:
        """A checkpoint of this moment."""
        card = {"run": self.run.name, "step": trainer.steps_done, "config": to_dict(self.config)}

        def write(folder: Path) -> None:
            save_checkpoint(folder / MODEL_FILE, trainer.model, card=card)
            save_state(folder / TRAINER_FILE, trainer.state())

        keep = self.config.training.checkpoints_kept
        return self._writer.checkpoint(trainer.steps_done, write, keep=keep)

    def _validate(
        self,
        trainer: Trainer,
        pictures: Pictures,
        names: Sequence[str],
        report: StepReport,
    ) -> None:
        """How good is the checkpoint on what was kept out?"""
        if not names:
            return
        self._writer.tell(stage="validating")
        began = time.perf_counter()
        them = {name: pictures.get(name) for name in names}
        found = find_all(trainer.model, them.values(), self.config.detection)
        judged = evaluate(
            found,
            [annotated for annotated, _ in them.values()],
            classes=trainer.model.classes,
            proposals={name: proposals for name, (_, proposals) in them.items()},
        )
        figures: dict[str, Any] = {
            name: value for name, value in judged.to_dict().items() if isinstance(value, float)
        }
        spent = time.perf_counter() - began
        row = {"step": report.step, "epoch": report.epoch, **figures, "seconds": spent}
        self._writer.validation(row)
        self._writer.tell(stage="training")

    def _obey(self, trainer: Trainer | None = None) -> None:
        """Do what was asked since the last step: end, or rest and let others compute meanwhile."""
        self._heed_stop(trainer)
        if control.asked(self.run.folder) != "pause":
            return
        before = self._writer.status
        self._turn.give_back()
        self._writer.tell(state="paused", seconds_left=None)
        while control.asked(self.run.folder) == "pause":
            self._heed_stop(trainer)
            time.sleep(SECONDS_BETWEEN_LOOKS)
        self._take_turn()
        self._writer.tell(state=before.state, stage=before.stage)

    def _is_asked_to_wait(self) -> bool:
        asked = control.asked(self.run.folder)
        return asked != "run" or self._interruption.received is not None

    def _heed_stop(self, trainer: Trainer | None = None) -> None:
        """End with a checkpoint if somebody wants that."""
        received = self._interruption.received
        if received is None and control.asked(self.run.folder) != "stop":
            return
        if trainer is not None and trainer.steps_done:
            self._keep(trainer)
        step = self._writer.status.step
        if received is None:
            raise Stopped(f"Stopped on request after step {step}.", 0)
        raise Stopped(f"Stopped by {received.name} after step {step}.", 128 + received)


def worker_count(tasks: int) -> int:
    """As many processes as this one may use cores, or fewer if there is less to do."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, tasks))


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


def _names(dataset: Dataset, config: Config) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is trained on, and what is kept out for choosing.

    Raises:
        DataError: there is nothing to learn from.
    """
    names, validation = validation_split(dataset.split.train, config.training.validation_share)
    if not any(len(dataset.annotation(name).boxes) for name in names):
        raise DataError(
            f"{dataset.title} has {len(names)} training pictures and no ground-truth box on them.",
            way_out="Training needs pictures with boxes: add some, or choose another data set.",
        )
    return names, validation


def _steps_between_checkpoints(pictures: int, config: Config) -> int:
    steps = config.training.checkpoint_every * pictures / config.sampling.images_per_step
    return max(1, round(steps))


def _is_disk_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in DISK_FULL


def _in_words(error: Exception) -> UserError:
    """The error as the status tells it."""
    if isinstance(error, UserError):
        return error
    if _is_disk_full(error):
        return RunError(
            "The disk is full, so that the run cannot be written.",
            way_out="Make room and go on with --resume; the last checkpoint is intact.",
        )
    return RunError(
        f"{type(error).__name__}: {error}",
        way_out="This is a fault of the program; log.txt in the run's folder has the details.",
    )
