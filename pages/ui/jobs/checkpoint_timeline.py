"""Predictions of a run's checkpoints for one picture: a background job whose results the sliders reuse."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import streamlit as st

from fastrcnn_core.config import Config
from fastrcnn_core.errors import UserError
from fastrcnn_core.proposals import ProposalStore
from fastrcnn_core.runs import Run, RunCheckpoint
from fastrcnn_core.structures import Image, RoIPredictions
from pages.ui.jobs.background import BackgroundJob, turn_of
from pages.ui.jobs.split_evaluation import confident

if TYPE_CHECKING:
    from fastrcnn_core.model import FastRCNN

Predict = Callable[[Sequence[RunCheckpoint]], Iterator[RoIPredictions]]


@dataclass
class CheckpointTimelineJob(BackgroundJob):
    """A job that predicts one picture with each of a run's checkpoints.

    Args:
        predict: yields the predictions of each of the checkpoints, in order.
        turn: held while computing; other pictures' jobs wait for it.
        predictions: so far, by the checkpoint's step.
        wanted: number of checkpoints that `start` was given, with those done before.
    """

    failure: ClassVar[UserError] = UserError(
        "A checkpoint of this run failed on the picture; the log says how.",
        hint="Try again, or choose another picture.",
    )
    predict: Predict
    turn: threading.Lock
    predictions: dict[int, RoIPredictions] = field(default_factory=dict)
    wanted: int = 0
    _seconds: list[float] = field(default_factory=list)

    @property
    def seconds_left(self) -> float | None:
        """Estimate from the last few checkpoints; None before the first."""
        last = self._seconds[-3:]
        return sum(last) / len(last) * (self.wanted - len(self.predictions)) if last else None

    def missing(self, checkpoints: Sequence[RunCheckpoint]) -> list[RunCheckpoint]:
        """List the checkpoints without predictions yet."""
        return [each for each in checkpoints if each.step not in self.predictions]

    def start(self, checkpoints: Sequence[RunCheckpoint]) -> None:
        """Predict with the checkpoints that have not yet, oldest first; do nothing if the job runs."""
        with self._lock:
            missing = self.missing(checkpoints)
            if missing and not self.is_running:
                self.wanted = len(self.predictions) + len(missing)
                self._begin(partial(self._predict_with, missing))

    def _predict_with(self, checkpoints: list[RunCheckpoint]) -> None:
        with self._in_turn(self.turn) as is_mine:
            if not is_mine:
                return
            began = time.monotonic()
            for checkpoint, predictions in zip(checkpoints, self.predict(checkpoints), strict=True):
                self.predictions[checkpoint.step] = predictions
                self._seconds.append(time.monotonic() - began)
                began = time.monotonic()
                if self._stop.is_set():
                    return


def checkpoint_timeline_job(run: Run, image: Image, *, device: str) -> CheckpointTimelineJob:
    """Return the server's one job for a run and a picture; it waits to be started. Raises RunError, ConfigError."""
    created = float(run.settings().get("created", 0.0))
    return _job(str(run.folder), created, image, run.config(), device)


@st.cache_resource(
    max_entries=32,
    show_spinner=False,
    hash_funcs={Image: lambda image: image.key, Config: repr},
)
def _job(
    folder: str, created: float, image: Image, config: Config, device: str
) -> CheckpointTimelineJob:
    return CheckpointTimelineJob(
        _CheckpointPredictor(image, config, device), turn_of("checkpoint timeline")
    )


@dataclass(frozen=True)
class _CheckpointPredictor:
    """Prediction with one network after the other, so that only one is in memory."""

    image: Image
    config: Config
    device: str

    def __call__(self, checkpoints: Sequence[RunCheckpoint]) -> Iterator[RoIPredictions]:
        from fastrcnn_core.checkpoint_timeline import predict_with_checkpoints

        proposals = ProposalStore().get(self.image, self.config.proposals)
        models = (self._model(checkpoint) for checkpoint in checkpoints)
        predictions = predict_with_checkpoints(models, self.image, proposals, self.config.detection)
        return map(confident, predictions)

    def _model(self, checkpoint: RunCheckpoint) -> FastRCNN:
        from fastrcnn_core.checkpoints import load_checkpoint
        from fastrcnn_core.devices import choose_device

        return load_checkpoint(checkpoint.model_file, device=choose_device(self.device))
