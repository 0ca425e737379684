"""Recall of proposals on a whole data set: a background job whose curves grow while it runs.

Every picture's proposals go through the store, so a survey that was stopped goes on where it was.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import streamlit as st

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.errors import UserError
from fastrcnn_core.proposals import ProposalOutcome, ProposalStore, best_overlap, propose_all
from fastrcnn_core.structures import FloatArray
from pages.ui.jobs.background import BackgroundJob, turn_of

logger = logging.getLogger(__name__)

# Where the curves are read off: close together where a class looks, ever wider towards the limit.
LIMITS = tuple(
    sorted({*range(1, 11), *np.geomspace(10, 20000, 60).astype(int).tolist(), 100, 500, 1000, 2000})
)


@dataclass
class RecallJob(BackgroundJob):
    """A data set's proposals, and how far they are.

    Args:
        data, config: of what.
        turn: one survey computes at a time; the others wait for it.
        overlaps: (L, N) best overlaps of each picture that was looked at, by name; L as in `LIMITS`.
        proposals: how many boxes these pictures have together.
        problems: what could not be searched, by name.
        examined: how many pictures were looked up in the store so far; None unless that is the work at hand.
    """

    failure: ClassVar[UserError] = UserError(
        "The search failed for an unexpected reason; the log has it.", hint="Go on."
    )
    data: Dataset
    config: ProposalConfig
    turn: threading.Lock
    overlaps: dict[str, FloatArray] = field(default_factory=dict)
    proposals: int = 0
    problems: dict[str, str] = field(default_factory=dict)
    examined: int | None = None
    _was_looked_up: bool = False
    _computing: list[float] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Number of pictures that were searched."""
        return len(self.overlaps) + len(self.problems)

    @property
    def is_complete(self) -> bool:
        return self.done == len(self.data)

    @property
    def seconds_left(self) -> float | None:
        """Seconds for the other pictures, at the pace of those that were computed; None before the first."""
        if not self._computing:
            return None
        return float(np.mean(self._computing)) * (len(self.data) - self.done)

    def all_overlaps(self) -> FloatArray:
        """(L, N) of all pictures so far."""
        none = np.zeros((len(LIMITS), 0), np.float32)
        return np.concatenate([none, *list(self.overlaps.values())], axis=1)

    def find_cached(self) -> None:
        """Take what the store holds, once, so that only the rest is offered to be computed; not while it runs."""
        with self._lock:
            if not (self._was_looked_up or self.is_running):
                self._was_looked_up = True
                self._begin(self._look_up)

    def start(self) -> None:
        """Begin, or go on where it was stopped; nothing if it runs already or is complete."""
        with self._lock:
            if not (self.is_running or self.is_complete):
                self._begin(self._search)

    def _look_up(self) -> None:
        store = ProposalStore()
        try:
            for count, name in enumerate(self._left()):
                if self._stop.is_set():
                    break
                self.examined = count
                self._take_cached(store, name)
        finally:
            self.examined = None

    def _take_cached(self, store: ProposalStore, name: str) -> None:
        try:
            annotated = self.data.load(name)
        except UserError as error:  # the search tells of it, beside the picture's name
            logger.info("%s is not looked up: %s", name, error)
            return
        boxes = store.look_up(annotated.image, self.config)
        if boxes is not None:
            self._judge(name, boxes, annotated.boxes[~annotated.is_crowd])

    def _left(self) -> list[str]:
        """List the pictures that were not searched, in the split's order, which is shuffled.

        What is there when the job is stopped is therefore a fair sample.
        """
        order = (*self.data.split.test, *self.data.split.train)
        looked_at = {*self.overlaps, *self.problems}
        return [name for name in order if name not in looked_at]

    def _search(self) -> None:
        with self._in_turn(self.turn) as is_mine:
            if is_mine:
                propose_all(
                    self._left(),
                    self.data.load,
                    self.config,
                    ProposalStore(),
                    backend="threading",
                    on_outcome=lambda _, outcome: self._note(outcome),
                    should_stop=self._stop.is_set,
                )

    def _note(self, outcome: ProposalOutcome) -> None:
        if not outcome.was_cached:
            self._computing.append(outcome.seconds)
        if outcome.boxes is None:
            self.problems[outcome.name] = outcome.problem or "It could not be searched."
            return
        self._judge(outcome.name, outcome.boxes, outcome.gt_boxes)

    def _judge(self, name: str, boxes: FloatArray, people: FloatArray) -> None:
        self.proposals += len(boxes)
        self.overlaps[name] = best_overlap(proposals=boxes, gt_boxes=people, limits=LIMITS)


def recall_job(data: Dataset, config: ProposalConfig) -> RecallJob:
    """Return the server's one job for this data and these knobs; it waits to be started."""
    return _recall_job(data.content_hash, config, data)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs={ProposalConfig: repr})
def _recall_job(content_hash: str, config: ProposalConfig, _data: Dataset) -> RecallJob:
    return RecallJob(_data, config, turn_of("survey"))
