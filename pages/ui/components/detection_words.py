"""Words on screen for verdicts of detections, for stages at which a person is missed, and for counts."""

from __future__ import annotations

from fastrcnn_core.detection.matching import MatchedDetections, Verdict
from fastrcnn_core.diagnosis import Stage
from fastrcnn_core.evaluation import Counts
from fastrcnn_core.structures import AnnotatedImage
from pages.ui.components import nouns

VERDICTS: dict[Verdict, str] = {
    "hit": "hit",
    "duplicate": "duplicate",
    "background": "false positive",
    "ignored": "in a crowd",
}

STAGES: dict[Stage, str] = {
    "proposals": "No proposal",
    "score": "Scored too low",
    "localisation": "Badly localised",
    "suppression": "Suppressed",
    "limit": "Beyond the limit",
    "found": "Found",
}


def match_words(judged: MatchedDetections, row: int, annotated: AnnotatedImage) -> str:
    """Describe a detection's verdict, such as "hit: person 2, IoU 0.81"."""
    word, gt_index = judged.verdicts[row], int(judged.gt_index[row])
    iou = f"IoU {judged.iou[row]:.2f}"
    if word in ("hit", "duplicate"):
        again = " again" if word == "duplicate" else ""
        return f"{VERDICTS[word]}: {nouns.numbered(annotated, gt_index)}{again}, {iou}"
    return f"{VERDICTS[word]}: best {iou}"


def counts(tally: Counts) -> str:
    """Write counts as "4 hits, 1 duplicate, 2 missed"; zeros are left out, but for hits."""
    words = {
        "hit": tally.hits,
        "duplicate": tally.duplicates,
        "false positive": tally.background,
    }
    parts = [
        f"{count} {word}{'' if count == 1 else 's'}"
        for word, count in words.items()
        if count or word == "hit"
    ]
    return ", ".join([*parts, f"{tally.missed} missed"] if tally.missed else parts)
