"""Several data sets as one: train on real pictures and on made-up ones together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from fastrcnn_core.datasets.dataset import Annotation, Dataset, Split
from fastrcnn_core.errors import DataError
from fastrcnn_core.structures import AnnotatedImage

SEPARATOR = " + "  # between the settings of the parts


def together(parts: Sequence[Dataset]) -> Dataset:
    """One data set with the pictures of all; each part keeps its own split.

    Raises:
        DataError: the parts' classes differ, or two of their pictures have the same name.
    """
    homes = {name: part for part in parts for name in part.names}
    _expect_same_classes(parts)
    if len(homes) < sum(map(len, parts)):
        raise DataError(
            "Two pictures of these data sets have the same name, so that nobody could tell them apart.",
            hint="Rename one of them, or leave one of the data sets out.",
        )
    read = _Homes(homes)
    return Dataset(
        title=SEPARATOR.join(part.title for part in parts),
        setting=SEPARATOR.join(part.setting for part in parts),
        classes=parts[0].classes,
        names=tuple(sorted(homes)),
        read=read.load,
        fingerprint=partial(_fingerprint, parts),
        annotate=read.annotation,
        notes=tuple(note for part in parts for note in part.notes),
        own_split=Split(
            tuple(name for part in parts for name in part.split.train),
            tuple(name for part in parts for name in part.split.test),
        ),
    )


@dataclass(frozen=True)
class _Homes:
    """Where each picture is."""

    homes: dict[str, Dataset]

    def load(self, name: str) -> AnnotatedImage:
        return self.homes[name].load(name)

    def annotation(self, name: str) -> Annotation:
        return self.homes[name].annotation(name)


def _fingerprint(parts: Sequence[Dataset]) -> str:
    joined = " ".join(sorted(part.content_hash for part in parts))
    return hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()


def _expect_same_classes(parts: Sequence[Dataset]) -> None:
    for part in parts[1:]:
        if part.classes != parts[0].classes:
            raise DataError(
                f"{parts[0].title} has the classes {', '.join(parts[0].classes)}, but {part.title} has "
                f"{', '.join(part.classes)}.",
                hint="Put together only data sets with the same classes.",
            )
