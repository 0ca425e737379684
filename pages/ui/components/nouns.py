"""What the marked things of a data set are called: people where they are people, objects where classes are mixed."""

from __future__ import annotations

PEOPLE = ("person", "pedestrian")


def one(classes: tuple[str, ...]) -> str:
    """A single one of them."""
    return "person" if _are_people(classes) else "object"


def many(classes: tuple[str, ...]) -> str:
    """Several of them."""
    return "people" if _are_people(classes) else "objects"


def _are_people(classes: tuple[str, ...]) -> bool:
    return bool(classes) and all(name.lower() in PEOPLE for name in classes)
