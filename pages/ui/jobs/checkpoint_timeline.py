"""What a run's checkpoints say of one picture: computed once, in the background, and kept for moving sliders."""

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

Look = Callable[[Sequence[RunCheckpoint]], Iterator[RoIPredictions]]


@dataclass
class CheckpointTimelineJob(BackgroundJob):
    """A picture's predictions, checkpoint by checkpoint.

    Args:
        look: what each of the checkpoints says of the picture, one after the other.
        turn: one visitor's picture at a time is looked at; the others wait.
        seen: what is known so far, by the checkpoint's step.
        wanted: how many were asked for.
    """

    failure: ClassVar[UserError] = UserError(
        "A checkpoint of this run failed on the picture; the log says how.",
        hint="Try again, or choose another picture.",
    )
    look: Look
    turn: threading.Lock
    seen: dict[int, RoIPredictions] = field(default_factory=dict)
    wanted: int = 0
    _seconds: list[float] = field(default_factory=list)

    @property
    def seconds_left(self) -> float | None:
        """From the last few checkpoints; None before the first."""
        last = self._seconds[-3:]
        return sum(last) / len(last) * (self.wanted - len(self.seen)) if last else None

    def missing(self, checkpoints: Sequence[RunCheckpoint]) -> list[RunCheckpoint]:
        """Those that have not looked at the picture yet."""
        return [it for it in checkpoints if it.step not in self.seen]

    def start(self, checkpoints: Sequence[RunCheckpoint]) -> None:
        """Let those that have not looked yet do so, oldest first; nothing if it runs already."""
        with self._lock:
            missing = self.missing(checkpoints)
            if missing and not self.is_running:
                self.wanted = len(self.seen) + len(missing)
                self._begin(partial(self._look_with, missing))

    def _look_with(self, checkpoints: list[RunCheckpoint]) -> None:
        with self._in_turn(self.turn) as is_mine:
            if not is_mine:
                return
            began = time.monotonic()
            for checkpoint, found in zip(checkpoints, self.look(checkpoints), strict=True):
                self.seen[checkpoint.step] = found
                self._seconds.append(time.monotonic() - began)
                began = time.monotonic()
                if self._stop.is_set():
                    return


def checkpoint_timeline_job(run: Run, image: Image, *, device: str) -> CheckpointTimelineJob:
    """The run's checkpoints before this picture: one for all visitors. Raises RunError, ConfigError."""
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
    return CheckpointTimelineJob(_Look(image, config, device), turn_of("growing"))


@dataclass(frozen=True)
class _Look:
    """The slow half: the networks, one after the other, so that only one is in memory."""

    image: Image
    config: Config
    device: str

    def __call__(self, checkpoints: Sequence[RunCheckpoint]) -> Iterator[RoIPredictions]:
        from fastrcnn_core.checkpoint_timeline import predict_with_checkpoints

        proposals = ProposalStore().get(self.image, self.config.proposals)
        models = (self._model(checkpoint) for checkpoint in checkpoints)
        looks = predict_with_checkpoints(models, self.image, proposals, self.config.detection)
        return map(confident, looks)

    def _model(self, checkpoint: RunCheckpoint) -> FastRCNN:
        from fastrcnn_core.checkpoints import load_checkpoint
        from fastrcnn_core.devices import choose_device

        return load_checkpoint(checkpoint.model_file, device=choose_device(self.device))
