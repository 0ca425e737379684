"""The detection page's tables and files: who survived, who was silenced, who was to be found, and the figures."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.evaluation import Counts, coco_results
from fastrcnn_core.structures import IntArray
from pages.ui.components import detection_words, nouns, wording
from pages.ui.components.detection_view import DetectionView

FORMATS = {
    name: st.column_config.NumberColumn(format="%.2f")
    for name in ("Confidence", "IoU", "IoU with it", "Best proposal, IoU", "Box, IoU")
}
# Above this many rows a table only slows the page; the boxes are still drawn, counted and saved.
MOST = 500


def detections(view: DetectionView) -> pd.DataFrame:
    """One row a detection, in their order."""
    it = view.detections
    silenced = [int((it.suppressed.by == row).sum()) for row in range(len(it.boxes))]
    return pd.DataFrame(
        {
            "Box": [f"#{row + 1}" for row in range(len(it.boxes))],
            **_class_column(it.classes, it.labels.numpy()),
            "Confidence": it.scores.numpy(),
            **_worth(view),
            "Silenced": silenced,
        }
    )


def suppressed(view: DetectionView, rows: IntArray) -> pd.DataFrame:
    """One row for each of these suppressed boxes."""
    it = view.detections.suppressed
    return pd.DataFrame(
        {
            **_class_column(view.detections.classes, it.labels.numpy()[rows]),
            "Confidence": it.scores.numpy()[rows],
            "Suppressed by": [f"#{by + 1}" if by >= 0 else "–" for by in it.by.numpy()[rows]],
            "IoU with it": it.iou.numpy()[rows],
        }
    )


def people(view: DetectionView) -> pd.DataFrame:
    """One row a ground-truth box: how it was found, or where it was lost."""
    assert view.annotated is not None
    return pd.DataFrame(
        {
            "Who": [nouns.numbered(view.annotated, fate.gt_index) for fate in view.fates.values()],
            "What became of it": [
                detection_words.STAGES[fate.stage] for fate in view.fates.values()
            ],
            "Best proposal, IoU": [fate.proposal_iou for fate in view.fates.values()],
            "Confidence": [fate.score for fate in view.fates.values()],
            "Box, IoU": [fate.box_iou for fate in view.fates.values()],
        }
    )


def figures(tallies: Mapping[str, Counts]) -> pd.DataFrame:
    """The figures that judge, one row each; one column for this picture, one for the split."""
    names = ("Precision", "Recall", "F1", "Hits", "Missed", "Duplicates", "Background hits")
    columns = {
        name: [
            *map(wording.share, (it.precision, it.recall, it.f1)),
            *map(str, (it.hits, it.missed, it.duplicates, it.background)),
        ]
        for name, it in tallies.items()
    }
    return pd.DataFrame(columns, index=pd.Index(names))


def csv(view: DetectionView) -> str:
    """The detections with their boxes, for a spreadsheet."""
    it = view.detections
    table = pd.DataFrame(it.boxes.numpy(), columns=["x1", "y1", "x2", "y2"])
    table.insert(0, "image", view.image.name)
    table.insert(1, "class", [it.classes[label - 1] for label in it.labels])
    table.insert(2, "score", it.scores.numpy())
    if view.judged is not None:
        table["verdict"] = [detection_words.VERDICTS[word] for word in view.judged.verdicts]
        table["iou"] = view.judged.iou
    return str(table.to_csv(index=False, float_format="%.4f"))


def coco(view: DetectionView, data: Dataset | None = None) -> str:
    """The detections in COCO's results format, with the picture's name beside each.

    Args:
        data: where the picture comes from; if the detector knows the same classes, its ids are written.
    """
    same = data is not None and data.classes == view.detections.classes
    ids = data.coco_ids if data is not None and same else None
    return json.dumps(coco_results({view.image.name: view.detections}, ids), indent=1)


def _worth(view: DetectionView) -> dict[str, object]:
    """Verdict and IoU of each detection; nothing where nobody can judge."""
    if view.judged is None or view.annotated is None:
        return {}
    verdicts = [detection_words.VERDICTS[word].capitalize() for word in view.judged.verdicts]
    who = [
        nouns.numbered(view.annotated, int(index)) if index >= 0 else "–"
        for index in view.judged.gt_index
    ]
    return {"Verdict": verdicts, "Whom": who, "IoU": view.judged.iou}


def _class_column(classes: tuple[str, ...], labels: IntArray) -> dict[str, list[str]]:
    """Only where there is more than one class."""
    return {"Class": [classes[label - 1] for label in labels]} if len(classes) > 1 else {}
