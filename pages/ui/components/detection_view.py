"""Detections of one picture at one setting of the knobs, matched with its ground truth; needs no network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from fastrcnn_core.config import EVALUATION_SCORE_THRESHOLD, DetectionConfig
from fastrcnn_core.detection import select
from fastrcnn_core.detection.matching import MatchedDetections, match_detections
from fastrcnn_core.diagnosis import MissDiagnosis, diagnose
from fastrcnn_core.evaluation import Counts, precision_recall_curve, remap_classes
from fastrcnn_core.structures import AnnotatedImage, Detections, Image, RoIPredictions


@dataclass(frozen=True, eq=False)
class DetectionView:
    """A picture, its predictions, and the detections that survive.

    Args:
        image: the picture.
        annotated: its ground truth in the detector's classes; None without ground truth.
        unknown: how many of its ground-truth boxes are of no class of the detector.
        predictions: of the network. config: the knobs. detections: what survives.
    """

    image: Image
    annotated: AnnotatedImage | None
    predictions: RoIPredictions
    config: DetectionConfig
    detections: Detections
    unknown: int = 0

    @cached_property
    def judged(self) -> MatchedDetections | None:
        """Verdict of each detection; None without ground truth."""
        return None if self.annotated is None else match_detections(self.detections, self.annotated)

    @cached_property
    def diagnoses(self) -> dict[int, MissDiagnosis]:
        """Diagnosis of each ground-truth box but crowds, by its row: found, or the stage that lost it."""
        if self.annotated is None:
            return {}
        return {
            diagnosis.gt_index: diagnosis
            for diagnosis in diagnose(self.predictions, self.annotated, self.config)
        }

    @cached_property
    def tally(self) -> Counts | None:
        """Precision, recall and F1 of this picture; None without ground truth."""
        if self.judged is None:
            return None
        return precision_recall_curve([(self.detections, self.judged)]).at(0.0)

    @cached_property
    def key(self) -> str:
        """Six hexadecimal digits of the picture and its RoIs: row numbers mean the same wherever they agree."""
        digest = hashlib.blake2b(self.image.key.encode(), digest_size=3)
        digest.update(self.predictions.rois.numpy().data)
        return digest.hexdigest()

    @property
    def surest(self) -> float:
        """The highest score that any box got for any class; 0 without RoIs."""
        scores = self.predictions.scores[:, 1:]
        return float(scores.max()) if scores.numel() else 0.0

    @property
    def sees_nothing(self) -> bool:
        """No box got a score from which on detections count, wherever the confidence slider stands."""
        return self.surest < EVALUATION_SCORE_THRESHOLD


def detection_view(
    image: Image,
    annotated: AnnotatedImage | None,
    predictions: RoIPredictions,
    config: DetectionConfig,
) -> DetectionView:
    """Select detections from the predictions, and remap the ground truth to the detector's classes."""
    in_its_classes = annotated and remap_classes(annotated, predictions.classes)
    unknown = (
        len(annotated.boxes) - len(in_its_classes.boxes) if annotated and in_its_classes else 0
    )
    detections = select(predictions, config)
    return DetectionView(image, in_its_classes, predictions, config, detections, unknown)
