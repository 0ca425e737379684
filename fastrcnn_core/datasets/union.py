"""Several data sets as one, for example to train on photographs and on synthetic scenes together."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fastrcnn_core.datasets.dataset import EXPORT_SPLIT, Annotation, Dataset, Split
from fastrcnn_core.errors import DataError
from fastrcnn_core.structures import AnnotatedImage

_PART = re.compile(r"train|valid|val|test")
_DIGITS = re.compile(r"\d+")

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


class SplitExport(UnionDataset):
    """An export of an annotation tool that comes split: the parts' own split is kept.

    Args:
        folder: its root.
        train: the data sets to train on. test: those to test on, validation parts included.
    """

    split_reason = EXPORT_SPLIT

    def __init__(self, folder: Path, train: Sequence[Dataset], test: Sequence[Dataset]) -> None:
        super().__init__([*train, *test])
        self.title, self.setting = folder.name, str(folder)
        self.split = Split(
            tuple(name for part in train for name in part.names),
            tuple(name for part in test for name in part.names),
        )


def find_split_export(folder: Path) -> tuple[list[Path], list[Path]] | None:
    """Find the COCO files to train on and to test on in a folder that an export has split; None if it has not.

    Either each part has a folder (Roboflow: train, valid, test), or its file says so (COCO: instances_train2017.json
    and instances_val2017.json, here or in `annotations`).
    """
    files: dict[str, list[Path]] = defaultdict(list)
    for path in (*folder.glob("*.json"), *(folder / "annotations").glob("*.json")):
        rest, count = _PART.subn("", path.stem.lower())
        if count:
            files[_DIGITS.sub("", rest)].append(path)
    # COCO's own folder has captions and keypoints beside the boxes.
    ranked = sorted(files.items(), key=lambda item: ("instances" not in item[0], item[0]))
    for _, paths in ranked:
        if parts := _by_part({path: path.stem for path in paths}):
            return parts
    inside = {
        path: child.name
        for child in (folder.iterdir() if folder.is_dir() else ())
        if child.is_dir() and _PART.fullmatch(child.name.lower())
        for path in child.glob("*.json")
    }
    return _by_part(inside)


def _by_part(names: Mapping[Path, str]) -> tuple[list[Path], list[Path]] | None:
    """Sort files into those to train on and those to test on, by the part's name; None without both."""
    is_train = {path: "train" in name.lower() for path, name in names.items()}
    train = sorted(path for path, value in is_train.items() if value)
    test = sorted(path for path, value in is_train.items() if not value)
    return (train, test) if train and test else None


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
