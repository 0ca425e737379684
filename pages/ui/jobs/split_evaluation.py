"""Evaluation of a detector on a whole split: a background job whose results the sliders reuse.

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
from pages.ui.cache.networks import DetectorChoice, model, trained_config
from pages.ui.jobs.background import BackgroundJob

if TYPE_CHECKING:
    from fastrcnn_core.evaluation import PrecisionRecallCurve
    from fastrcnn_core.model import FastRCNN

# The lowest confidence that is kept: the slider's first step. Below it are nearly all boxes of nearly all pictures.
FLOOR = 0.01
# Chosen here: as many positions of the NMS slider are remembered.
_CURVES = 32

Predict = Callable[[str], tuple[Annotation, RoIPredictions]]


@dataclass
class SplitEvaluationJob(BackgroundJob):
    """A job that predicts every picture of a split.

    Args:
        predict: returns a picture's ground truth, in the detector's classes, and its predictions.
        names: of the split's pictures.
        predictions: so far, with the ground truth, by name. skipped: pictures that could not be read, and why.
    """

    failure: ClassVar[UserError] = UserError(
        "The network failed on one of the pictures; the log says how.",
        hint="Go on, or choose another detector.",
    )
    predict: Predict
    names: tuple[str, ...]
    predictions: dict[str, tuple[Annotation, RoIPredictions]] = field(default_factory=dict)
    skipped: dict[str, UserError] = field(default_factory=dict)
    _curves: LRUCache[Any, PrecisionRecallCurve] = field(default_factory=lambda: LRUCache(_CURVES))
    _seconds: list[float] = field(default_factory=list)

    @property
    def done(self) -> int:
        return len(self.predictions) + len(self.skipped)

    @property
    def is_complete(self) -> bool:
        return self.done == len(self.names)

    @property
    def seconds_left(self) -> float | None:
        """Estimate from the last few pictures; None before the first."""
        last = self._seconds[-5:]
        return sum(last) / len(last) * (len(self.names) - self.done) if last else None

    def start(self) -> None:
        """Begin, or go on where the job was stopped; do nothing if it runs."""
        with self._lock:
            if not (self.is_running or self.is_complete):
                self._begin(self._predict_all)

    def curve(self, config: DetectionConfig) -> PrecisionRecallCurve:
        """Return the precision-recall curve of all pictures so far, from confidence `FLOOR` up."""
        key = (len(self.predictions), dataclasses.replace(config, score_threshold=FLOOR))
        with self._lock:
            if key not in self._curves:
                self._curves[key] = _curve(list(self.predictions.values()), config)
            return self._curves[key]

    def _predict_all(self) -> None:
        for name in self.names:
            if self._stop.is_set():
                return
            if name not in self.predictions and name not in self.skipped:
                self._predict_one(name)

    def _predict_one(self, name: str) -> None:
        began = time.monotonic()
        try:
            self.predictions[name] = self.predict(name)
            self._seconds.append(time.monotonic() - began)
        except DeviceError:
            raise
        except UserError as error:
            self.skipped[name] = error


def split_evaluation_job(
    data: Dataset,
    detector: DetectorChoice,
    part: str,
    passes: PredictionConfig | None = None,
    *,
    device: str,
) -> SplitEvaluationJob:
    """Return the server's one job for a detector and a part, "train" or "test". Raises CheckpointError, DeviceError.

    Args:
        passes: test-time augmentation; as the detector was trained with if None.
    """
    config = trained_config(detector)
    if passes is not None:
        detection = dataclasses.replace(config.detection, **vars(passes))
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
    predict = _SplitPredictor(_data, _network, _config)
    return SplitEvaluationJob(predict, _data.split.train if part == "train" else _data.split.test)


@dataclass(frozen=True)
class _SplitPredictor:
    """Prediction of one picture of a data set."""

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
        predictions = predict(self.network, image, proposals, self.config.detection)
        return truth, confident(predictions)


def confident(predictions: RoIPredictions) -> RoIPredictions:
    """Drop the RoIs below `FLOOR` for every class: nine of ten, and with many classes most of the memory."""
    rows = (predictions.scores[:, 1:] >= FLOOR).any(dim=1).nonzero()[:, 0]
    return RoIPredictions(
        predictions.rois[rows],
        predictions.boxes[rows],
        predictions.scores[rows],
        predictions.classes,
        predictions.height,
        predictions.width,
    )


def _curve(
    predicted: list[tuple[Annotation, RoIPredictions]], config: DetectionConfig
) -> PrecisionRecallCurve:
    from fastrcnn_core.detection import select
    from fastrcnn_core.detection.matching import match_detections
    from fastrcnn_core.evaluation import precision_recall_curve

    low = dataclasses.replace(config, score_threshold=FLOOR)
    detected = [(select(predictions, low), truth) for truth, predictions in predicted]
    return precision_recall_curve(
        (detections, match_detections(detections, truth)) for detections, truth in detected
    )
