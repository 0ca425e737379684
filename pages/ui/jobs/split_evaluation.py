"""What a detector says of a whole split: computed once, in the background, watched and stopped by anybody.

Only numbers are kept, so that the figures of the split follow the sliders without the network.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import streamlit as st
from cachetools import LRUCache

from fastrcnn_core.config import Config, DetectionConfig, PredictionConfig
from fastrcnn_core.datasets.dataset import Annotation, Dataset
from fastrcnn_core.errors import DeviceError, UserError
from fastrcnn_core.proposals import ProposalStore
from fastrcnn_core.structures import RoIPredictions
from pages.ui.cache.networks import Detector, model, trained_config
from pages.ui.jobs.background import BackgroundJob

if TYPE_CHECKING:
    from fastrcnn_core.evaluation import PrecisionRecallCurve
    from fastrcnn_core.model import FastRCNN

# The lowest confidence that is kept: the slider's first step. Below it are nearly all boxes of nearly all pictures.
FLOOR = 0.01
# Chosen here: as many positions of the NMS slider are remembered.
_RANKINGS = 32

Look = Callable[[str], tuple[Annotation, RoIPredictions]]


@dataclass
class SplitEvaluationJob(BackgroundJob):
    """A detector's way through a split.

    Args:
        look: a picture's ground truth, in the detector's classes, and what the network says of it.
        names: the split.
        seen: what is known so far, by name. skipped: pictures that could not be read, and why.
    """

    failure: ClassVar[UserError] = UserError(
        "The network failed on one of the pictures; the log says how.",
        hint="Go on, or choose another detector.",
    )
    look: Look
    names: tuple[str, ...]
    seen: dict[str, tuple[Annotation, RoIPredictions]] = field(default_factory=dict)
    skipped: dict[str, UserError] = field(default_factory=dict)
    _rankings: LRUCache[Any, PrecisionRecallCurve] = field(
        default_factory=lambda: LRUCache(_RANKINGS)
    )
    _seconds: list[float] = field(default_factory=list)

    @property
    def done(self) -> int:
        return len(self.seen) + len(self.skipped)

    @property
    def is_complete(self) -> bool:
        return self.done == len(self.names)

    @property
    def seconds_left(self) -> float | None:
        """From the last few pictures; None before the first."""
        last = self._seconds[-5:]
        return sum(last) / len(last) * (len(self.names) - self.done) if last else None

    def start(self) -> None:
        """Begin, or go on where it was stopped; nothing if it runs already."""
        with self._lock:
            if not (self.is_running or self.is_complete):
                self._begin(self._take_all)

    def ranking(self, config: DetectionConfig) -> PrecisionRecallCurve:
        """The detections of all pictures seen so far, judged, at every confidence from `FLOOR` up."""
        key = (len(self.seen), dataclasses.replace(config, score_threshold=FLOOR))
        with self._lock:
            if key not in self._rankings:
                self._rankings[key] = _rank(list(self.seen.values()), config)
            return self._rankings[key]

    def _take_all(self) -> None:
        for name in self.names:
            if self._stop.is_set():
                return
            if name not in self.seen and name not in self.skipped:
                self._take(name)

    def _take(self, name: str) -> None:
        began = time.monotonic()
        try:
            self.seen[name] = self.look(name)
            self._seconds.append(time.monotonic() - began)
        except DeviceError:
            raise
        except UserError as error:
            self.skipped[name] = error


def split_evaluation_job(
    data: Dataset,
    detector: Detector,
    part: str,
    looks: PredictionConfig | None = None,
    *,
    device: str,
) -> SplitEvaluationJob:
    """This detector's way through "train" or "test": one for all visitors. Raises CheckpointError, DeviceError.

    Args:
        looks: how often the network looks at each picture; as the detector was trained to if None.
    """
    config = trained_config(detector)
    if looks is not None:
        detection = dataclasses.replace(config.detection, **vars(looks))
        config = dataclasses.replace(config, detection=detection)
    network = model(detector, device)
    key = (id(data), network.weights_key, str(network.device))
    return _job(
        key, repr((config.proposals, config.detection.prediction)), part, data, network, config
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _job(
    key: tuple[int, str, str],  # a cached job keeps its data set, so that no other gets its id
    settings: str,
    part: str,
    _data: Dataset,
    _network: FastRCNN,
    _config: Config,
) -> SplitEvaluationJob:
    look = _Look(_data, _network, _config)
    return SplitEvaluationJob(look, _data.split.train if part == "train" else _data.split.test)


@dataclass(frozen=True)
class _Look:
    """The slow half for one picture of a data set."""

    data: Dataset
    network: FastRCNN
    config: Config

    def __call__(self, name: str) -> tuple[Annotation, RoIPredictions]:
        from fastrcnn_core.detection import predict
        from fastrcnn_core.evaluation import remap_classes

        annotated = remap_classes(self.data.load(name), self.network.classes)
        image = annotated.image
        proposals = ProposalStore().get(image, self.config.proposals)
        truth = Annotation(
            name, image.height, image.width, annotated.boxes, annotated.labels, annotated.tags
        )
        said = predict(self.network, image, proposals, self.config.detection)
        return truth, confident(said)


def confident(predictions: RoIPredictions) -> RoIPredictions:
    """Without the RoIs that no class wants: nine of ten, and with many classes most of the memory."""
    rows = (predictions.scores[:, 1:] >= FLOOR).any(dim=1).nonzero()[:, 0]
    return RoIPredictions(
        predictions.rois[rows],
        predictions.boxes[rows],
        predictions.scores[rows],
        predictions.classes,
        predictions.height,
        predictions.width,
    )


def _rank(
    seen: list[tuple[Annotation, RoIPredictions]], config: DetectionConfig
) -> PrecisionRecallCurve:
    from fastrcnn_core.detection import select
    from fastrcnn_core.detection.matching import match_detections
    from fastrcnn_core.evaluation import precision_recall_curve

    low = dataclasses.replace(config, score_threshold=FLOOR)
    found = [(select(predictions, low), truth) for truth, predictions in seen]
    return precision_recall_curve((it, match_detections(it, truth)) for it, truth in found)
