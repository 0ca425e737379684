"""Repair of COCO annotation files that other tools wrote in another convention: certain cases only, each with a note.

Whether boxes are fractions, corners or centres is judged over the whole file, so that one odd box accuses no healthy
set. What is repaired: ids of another type, categories that differ in case or are only a parent's name, outlines without
boxes, numbers as texts, and boxes as fractions, corners or centres. The file itself is never changed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pycocotools import mask as coco_mask

from fastrcnn_core.errors import DataError
from fastrcnn_core.structures import class_key

Rows = list[dict[str, Any]]
Box = tuple[float, float, float, float]

# Chosen here: a box that sticks out by no more than a pixel was rounded, which is not worth a note.
ROUNDING = 1.0
# Chosen here.
_FEWEST = 4  # boxes, below which no convention is concluded from boxes that stick out
_SHARE_STICKING_OUT = 0.25  # of all boxes; in a healthy set it is a few in a hundred
_AREA_TOLERANCE = 1e-3
_MOST = 0.9  # of the boxes with an area


def repair(content: dict[str, Rows]) -> list[str]:
    """Repair the lists of an annotation file in place; return a sentence for each kind of repair.

    Raises:
        DataError: ids are listed in two forms, such as 12 and "12", so that a box could belong to either.
    """
    steps = (_images, _ids, _categories, _texts, _outlines, _fractions, _corners, _centres)
    return [note for step in steps if (note := step(content))]


def _images(content: dict[str, Rows]) -> str:
    """Leave out entries of images without a file name or an id, if there are others."""
    usable = [
        entry
        for entry in content["images"]
        if isinstance(entry, dict)
        and isinstance(entry.get("file_name"), str)
        and isinstance(entry.get("id"), int | str | float)
    ]
    count = len(content["images"]) - len(usable)
    if not count or not usable:
        return ""
    content["images"] = usable
    return f"{count} × an image was left out because its entry has no id or no file name."


def _ids(content: dict[str, Rows]) -> str:
    """Let boxes refer to ids as these are listed: 12, "12" and 12.0 are one id."""
    changed = 0
    for listed, key in (("images", "image_id"), ("categories", "category_id")):
        entries = [entry for entry in content[listed] if isinstance(entry, dict)]
        for entry in entries:
            if isinstance(entry.get("id"), float) and entry["id"].is_integer():
                entry["id"] = int(entry["id"])
        ids = [entry.get("id") for entry in entries]
        by_text: dict[str, Any] = {}
        for id_ in ids:
            if by_text.setdefault(str(id_), id_) != id_:
                raise DataError(
                    f"The annotation file lists the id {id_} twice in {listed}, as a number and as a text.",
                    hint="Number them anew: a box cannot tell which of both it belongs to.",
                )
        exact = {id_ for id_ in ids if isinstance(id_, int | str)}
        for row in _dicts(content["annotations"]):
            value = row.get(key)
            if isinstance(value, int | str | float) and value not in exact:
                text = (
                    str(int(value))
                    if isinstance(value, float) and value.is_integer()
                    else str(value)
                )
                if text in by_text:
                    row[key] = by_text[text]
                    changed += 1
            elif isinstance(value, float):
                row[key] = int(value)
    if not changed:
        return ""
    return f"{changed} × a box refers to an id in another form than the lists (text or number): taken to be the same."


def _categories(content: dict[str, Rows]) -> str:
    """Leave out parents without boxes; give names that differ in case or outer spaces one spelling."""
    categories = [entry for entry in content["categories"] if isinstance(entry.get("name"), str)]
    used = {
        row.get("category_id")
        for row in _dicts(content["annotations"])
        if _is_id(row.get("category_id"))
    }
    parents = {class_key(str(entry.get("supercategory", ""))) for entry in categories}
    left_out = [
        entry
        for entry in categories
        if entry.get("id") not in used
        and class_key(entry["name"]) in parents
        and class_key(str(entry.get("supercategory", ""))) != class_key(entry["name"])
    ]
    notes = []
    if left_out and len(left_out) < len(content["categories"]):
        content["categories"] = [entry for entry in content["categories"] if entry not in left_out]
        names = ", ".join(entry["name"] for entry in left_out)
        notes.append(
            f"Left out of the classes: {names}, a parent of other classes without boxes of its own."
        )
    spellings: dict[str, set[str]] = {}
    for entry in content["categories"]:
        if isinstance(entry.get("name"), str):
            spellings.setdefault(class_key(entry["name"]), set()).add(entry["name"])
    several = [sorted(names) for names in spellings.values() if len(names) > 1]
    if several:
        listed = "; ".join(" and ".join(map(repr, names)) for names in several)
        notes.append(f"One class under several spellings: {listed}.")
        _merge_spellings(content)
    return " ".join(notes)


def _merge_spellings(content: dict[str, Rows]) -> None:
    """Give all boxes of one class, however its name is spelled, the first of its category ids."""
    first: dict[str, dict[str, Any]] = {}
    new_id: dict[Any, Any] = {}
    spellings = {(entry["name"], class_key(entry["name"])) for entry in content["categories"]}
    counts = Counter(key for _, key in spellings)
    categories = []
    for entry in content["categories"]:
        key = class_key(entry["name"])
        if counts[key] > 1 and key in first:
            new_id[entry["id"]] = first[key]["id"]
        else:
            first[key] = entry
            categories.append(entry)
    content["categories"] = categories
    for row in _dicts(content["annotations"]):
        if _is_id(row.get("category_id")):
            row["category_id"] = new_id.get(row["category_id"], row["category_id"])


def _texts(content: dict[str, Rows]) -> str:
    """Read numbers that were written as texts, such as "20"."""
    count = 0
    for row in _dicts(content["annotations"]):
        bbox = row.get("bbox")
        if isinstance(bbox, list) and any(isinstance(value, str) for value in bbox):
            try:
                row["bbox"] = [float(value) for value in bbox]
            except (TypeError, ValueError):
                continue  # it is left out, with the other boxes that are not four numbers
            count += 1
    return f"{count} × a box has its numbers written as texts." if count else ""


def _outlines(content: dict[str, Rows]) -> str:
    """Take the smallest box around an outline where a row has no box."""
    count = 0
    for row in _dicts(content["annotations"]):
        if not row.get("bbox") and row.get("segmentation"):
            bbox = _bbox_of_outline(row["segmentation"])
            if bbox is not None:
                row["bbox"] = bbox
                count += 1
    return f"{count} × a box was taken from the outline, since the row has none." if count else ""


def _bbox_of_outline(outline: Any) -> list[float] | None:
    """Return x, y, width and height around polygons or a run-length encoded mask; None if it is damaged."""
    try:
        if isinstance(outline, dict):
            height, width = outline["size"]
            if isinstance(outline["counts"], list):
                outline = coco_mask.frPyObjects(outline, height, width)
            return [float(value) for value in coco_mask.toBbox(outline)]
        values = [float(value) for polygon in outline for value in polygon]
        x, y = values[0::2], values[1::2]
        return [min(x), min(y), max(x) - min(x), max(y) - min(y)]
    except (TypeError, ValueError, KeyError):
        return None


def _fractions(content: dict[str, Rows]) -> str:
    """Scale boxes that all lie within their image's first pixel: they are fractions of its width and height."""
    sized = list(_sized(content))
    values = [value for _, box, _, _ in sized for value in box]
    # Whole numbers are pixels: a box of one pixel in the corner.
    if max(map(abs, values), default=2) > 1 or all(float(value).is_integer() for value in values):
        return ""
    for row, (x, y, w, h), width, height in sized:
        row["bbox"] = [x * width, y * height, w * width, h * height]
        row.pop("area", None)  # it is a fraction, too
    return (
        f"All {len(sized)} boxes lie within the first pixel of their image: "
        "they were read as fractions of its width and height."
    )


def _corners(content: dict[str, Rows]) -> str:
    """Convert boxes that are x1, y1, x2, y2: all of them, or those whose area says so."""
    sized = list(_sized(content))
    ordered = [row for row, (x1, y1, x2, y2), _, _ in sized if x2 > x1 and y2 > y1]
    with_area = [item for item in sized if _area(item[0]) > 0]
    by_area = [item[0] for item in with_area if _is_corners_by_area(item[0], item[1])]
    if with_area and len(by_area) >= _MOST * len(with_area) and len(ordered) == len(sized):
        chosen, cause = [row for row, *_ in sized], "their area fits corners and not sizes"
    elif not with_area and len(ordered) == len(sized) and _stick_out(sized, _as_sizes, _as_corners):
        chosen, cause = (
            ordered,
            "many would stick out of their image as sizes, and none does as corners",
        )
    else:
        rest = [item for item in with_area if not _is_corners_by_area(item[0], item[1])]
        exact = sum(_fits(_area(row), box[2] * box[3]) for row, box, _, _ in rest)
        # Where areas are those of masks, a few fit by chance.
        if not by_area or exact < _MOST * len(rest):
            return ""
        chosen, cause = by_area, "their area fits corners and not sizes"
    ids = {id(row) for row in chosen}
    for row, (x1, y1, x2, y2), _, _ in sized:
        if id(row) in ids:
            row["bbox"] = [x1, y1, x2 - x1, y2 - y1]
    names = ", ".join(str(row.get("id")) for row in chosen[:5]) + (", …" if len(chosen) > 5 else "")
    return (
        f"{len(chosen)} of {len(sized)} boxes were read as corners (x1, y1, x2, y2) instead of x, y, width, height: "
        f"{cause} (annotations {names})."
    )


def _centres(content: dict[str, Rows]) -> str:
    """Convert boxes that are centre x, centre y, width, height."""
    sized = list(_sized(content))
    if not _stick_out(sized, _as_sizes, _as_centres):
        return ""
    for row, (x, y, w, h), _, _ in sized:
        row["bbox"] = [x - w / 2, y - h / 2, w, h]
    return (
        f"All {len(sized)} boxes were read as centre x, centre y, width, height: "
        "many would stick out of their image as x, y, width, height, and none does so."
    )


def _sized(content: dict[str, Rows]) -> Iterable[tuple[dict[str, Any], Box, float, float]]:
    """Yield each row whose box is four finite numbers with these and the width and height of its image, if listed."""
    sizes: dict[Any, tuple[Any, Any]] = {
        entry.get("id"): (entry.get("width"), entry.get("height"))
        for entry in content["images"]
        if isinstance(entry, dict) and _is_id(entry.get("id"))
    }
    for row in _dicts(content["annotations"]):
        bbox, image_id = row.get("bbox"), row.get("image_id")
        if not isinstance(bbox, list) or len(bbox) != 4 or not _is_id(image_id):
            continue
        width, height = sizes.get(image_id, (None, None))
        if width and height and all(_is_number(value) for value in (*bbox, width, height)):
            yield row, (bbox[0], bbox[1], bbox[2], bbox[3]), width, height


def _stick_out(
    sized: Sequence[tuple[dict[str, Any], Box, float, float]],
    reading: Callable[[Box], Box],
    alternative: Callable[[Box], Box],
) -> bool:
    """Tell whether many boxes stick out of their image by one reading, and none by another."""
    if len(sized) < _FEWEST:
        return False
    outside = [_is_outside(reading(box), width, height) for _, box, width, height in sized]
    if sum(outside) < _SHARE_STICKING_OUT * len(sized):
        return False
    return not any(_is_outside(alternative(box), width, height) for _, box, width, height in sized)


def _is_outside(corners: Box, width: float, height: float) -> bool:
    x1, y1, x2, y2 = corners
    low = min(x1, y1) < -ROUNDING
    return low or x2 > width + ROUNDING or y2 > height + ROUNDING or x2 <= x1 or y2 <= y1


def _as_sizes(box: Box) -> Box:
    x, y, w, h = box
    return x, y, x + w, y + h


def _as_corners(box: Box) -> Box:
    return box


def _as_centres(box: Box) -> Box:
    x, y, w, h = box
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def _area(row: dict[str, Any]) -> float:
    area = row.get("area")
    return float(area) if area is not None and _is_number(area) else 0.0


def _fits(area: float, size: float) -> bool:
    return abs(area - size) <= _AREA_TOLERANCE * max(area, 1.0)


def _is_corners_by_area(row: dict[str, Any], box: Box) -> bool:
    x1, y1, x2, y2 = box
    area = _area(row)
    is_ordered = x2 > x1 and y2 > y1
    return is_ordered and _fits(area, (x2 - x1) * (y2 - y1)) and not _fits(area, x2 * y2)


def _dicts(rows: Rows) -> Iterable[dict[str, Any]]:
    return (row for row in rows if isinstance(row, dict))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _is_id(value: Any) -> bool:
    return isinstance(value, int | str)
