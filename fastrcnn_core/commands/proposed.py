"""What `propose` leaves behind: the boxes as JSON, and how many and how good they are in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastrcnn_core.errors import StorageError
from fastrcnn_core.files import write_text
from fastrcnn_core.proposals import ProposalOutcome, best_overlap, mean_average_best_overlap, recall
from fastrcnn_core.structures import FloatArray

LIMITS = (100, 300, 1000, 2000)


def write_boxes(path: Path, outcomes: Sequence[ProposalOutcome]) -> None:
    """Every searched picture's name, size and boxes, best first, as JSON; the file appears whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    rows = [_row(it, it.boxes) for it in outcomes if it.boxes is not None]
    try:
        write_text(path, json.dumps({"images": rows}))
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written ({error.strerror or error}).",
            hint="Free some space there, or name another file; the boxes are kept, so that it takes seconds.",
        ) from error


def tell(outcomes: Sequence[ProposalOutcome], *, seconds: float, kept: int) -> None:
    """Print how many there are and how good they are; crowds are not judged."""
    searched = [(it.boxes, it.gt_boxes) for it in outcomes if it.boxes is not None]
    counts = [len(boxes) for boxes, _ in searched]
    mean = np.mean(counts) if counts else 0
    print(f"images     {len(searched)}, of which {kept} were searched before; {seconds:.1f} s")
    print(f"proposals  {sum(counts)}, {mean:.0f} an image")
    nobody = np.zeros((len(LIMITS), 0), np.float32)
    each = (best_overlap(proposals=it, gt_boxes=gt, limits=LIMITS) for it, gt in searched)
    overlaps = np.concatenate([nobody, *each], axis=1)
    for limit, row in zip(LIMITS, overlaps, strict=True):
        found, mabo = recall(row, 0.5), mean_average_best_overlap(row)
        if found is not None and mabo is not None:
            print(f"first {limit:<5}recall at IoU 0.5 {found:.3f}, mean best overlap {mabo:.3f}")


def _row(outcome: ProposalOutcome, boxes: FloatArray) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "height": outcome.height,
        "width": outcome.width,
        "boxes": np.round(boxes.astype(np.float64), 3).tolist(),
    }
