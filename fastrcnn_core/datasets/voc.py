"""Pascal VOC's layout: an XML file for each picture.

Source: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/, sections 2 and 3: corners count from 1, inclusive.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from fastrcnn_core.datasets.coco import misfit
from fastrcnn_core.datasets.label_files import (
    PARTS,
    Labelled,
    LabelledDataset,
    LeftOut,
    pictures_in,
    read_labelled,
)
from fastrcnn_core.images import read_size
from fastrcnn_core.structures import class_key

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def find_voc(folder: Path) -> dict[Path, tuple[Path, str]]:
    """Map label files to the folder of their pictures and their part, empty without one."""
    places = [(folder, folder, ""), (folder / "Annotations", folder / "JPEGImages", "")]
    places += [(folder / part, folder / part, part) for part in PARTS]
    return {
        label: (pictures, part)
        for labels, pictures, part in places
        for label in sorted(labels.glob("*.xml"))
        if label.name[0] != "."
    }


def open_voc(folder: Path) -> LabelledDataset:
    """Open a folder for which `find_voc` finds label files.

    Raises:
        DataError: none of them belongs to a picture that can be used.
    """
    labels = find_voc(folder)
    left_out = LeftOut()
    parts, lists = _listed_parts(folder)
    by_stem = {
        folder: {picture.stem: picture for picture in pictures_in(folder)}
        for folder in {pictures for pictures, _ in labels.values()}
    }
    trees: dict[Path, Element] = {}
    label_of: dict[Path, Path] = {}
    for label, (pictures, _) in labels.items():
        picture = by_stem[pictures].get(label.stem)
        if parts and label.stem not in parts:
            left_out.causes.append(f"{label.stem} is in no list of ImageSets/Main.")
        elif picture is None:
            left_out.causes.append(f"{label.name} has no picture in {pictures}.")
        elif (tree := _tree(label)) is None:
            left_out.causes.append(f"{label.name} is no XML file, or a damaged one.")
        else:
            trees[picture], label_of[picture] = tree, label
    classes = _classes(trees)
    from_zero = _counts_from_zero(trees)

    def read(picture: Path) -> Labelled:
        label = label_of[picture]
        height, width = _size(picture, trees[picture])
        rows = _rows(trees[picture], classes, first=0 if from_zero else 1)
        part = parts.get(picture.stem) or labels[label][1]
        return Labelled(picture, label, height, width, rows, part)

    images = read_labelled(trees, read, left_out)
    notes = [*left_out.sentences(), *_notes(trees, by_stem, from_zero)]
    return LabelledDataset(
        folder, images, classes=tuple(classes.values()), notes=notes, listed=lists
    )


def _tree(label: Path) -> Element | None:
    """Parse an XML file; None if it is none or declares entities, which a label file never needs."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        return fromstring(label.read_bytes(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, OSError):
        return None


def _classes(trees: dict[Path, Element]) -> dict[str, str]:
    """Map each class's key to its most frequent spelling, sorted."""
    spellings = Counter(
        name.strip()
        for tree in trees.values()
        for name in (object.findtext("name") or "" for object in tree.iter("object"))
        if name.strip()
    )
    ranked = sorted(spellings, key=lambda name: (spellings[name], name))
    names = {class_key(name): name for name in ranked}
    return dict(sorted(names.items())) or {"object": "object"}


def _corners(object: Element) -> list[float] | None:
    box = object.find("bndbox")
    if box is None:
        return None
    try:
        return [float(box.findtext(corner) or "") for corner in _CORNERS]
    except ValueError:
        return None


def _counts_from_zero(trees: dict[Path, Element]) -> bool:
    """Tell whether a corner below 1 shows that a tool counted pixels from 0, as many do."""
    boxes = (_corners(object) for tree in trees.values() for object in tree.iter("object"))
    return any(0 <= min(box[:2]) < 1 for box in boxes if box is not None)


def _rows(tree: Element, classes: dict[str, str], *, first: int) -> list[dict[str, object]]:
    labels = {key: number for number, key in enumerate(classes, start=1)}
    rows: list[dict[str, object]] = []
    for number, object in enumerate(tree.iter("object"), start=1):
        bbox = None
        if corners := _corners(object):
            x1, y1, x2, y2 = corners
            bbox = [x1 - first, y1 - first, x2 - x1 + first, y2 - y1 + first]
        key = class_key(object.findtext("name") or "")
        rows.append({"id": number, "category_id": labels.get(key), "bbox": bbox})
    return rows


def _size(picture: Path, tree: Element) -> tuple[int, int]:
    """Return the upright picture's height and width.

    Raises:
        DataError: the label file says another size. ImageError: no picture.
    """
    height, width = read_size(picture, name=picture.name)
    texts = [(tree.findtext(f"size/{side}") or "").strip() for side in ("height", "width")]
    if all(text.isdecimal() and int(text) for text in texts):
        listed = (int(texts[0]), int(texts[1]))
        if listed != (height, width):
            raise misfit(picture.name, actual=(height, width), listed=listed)
    return height, width


def _listed_parts(folder: Path) -> tuple[dict[str, str], list[Path]]:
    """Read ImageSets/Main: the part of each stem, and the lists; both empty unless they split the folder."""
    main = folder / "ImageSets" / "Main"
    train = [path for path in (main / "train.txt", main / "trainval.txt") if path.is_file()][:1]
    rest = [path for path in (main / "val.txt", main / "test.txt") if path.is_file()]
    parts: dict[str, str] = {}
    for path in (*rest, *train):  # with trainval.txt alone, the validation part was for training
        part = "train" if path in train else "test"
        words = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
        parts |= {line[0]: part for line in words if line}
    return (parts, [*train, *rest]) if len(set(parts.values())) > 1 else ({}, [])


def _notes(
    trees: dict[Path, Element], by_stem: dict[Path, dict[str, Path]], from_zero: bool
) -> list[str]:
    notes = []
    if from_zero:
        notes.append(
            "A corner is below 1: pixels were taken to count from 0, not from 1 as VOC's do."
        )
    difficult = sum(
        (object.findtext("difficult") or "").strip() == "1"
        for tree in trees.values()
        for object in tree.iter("object")
    )
    if difficult:
        notes.append(f"{difficult} boxes are marked as difficult; they count like the others.")
    alone = sorted(
        path.name for stems in by_stem.values() for path in stems.values() if path not in trees
    )
    if alone:
        notes.append(
            f"{len(alone)} pictures have no label file that can be used (first: {alone[0]}); they are not used, not "
            "even as background."
        )
    return notes
