"""COCO's average precision (AP) over a split, by pycocotools on boxes, every ground-truth box counted.

COCO's terms: AP is the mean over IoU 0.50, 0.55, …, 0.95; AP50 and AP75 are at one IoU; small, medium and large are
boxes below 32², below 96² and from 96² square pixels. The area is the box's, not a mask's, as boxes are all that is
detected.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.datasets import Annotation, CocoIds
from fastrcnn_core.datasets.coco_writing import to_coco
from fastrcnn_core.detection.matching import GroundTruth
from fastrcnn_core.evaluation.coco_format import pycocotools_results
from fastrcnn_core.structures import Detections, FloatArray


@dataclass(frozen=True)
class Scores:
    """COCO's figures in [0, 1]; None where there is no ground truth.

    Args:
        AP, AP50, AP75: average precision over ten IoUs, at 0.5, at 0.75.
        AP_small, AP_medium, AP_large: AP for boxes of that area.
        recall: average recall over the ten IoUs with at most 100 detections an image.
    """

    AP: float | None
    AP50: float | None
    AP75: float | None
    AP_small: float | None
    AP_medium: float | None
    AP_large: float | None
    recall: float | None


@dataclass(frozen=True)
class ClassResult:
    """COCO's figures of one class, and its precision-recall curve at IoU 0.5.

    Args:
        precision: 101 values at recall 0, 0.01, …, 1, as COCO interpolates them; empty without ground truth.
        scores: the score from which that recall is reached; 0 where it never is.
    """

    name: str
    ground_truth: int
    AP: float | None
    AP50: float | None
    precision: tuple[float, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Evaluation:
    """Evaluation of a split's detections.

    Args:
        all: every ground-truth box counts (crowds are ignored, as COCO says).
        without_added: the same detections where boxes tagged "added" are neither missed nor wrong to find; None if
            there are none.
        images, ground_truth, detections: their numbers.
        proposal_recall_50: share of the ground truth that some proposal overlaps with IoU ≥ 0.5: the ceiling.
        classes: one row a class.
        found: each image's detections, by its name.
    """

    all: Scores
    without_added: Scores | None
    images: int
    ground_truth: int
    detections: int
    proposal_recall_50: float | None
    classes: tuple[ClassResult, ...]
    found: Mapping[str, Detections] = field(default_factory=dict, repr=False, compare=False)

    @property
    def AP(self) -> float | None:  # noqa: N802 - COCO's word
        """Average precision over ten IoUs."""
        return self.all.AP

    @property
    def AP50(self) -> float | None:  # noqa: N802
        """Average precision at IoU 0.5."""
        return self.all.AP50

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain values for JSON, without the detections: COCO's figures first."""
        values = dataclasses.asdict(dataclasses.replace(self, found={}))
        del values["found"]
        return {**values.pop("all"), **values}


def evaluate_detections(
    found: Mapping[str, Detections],
    annotations: Iterable[Annotation],
    *,
    classes: Sequence[str],
    proposals: Mapping[str, FloatArray] | None = None,
) -> Evaluation:
    """Compute COCO's average precision of the detections of a split.

    Args:
        found: each image's detections, by name; take them with a low score threshold, so that the precision-recall
            curve has its tail.
        annotations: of the images; each has an entry in `found`.
        classes: the K class names.
        proposals: each image's proposals; None leaves out their recall.
    """
    images = list(annotations)
    ids = CocoIds.counted(sorted(image.name for image in images), classes)
    truth = to_coco(images, classes, ids)
    tags = (tag for image in images for tag in image.tags)
    for box, tag in zip(truth["annotations"], tags, strict=True):
        box["tag"] = tag
    found = {image.name: found[image.name] for image in images}
    results = pycocotools_results(found, ids.images, classes)
    everything = _evaluate(truth, results, set_aside="crowd")
    has_added = any(box["tag"] == "added" for box in truth["annotations"])
    rest = _evaluate(truth, results, set_aside="added") if has_added else None
    return Evaluation(
        all=_scores(everything),
        without_added=None if rest is None else _scores(rest),
        images=len(images),
        ground_truth=sum(not box["iscrowd"] for box in truth["annotations"]),
        detections=len(results),
        proposal_recall_50=None if proposals is None else proposal_recall(proposals, images),
        classes=tuple(
            _class_result(everything, row, name, truth) for row, name in enumerate(classes)
        ),
        found=found,
    )


def proposal_recall(
    proposals: Mapping[str, FloatArray], annotated: Iterable[GroundTruth], *, iou: float = 0.5
) -> float | None:
    """Return the share of the ground truth, crowds left out, that some proposal overlaps with at least this IoU."""
    best = [
        pairwise_iou(image.boxes, proposals[image.name]).max(axis=1, initial=0.0)[~image.is_crowd]
        for image in annotated
    ]
    overlaps = np.concatenate([np.zeros(0, np.float32), *best])
    return float((overlaps >= iou).mean()) if len(overlaps) else None


class _BoxEval(COCOeval):  # type: ignore[misc]
    """COCOeval that also ignores boxes that are set aside: finding them is neither right nor wrong."""

    def _prepare(self) -> None:
        super()._prepare()
        for boxes in self._gts.values():
            for box in boxes:
                box["ignore"] = int(box["iscrowd"] or box["set_aside"])


def _evaluate(truth: dict[str, Any], results: list[dict[str, Any]], *, set_aside: str) -> _BoxEval:
    """Run pycocotools silently, on copies: it writes into its arguments."""
    boxes = [box | {"set_aside": box["tag"] == set_aside} for box in truth["annotations"]]
    with contextlib.redirect_stdout(io.StringIO()):
        evaluator = _BoxEval(
            _index(truth | {"annotations": boxes}),
            _index(truth | {"annotations": [dict(result) for result in results]}),
            "bbox",
        )
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    return evaluator


def _index(values: dict[str, Any]) -> COCO:
    coco = COCO()
    coco.dataset = values
    coco.createIndex()
    return coco


def _scores(evaluator: _BoxEval) -> Scores:
    """Read COCO's figures; pycocotools writes -1 for "no ground truth"."""
    AP, AP50, AP75, small, medium, large, _, _, recall = map(_figure, evaluator.stats[:9])  # noqa: N806
    return Scores(AP, AP50, AP75, small, medium, large, recall)


def _class_result(evaluator: _BoxEval, row: int, name: str, truth: dict[str, Any]) -> ClassResult:
    """Read one class's figures; pycocotools' axes: IoU, recall, class, area (0: all), detections (-1: at most 100)."""
    precision = evaluator.eval["precision"][:, :, row, 0, -1]
    count = sum(
        box["category_id"] == row + 1 and not box["iscrowd"] for box in truth["annotations"]
    )
    curve = precision[0] if count else precision[0, :0]
    scores = evaluator.eval["scores"][0, : len(curve), row, 0, -1]
    return ClassResult(
        name=name,
        ground_truth=count,
        AP=float(precision.mean()) if count else None,
        AP50=float(curve.mean()) if count else None,
        precision=tuple(curve.tolist()),
        scores=tuple(scores.tolist()),
    )


def _figure(figure: float) -> float | None:
    return float(figure) if figure >= 0 else None
