"""Data loader: annotated images with their proposals, the last used kept in memory, and the batches of each epoch."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import suppress

import torch
from cachetools import LRUCache

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.proposals import ProposalStore
from fastrcnn_core.structures import AnnotatedImage, FloatArray
from fastrcnn_core.training.augmentation import seeded_generator

MEMORY_BYTES = 2**29

Example = tuple[AnnotatedImage, FloatArray]  # and its (P, 4) proposals


class DataLoader:
    """Load annotated images with their proposals by name, through an LRU cache in memory.

    Args:
        dataset: the source of the images.
        store, config: the source of their proposals, and the knobs that these were searched with.
        memory_bytes: size limit of the cached pixels; the least recently used images are evicted first.
    """

    def __init__(
        self,
        dataset: Dataset,
        store: ProposalStore,
        config: ProposalConfig,
        *,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self.dataset = dataset
        self.store = store
        self.config = config
        self._cache: LRUCache[str, Example] = LRUCache(memory_bytes, getsizeof=_pixel_bytes)

    def get(self, name: str) -> Example:
        """Load the annotated image of this name, without instance masks, and its (P, 4) proposals, best first.

        Raises:
            DataError: the image cannot be read.
        """
        example = self._cache.get(name)
        if example is None:
            annotated = dataclasses.replace(self.dataset.load(name), instances=None)
            example = annotated, self.store.get(annotated.image, self.config)
            with suppress(ValueError):  # larger than the whole cache
                self._cache[name] = example
        return example


def batch_names(names: Sequence[str], *, step: int, images: int, seed: int) -> tuple[str, ...]:
    """Name the images of a step's batch, steps counted from 1; a batch may span two epochs.

    Every epoch shuffles all names anew. A function of its arguments alone, so that a resumed run sees the images in
    the order of an uninterrupted one.
    """
    first = (step - 1) * images
    return tuple(_name_at(sorted(names), place, seed) for place in range(first, first + images))


def _name_at(names: Sequence[str], place: int, seed: int) -> str:
    epoch, position = divmod(place, len(names))
    order = torch.randperm(len(names), generator=seeded_generator(seed, "epoch", epoch))
    return names[int(order[position])]


def _pixel_bytes(example: Example) -> int:
    return example[0].image.pixels.nbytes
