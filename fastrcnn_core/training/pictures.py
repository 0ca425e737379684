"""Annotated pictures with their proposals, by name: those used last stay in memory."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.proposals import ProposalStore
from fastrcnn_core.structures import AnnotatedImage, FloatArray

MEMORY_BYTES = 2**29

Picture = tuple[AnnotatedImage, FloatArray]


class Pictures:
    """What a training step takes, read from disk once as long as memory lasts.

    Args:
        dataset: where the pictures are. store, config: where their proposals are, and which.
        memory_bytes: as many pixels are kept at most.
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
        self.memory_bytes = memory_bytes
        self._kept: OrderedDict[str, Picture] = OrderedDict()
        self._bytes = 0

    def get(self, name: str) -> Picture:
        """The annotated image of this name, without instance masks, and its (P, 4) proposals, best first.

        Raises:
            DataError: it cannot be read.
        """
        if name not in self._kept:
            annotated = dataclasses.replace(self.dataset.load(name), instances=None)
            self._kept[name] = annotated, self.store.get(annotated.image, self.config)
            self._bytes += annotated.image.pixels.nbytes
        self._kept.move_to_end(name)
        picture = self._kept[name]
        while self._bytes > self.memory_bytes and len(self._kept) > 1:
            _, (forgotten, _) = self._kept.popitem(last=False)
            self._bytes -= forgotten.image.pixels.nbytes
        return picture
