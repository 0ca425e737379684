"""A priority queue in two arrays, for kernels: the item with the highest key is on top.

Of equal keys the lower item is higher, so that the order never depends on how the heap was filled.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastrcnn_core.selective_search.compiled import kernel

Keys = npt.NDArray[np.float32]
Items = npt.NDArray[np.int32]


@kernel
def push(keys: Keys, items: Items, length: int, key: float, item: int) -> None:
    """Add an item to a heap of `length` items; the arrays are longer than that."""
    place = length
    while place > 0:
        above = (place - 1) >> 1
        if keys[above] > key or (keys[above] == key and items[above] < item):
            break
        keys[place], items[place] = keys[above], items[above]
        place = above
    keys[place], items[place] = key, item


@kernel
def pop(keys: Keys, items: Items, length: int) -> None:
    """Take the top, `items[0]`, off a heap of `length` items; the last place is free afterwards."""
    key, item = keys[length - 1], items[length - 1]
    place = 0
    while True:
        below = 2 * place + 1
        if below >= length - 1:
            break
        right = below + 1
        if right < length - 1 and (
            keys[right] > keys[below]
            or (keys[right] == keys[below] and items[right] < items[below])
        ):
            below = right
        if key > keys[below] or (key == keys[below] and item < items[below]):
            break
        keys[place], items[place] = keys[below], items[below]
        place = below
    keys[place], items[place] = key, item
