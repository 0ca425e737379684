"""Several data sets as one, for example to train on photographs and on synthetic scenes together."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Sequence

from fastrcnn_core.datasets.dataset import Annotation, Dataset, Split
from fastrcnn_core.errors import DataError
from fastrcnn_core.structures import AnnotatedImage

SEPARATOR = " + "  # between the settings of the parts


class UnionDataset(Dataset):
    """The images of several data sets; each part keeps its own split.

    Raises:
        DataError: the parts' classes differ, or two of their images have the same name.
    """

    def __init__(self, parts: Sequence[Dataset]) -> None:
        self.parts = tuple(parts)
        self._part_of = {name: part for part in parts for name in part.names}
        _expect_same_classes(parts)
        if len(self._part_of) < sum(map(len, parts)):
            raise DataError(
                "Two images of these data sets have the same name, so they cannot be told apart.",
                hint="Rename one of them, or leave one of the data sets out.",
            )
        super().__init__(
            title=SEPARATOR.join(part.title for part in parts),
            setting=SEPARATOR.join(part.setting for part in parts),
            classes=parts[0].classes,
            names=tuple(sorted(self._part_of)),
            notes=tuple(note for part in parts for note in part.notes),
        )
        self.split = Split(
            tuple(name for part in parts for name in part.split.train),
            tuple(name for part in parts for name in part.split.test),
        )

    def read(self, name: str) -> AnnotatedImage:
        """Read the image from the part that has it."""
        return self._part_of[name].load(name)

    def read_annotation(self, name: str) -> Annotation:
        """Read the annotation from the part that has it."""
        return self._part_of[name].annotation(name)

    def file_name(self, name: str) -> str:
        """Return the name of the image's file in the part that has it."""
        return self._part_of[name].file_name(name)

    def hash_content(self) -> str:
        """Hash the parts' content hashes, in any order of the parts."""
        return _hash_texts(part.content_hash for part in self.parts)

    @property
    def former_hashes(self) -> tuple[str, ...]:
        """The hashes of all combinations of the parts' present and former hashes."""
        each = [(part.content_hash, *part.former_hashes) for part in self.parts]
        return tuple(map(_hash_texts, itertools.product(*each)))


def _hash_texts(hashes: Iterable[str]) -> str:
    return hashlib.blake2b(" ".join(sorted(hashes)).encode(), digest_size=16).hexdigest()


def _expect_same_classes(parts: Sequence[Dataset]) -> None:
    for part in parts[1:]:
        if part.classes != parts[0].classes:
            raise DataError(
                f"{parts[0].title} has the classes {', '.join(parts[0].classes)}, but {part.title} has "
                f"{', '.join(part.classes)}.",
                hint="Combine only data sets with the same classes.",
            )
