"""Average precision over a whole split, by pycocotools on boxes, every ground-truth box counted.

COCO's words: AP is the mean over IoU 0.50, 0.55, …, 0.95; AP50 and AP75 are at one IoU; small, medium and large are
boxes below 32², below 96² and from 96² square pixels. The area is the box's, not a mask's, as boxes are all that is
detected.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.evaluation.coco_format import results_of, truth_of
from fastrcnn_core.evaluation.truth import Annotated
from fastrcnn_core.structures import Detections, FloatArray


@dataclass(frozen=True)
class Scores:
    """Figures in [0, 1]; None where there is no ground truth to judge by.

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
    """One class: its ground-truth boxes, AP and AP50, and the precision-recall curve at IoU 0.5.

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
    """How good the detections of a split are.

    Args:
        all: every ground-truth box counts (crowds are ignored, as COCO says).
        without_added: the same detections where boxes tagged "added" are neither missed nor wrong to find; None if
            there are none.
        images, ground_truth, detections: how many there were.
        proposal_recall_50: share of the ground truth that some proposal overlaps with IoU ≥ 0.5: the ceiling.
        classes: one row a class.
    """

    all: Scores
    without_added: Scores | None
    images: int
    ground_truth: int
    detections: int
    proposal_recall_50: float | None
    classes: tuple[ClassResult, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: COCO's figures at the top, then everything else."""
        values = dataclasses.asdict(self)
        return {**values.pop("all"), **values}


def evaluate(
    found: Mapping[str, Detections],
    annotated: Iterable[Annotated],
    *,
    classes: Sequence[str],
    proposals: Mapping[str, FloatArray] | None = None,
) -> Evaluation:
    """Judge the detections of a split.

    Args:
        found: each picture's detections, by name; take them with a low score threshold, so that the precision-recall
            curve has its tail.
        annotated: the pictures; each has an entry in `found`.
        classes: the K class names.
        proposals: each picture's proposals, if the ceiling is wanted.
    """
    pictures = list(annotated)
    truth = truth_of(pictures, classes)
    results = results_of(found, pictures)
    judged = _judge(truth, results, set_aside="crowd")
    added = any(tag == "added" for picture in pictures for tag in picture.tags)
    rest = _judge(truth, results, set_aside="added") if added else None
    return Evaluation(
        all=_scores(judged),
        without_added=None if rest is None else _scores(rest),
        images=len(pictures),
        ground_truth=sum(not box["iscrowd"] for box in truth["annotations"]),
        detections=len(results),
        proposal_recall_50=None if proposals is None else proposal_recall(proposals, pictures),
        classes=tuple(_class_result(judged, row, name, truth) for row, name in enumerate(classes)),
    )


def proposal_recall(
    proposals: Mapping[str, FloatArray], annotated: Iterable[Annotated], *, iou: float = 0.5
) -> float | None:
    """Share of the ground truth, crowds left out, that some proposal of its picture overlaps at least so much."""
    best = [
        pairwise_iou(picture.boxes, proposals[picture.name]).max(axis=1, initial=0.0)[
            ~picture.is_crowd
        ]
        for picture in annotated
    ]
    together = np.concatenate([np.zeros(0, np.float32), *best])
    return float((together >= iou).mean()) if len(together) else None


class _BoxJudge(COCOeval):
    """COCOeval that also ignores boxes which are set aside: finding them is neither right nor wrong."""

    def _prepare(self) -> None:
        super()._prepare()
        for boxes in self._gts.values():
            for box in boxes:
                box["ignore"] = int(box["iscrowd"] or box["set_aside"])


def _judge(truth: dict[str, Any], results: list[dict[str, Any]], *, set_aside: str) -> _BoxJudge:
    """pycocotools' verdict; what it prints is swallowed. It writes into what it gets, so it gets copies."""
    boxes = [box | {"set_aside": box["tag"] == set_aside} for box in truth["annotations"]]
    with contextlib.redirect_stdout(io.StringIO()):
        judge = _BoxJudge(
            _index(truth | {"annotations": boxes}),
            _index(truth | {"annotations": [dict(result) for result in results]}),
            "bbox",
        )
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge


def _index(values: dict[str, Any]) -> COCO:
    coco = COCO()
    coco.dataset = values
    coco.createIndex()
    return coco


def _scores(judge: _BoxJudge) -> Scores:
    """COCO's twelve figures; -1 is its word for "no ground truth"."""
    AP, AP50, AP75, small, medium, large, _, _, recall = map(_known, judge.stats[:9])  # noqa: N806
    return Scores(AP, AP50, AP75, small, medium, large, recall)


def _class_result(judge: _BoxJudge, row: int, name: str, truth: dict[str, Any]) -> ClassResult:
    """Axes of pycocotools' tables: IoU, recall, class, area (0: all), number of detections (-1: 100)."""
    precision = judge.eval["precision"][:, :, row, 0, -1]
    count = sum(
        box["category_id"] == row + 1 and not box["iscrowd"] for box in truth["annotations"]
    )
    curve = precision[0] if count else precision[0, :0]
    scores = judge.eval["scores"][0, : len(curve), row, 0, -1]
    return ClassResult(
        name=name,
        ground_truth=count,
        AP=float(precision.mean()) if count else None,
        AP50=float(curve.mean()) if count else None,
        precision=tuple(curve.tolist()),
        scores=tuple(scores.tolist()),
    )


def _known(figure: float) -> float | None:
    return float(figure) if figure >= 0 else None
