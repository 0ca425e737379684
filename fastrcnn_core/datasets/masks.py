"""From an instance mask, which numbers every pixel of one object alike, to boxes.

Shape letters: H, W image; N objects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastrcnn_core.errors import DataError
from fastrcnn_core.structures import FloatArray


@dataclass(frozen=True, eq=False)
class Instances:
    """The objects of a mask, in the order of the numbers that the mask gives them.

    Args:
        numbers: (N,) int64, the mask's own numbers; they may have gaps.
        boxes: (N, 4) float32, the smallest that hold all pixels of an object.
        map: (H, W) int32, 0 where nobody is, i + 1 where object i is.
    """

    numbers: npt.NDArray[np.int64]
    boxes: FloatArray
    map: npt.NDArray[np.int32]


def instances_of(mask: npt.NDArray[np.int32]) -> Instances:
    """The objects of a mask (H, W): 0 where nobody is, one number above 0 for each object's pixels.

    Raises:
        DataError: a number below 0.
    """
    if mask.min(initial=0) < 0:
        raise DataError(
            "A mask has numbers below 0.",
            hint="Number its objects from 1; 0 is where nothing is.",
        )
    numbers, relabelled = _relabel(mask)
    return Instances(numbers, _boxes(relabelled, len(numbers)), relabelled)


def _relabel(mask: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """The numbers above 0 that occur, and the mask with 1..N in their place."""
    occupied = mask > 0
    numbers = np.unique(mask[occupied])
    relabelled = np.zeros(mask.shape, dtype=np.int32)
    relabelled[occupied] = np.searchsorted(numbers, mask[occupied]) + 1
    return numbers.astype(np.int64), relabelled


def _boxes(relabelled: npt.NDArray[np.int32], count: int) -> FloatArray:
    """(count, 4) the smallest box around each number's pixels, in one pass however many there are."""
    y, x = np.nonzero(relabelled)
    index = relabelled[y, x] - 1
    top_left = np.full((2, count), max(relabelled.shape))
    bottom_right = np.zeros((2, count), dtype=int)
    for axis, place in enumerate((x, y)):
        np.minimum.at(top_left[axis], index, place)
        np.maximum.at(bottom_right[axis], index, place + 1)
    return np.vstack([top_left, bottom_right]).T.astype(np.float32)
