"""What a data set is, wherever it comes from: names, pictures by name, and a split that never changes.

Shape letters: H, W image; N ground-truth boxes.
"""

from __future__ import annotations

import difflib
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from fastrcnn_core.datasets.numbering import CocoIds, counted
from fastrcnn_core.errors import DataError
from fastrcnn_core.structures import AnnotatedImage, BoolArray, FloatArray, IntArray, crowd_mask

# The split that design.md promises: 170 images become 136 + 34. Source: the notebook.
SPLIT_SEED = 42
TRAIN_SHARE = 0.8


@dataclass(frozen=True)
class Split:
    """The names to train on and the names to test on, each in the split's own order."""

    train: tuple[str, ...]
    test: tuple[str, ...]

    def part_of(self, name: str) -> str:
        """ "train" or "test".

        Raises:
            KeyError: the name is in neither.
        """
        for part in ("train", "test"):
            if name in getattr(self, part):
                return part
        raise KeyError(name)


def split_by_name(names: Iterable[str]) -> Split:
    """The same split whatever the order in which the names come: sorted, shuffled with seed 42, first 80 % train."""
    shuffled = sorted(names)
    random.Random(SPLIT_SEED).shuffle(shuffled)
    count = int(TRAIN_SHARE * len(shuffled))
    return Split(tuple(shuffled[:count]), tuple(shuffled[count:]))


@dataclass(frozen=True, eq=False)
class Annotation:
    """What is known of a picture without its pixels: cheap enough to list a whole data set.

    Args:
        name: the picture's name in the data set.
        height, width: of the picture.
        boxes, labels, tags: as in `AnnotatedImage`.
    """

    name: str
    height: int
    width: int
    boxes: FloatArray
    labels: IntArray
    tags: tuple[str, ...]

    @property
    def is_crowd(self) -> BoolArray:
        """(N,) bool, as in `AnnotatedImage`."""
        return crowd_mask(self.tags)

    @classmethod
    def of(cls, it: AnnotatedImage) -> Annotation:
        """The annotated image without its pixels."""
        return cls(it.name, it.image.height, it.image.width, it.boxes, it.labels, it.tags)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Annotated images, found by name and read when they are asked for.

    Args:
        title: what people call it.
        setting: what to hand to `--data` to open it again: an absolute path, or "synthetic:60:0".
        classes: the K names; label i > 0 is `classes[i - 1]`.
        names: the pictures, each name once.
        read: the annotated image of a name.
        fingerprint: a hash of everything that is in it; may take a moment.
        annotate: a name's annotation without decoding its picture; None where that is no cheaper than `read`.
        notes: sentences for the screen: what was left out when it was opened, and why.
        own_split: for a data set made of others, which have split already; None splits by name.
        own_ids: of the annotation file that it was read from; None where there is none in COCO's format.

    The callables can be pickled, so that worker processes can read too.
    """

    title: str
    setting: str
    classes: tuple[str, ...]
    names: tuple[str, ...]
    read: Callable[[str], AnnotatedImage]
    fingerprint: Callable[[], str]
    annotate: Callable[[str], Annotation] | None = None
    notes: tuple[str, ...] = ()
    own_split: Split | None = None
    own_ids: CocoIds | None = None

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise ValueError("two images of a data set have the same name")

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def split(self) -> Split:
        """The names to train on and to test on; depends on the names alone."""
        return self.own_split or split_by_name(self.names)

    @cached_property
    def coco_ids(self) -> CocoIds:
        """How files in COCO's format name its pictures and classes: as its own file does, else counted from 1."""
        return self.own_ids or counted(self.names, self.classes)

    @cached_property
    def content_hash(self) -> str:
        """32 hexadecimal digits that change when, and only when, the data does."""
        return self.fingerprint()

    def load(self, name: str) -> AnnotatedImage:
        """The annotated image of this name.

        Raises:
            DataError: there is none of this name, or it cannot be read.
        """
        self._expect_known(name)
        return self.read(name)

    def annotation(self, name: str) -> Annotation:
        """What is known of the image of this name, without its pixels where that is cheaper.

        Raises:
            DataError: there is none of this name, or it cannot be read.
        """
        self._expect_known(name)
        if self.annotate is not None:
            return self.annotate(name)
        return Annotation.of(self.read(name))

    def _expect_known(self, name: str) -> None:
        if name not in self._known:
            near = difflib.get_close_matches(name, self.names, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else "Pick one of the names in the list."
            raise DataError(f"{self.title} has no image {name!r}.", hint=hint)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.names)
