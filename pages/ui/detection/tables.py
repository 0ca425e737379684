"""Tables and files of the Detection page: detections, suppressed boxes, annotations, and figures."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.evaluation import Counts, coco_results
from fastrcnn_core.structures import IntArray, class_key
from pages.ui.components import detection_words, nouns, wording
from pages.ui.components.detection_view import DetectionView

FORMATS = {
    name: st.column_config.NumberColumn(format="%.2f")
    for name in ("Confidence", "IoU", "IoU with it", "Best proposal, IoU", "Box, IoU")
}
# Above this many rows a table only slows the page; the boxes are still drawn, counted and saved.
MOST = 500


def detections(view: DetectionView) -> pd.DataFrame:
    """Tabulate the detections, one row each, in their order."""
    found = view.detections
    suppressed_counts = [int((found.suppressed.by == row).sum()) for row in range(len(found.boxes))]
    return pd.DataFrame(
        {
            "Box": [f"#{row + 1}" for row in range(len(found.boxes))],
            **_class_column(found.classes, found.labels.numpy()),
            "Confidence": found.scores.numpy(),
            **_worth(view),
            "Suppressed": suppressed_counts,
        }
    )


def suppressed(view: DetectionView, rows: IntArray) -> pd.DataFrame:
    """Tabulate these rows of the suppressed boxes."""
    lost = view.detections.suppressed
    return pd.DataFrame(
        {
            **_class_column(view.detections.classes, lost.labels.numpy()[rows]),
            "Confidence": lost.scores.numpy()[rows],
            "Suppressed by": [f"#{by + 1}" if by >= 0 else "–" for by in lost.by.numpy()[rows]],
            "IoU with it": lost.iou.numpy()[rows],
        }
    )


def people(view: DetectionView) -> pd.DataFrame:
    """Tabulate the ground-truth boxes: found, or the stage at which each was missed."""
    assert view.annotated is not None
    return pd.DataFrame(
        {
            "Annotation": [
                nouns.numbered(view.annotated, diagnosis.gt_index)
                for diagnosis in view.diagnoses.values()
            ],
            "Outcome": [
                detection_words.STAGES[diagnosis.stage] for diagnosis in view.diagnoses.values()
            ],
            "Best proposal, IoU": [diagnosis.proposal_iou for diagnosis in view.diagnoses.values()],
            "Confidence": [diagnosis.score for diagnosis in view.diagnoses.values()],
            "Box, IoU": [diagnosis.box_iou for diagnosis in view.diagnoses.values()],
        }
    )


def figures(tallies: Mapping[str, Counts]) -> pd.DataFrame:
    """Tabulate precision, recall, F1 and counts, one row each; one column per set of counts."""
    names = ("Precision", "Recall", "F1", "Hits", "Missed", "Duplicates", "False positives")
    columns = {
        name: [
            *map(wording.share, (counts.precision, counts.recall, counts.f1)),
            *map(str, (counts.hits, counts.missed, counts.duplicates, counts.background)),
        ]
        for name, counts in tallies.items()
    }
    return pd.DataFrame(columns, index=pd.Index(names))


def csv(view: DetectionView) -> str:
    """Write the detections with their boxes as CSV."""
    found = view.detections
    table = pd.DataFrame(found.boxes.numpy(), columns=["x1", "y1", "x2", "y2"])
    table.insert(0, "image", view.image.name)
    table.insert(1, "class", [found.classes[label - 1] for label in found.labels])
    table.insert(2, "score", found.scores.numpy())
    if view.judged is not None:
        table["verdict"] = [detection_words.VERDICTS[word] for word in view.judged.verdicts]
        table["iou"] = view.judged.iou
    return str(table.to_csv(index=False, float_format="%.4f"))


def coco(view: DetectionView, data: Dataset | None = None) -> str:
    """Write the detections in COCO's results format, with the picture's name beside each.

    Args:
        data: where the picture comes from; its ids are written, and detections of other classes are left out. If it
            has none of the detector's classes, it has no ids for them.
    """
    found = {view.image.name: view.detections}
    keys = set(map(class_key, view.detections.classes))
    if data is None or not keys & set(map(class_key, data.classes)):
        return json.dumps(coco_results(found), indent=1)
    ids = data.coco_ids
    categories = dict(zip(data.classes, ids.categories, strict=True))
    return json.dumps(coco_results(found, ids.images, categories), indent=1)


def _worth(view: DetectionView) -> dict[str, object]:
    """Return the columns of verdict, match and IoU; none where there is no ground truth."""
    if view.judged is None or view.annotated is None:
        return {}
    verdicts = [detection_words.VERDICTS[word].capitalize() for word in view.judged.verdicts]
    matched = [
        nouns.numbered(view.annotated, int(index)) if index >= 0 else "–"
        for index in view.judged.gt_index
    ]
    return {"Verdict": verdicts, "Matched": matched, "IoU": view.judged.iou}


def _class_column(classes: tuple[str, ...], labels: IntArray) -> dict[str, list[str]]:
    """Return the column of class names; none where there is only one class."""
    return {"Class": [classes[label - 1] for label in labels]} if len(classes) > 1 else {}
