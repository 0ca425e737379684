"""The abstract data set: names, images by name, a split that never changes, and a hash of the content.

Shape letters: H, W image; N ground-truth boxes.
"""

from __future__ import annotations

import difflib
import hashlib
import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fastrcnn_core.errors import DataError
from fastrcnn_core.files import cache_folder, write_text
from fastrcnn_core.structures import AnnotatedImage, BoolArray, FloatArray, IntArray, crowd_mask

# The split that design.md promises: 170 images become 136 + 34. Source: the notebook.
SPLIT_SEED = 42
VALIDATION_SEED = 43  # chosen here
TRAIN_SHARE = 0.8

# Where an annotation tool has split its export.
EXPORT_SPLIT = "as the export was split (its validation part counts as test)"

Id = int | str


@dataclass(frozen=True)
class Split:
    """The names to train on and the names to test on, each in the split's own order."""

    train: tuple[str, ...]
    test: tuple[str, ...]

    def part_of(self, name: str) -> str:
        """Return "train" or "test".

        Raises:
            KeyError: the name is in neither.
        """
        return self._parts[name]

    @cached_property
    def _parts(self) -> dict[str, str]:
        return dict.fromkeys(self.train, "train") | dict.fromkeys(self.test, "test")


def split_by_name(names: Iterable[str]) -> Split:
    """Split names 80 : 20, whatever their order: sorted, shuffled with seed 42, the first 80 % for training."""
    shuffled = sorted(names)
    random.Random(SPLIT_SEED).shuffle(shuffled)
    count = int(TRAIN_SHARE * len(shuffled))
    return Split(tuple(shuffled[:count]), tuple(shuffled[count:]))


def validation_split(names: Sequence[str], share: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split training names into those to train on and a validation share, by seed 43, whatever their order."""
    shuffled = sorted(names)
    random.Random(VALIDATION_SEED).shuffle(shuffled)
    count = round(share * len(shuffled))
    return tuple(sorted(shuffled[count:])), tuple(sorted(shuffled[:count]))


@dataclass(frozen=True)
class CocoIds:
    """The ids by which files in COCO's format refer to a data set's images and classes.

    Source: https://cocodataset.org/#format-results: a result names its image and category by the annotation file's ids.

    Args:
        images: the id of each image, by its name.
        categories: the K ids; label i > 0 is `categories[i - 1]`.
    """

    images: Mapping[str, Id]
    categories: tuple[Id, ...]

    @classmethod
    def counted(cls, names: Sequence[str], classes: Sequence[str]) -> CocoIds:
        """Count from 1, for a data set that was read from no annotation file in COCO's format."""
        images = {name: number for number, name in enumerate(names, start=1)}
        return cls(images, tuple(range(1, len(classes) + 1)))


@dataclass(frozen=True, eq=False)
class Annotation:
    """The ground truth of an image without its pixels: cheap enough to list a whole data set.

    Args:
        name: the image's name in the data set.
        height, width: of the image.
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
    def of(cls, annotated: AnnotatedImage) -> Annotation:
        """Drop the pixels of an annotated image."""
        height, width = annotated.image.height, annotated.image.width
        return cls(annotated.name, height, width, annotated.boxes, annotated.labels, annotated.tags)


class Dataset(ABC):
    """Annotated images, found by name and read when asked for.

    A subclass implements `read` and `hash_content`, and overrides `read_annotation` where an annotation is cheaper
    to read than its image. Instances can be pickled, so that worker processes can read too.

    Args:
        title: the name shown to people.
        setting: the text after `--data` that opens it again: an absolute path, or "synthetic:60".
        classes: the K names; label i > 0 is `classes[i - 1]`.
        names: the images, each name once.
        notes: sentences for the screen: what was left out when the data set was opened, and why.
    """

    split_reason = "the same on every machine because names decide"

    def __init__(
        self,
        *,
        title: str,
        setting: str,
        classes: tuple[str, ...],
        names: tuple[str, ...],
        notes: tuple[str, ...] = (),
    ) -> None:
        if len(set(names)) != len(names):
            raise ValueError("two images of a data set have the same name")
        self.title = title
        self.setting = setting
        self.classes = classes
        self.names = names
        self.notes = notes

    @abstractmethod
    def read(self, name: str) -> AnnotatedImage:
        """Read the image of a name that exists, with its annotation."""

    @abstractmethod
    def hash_content(self) -> str:
        """Compute 32 hexadecimal digits from everything in the data set; may take a moment."""

    def read_annotation(self, name: str) -> Annotation:
        """Read the annotation of a name that exists."""
        return Annotation.of(self.read(name))

    def file_name(self, name: str) -> str:
        """Return the name of the image's file, for annotation files that refer to it."""
        return f"{name}.png"

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def split(self) -> Split:
        """The names to train on and to test on; depends on the names alone."""
        return split_by_name(self.names)

    @cached_property
    def coco_ids(self) -> CocoIds:
        """The ids for files in COCO's format: those of its own annotation file, or counted from 1."""
        return CocoIds.counted(self.names, self.classes)

    @cached_property
    def content_hash(self) -> str:
        """32 hexadecimal digits that change when, and only when, the data does."""
        return self.hash_content()

    @property
    def former_hashes(self) -> tuple[str, ...]:
        """Content hashes that former versions of this program gave the same content."""
        return ()

    def has_hash(self, content_hash: str | None) -> bool:
        """Tell whether a stored content hash, of this version or a former one, is this data set's."""
        return content_hash == self.content_hash or content_hash in self.former_hashes

    def load(self, name: str) -> AnnotatedImage:
        """Return the annotated image of this name.

        Raises:
            DataError: the name does not exist, or its files do not fit together.
            ImageError: a picture file cannot be read.
        """
        self._expect_name(name)
        return self.read(name)

    def annotation(self, name: str) -> Annotation:
        """Return the annotation of this name; decodes no pixels where that can be avoided.

        Raises:
            DataError, ImageError: as `load`.
        """
        self._expect_name(name)
        return self.read_annotation(name)

    def _expect_name(self, name: str) -> None:
        if name not in self._name_set:
            near = difflib.get_close_matches(name, self.names, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else "Pick one of the names in the list."
            raise DataError(f"{self.title} has no image {name!r}.", hint=hint)

    @cached_property
    def _name_set(self) -> frozenset[str]:
        return frozenset(self.names)


def hash_files(root: Path, files: Iterable[Path]) -> str:
    """Hash the contents of files and their paths below `root`: 32 hexadecimal digits.

    The same data set gives the same digits in any folder, on any machine and in any order of `files`. The digits are
    cached on disk and computed again when a file's size or time of change differs.
    """
    ordered = sorted(files, key=lambda path: path.relative_to(root).as_posix())
    cached = cache_folder() / "fingerprints" / f"{_hash_listing(root, ordered)}.txt"
    if cached.is_file():
        return cached.read_text(encoding="utf-8")
    digest = hashlib.blake2b(digest_size=16)
    for path in ordered:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}:{len(content)}:".encode())
        digest.update(content)
    write_text(cached, digest.hexdigest())
    return digest.hexdigest()


def _hash_listing(root: Path, files: Sequence[Path]) -> str:
    """Hash the paths, sizes and times of change of files, which takes no reading."""
    digest = hashlib.blake2b(str(root.resolve()).encode(), digest_size=16)
    for path in files:
        facts = path.stat()
        digest.update(f"\n{path} {facts.st_size} {facts.st_mtime_ns}".encode())
    return digest.hexdigest()
