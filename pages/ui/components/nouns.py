"""Nouns for annotated objects: "person" where all classes are people, "object" where classes are mixed."""

from __future__ import annotations

from fastrcnn_core.structures import AnnotatedImage

PEOPLE = ("person", "pedestrian")


def singular(classes: tuple[str, ...]) -> str:
    """Return "person" or "object"."""
    return "person" if _are_people(classes) else "object"


def plural(classes: tuple[str, ...]) -> str:
    """Return "people" or "objects"."""
    return "people" if _are_people(classes) else "objects"


def numbered(annotated: AnnotatedImage, gt_index: int) -> str:
    """Name a ground-truth box by its class and number, such as "person 2"; a dash for -1, no box."""
    if gt_index < 0:
        return "–"
    return f"{annotated.classes[annotated.labels[gt_index] - 1]} {gt_index + 1}"


def _are_people(classes: tuple[str, ...]) -> bool:
    return bool(classes) and all(name.lower() in PEOPLE for name in classes)
