"""Canvas components: a viewer of the first n proposals of a picture, and a player of the grouping.

Everything is sent once and drawn in the browser; the server hears only which box was chosen.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from fastrcnn_core import palette
from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.palette import Role
from fastrcnn_core.proposals import best_overlap, recall_curve
from fastrcnn_core.selective_search.proposal_trace import ProposalTrace
from fastrcnn_core.structures import FloatArray
from pages.ui.cache import renderings
from pages.ui.proposals.view import View
from pages.ui.state import projector, widget_state
from pages.ui.state.proposals import MergeRequest

# More than a screen shows; a label map of a photograph would fill the wire.
LABELS_SIDE = 800
_HERE = Path(__file__).parent


def _component(name: str) -> Callable[..., Any]:
    text = {suffix: (_HERE / f"{name}.{suffix}").read_text("utf-8") for suffix in ("html", "js")}
    css = (_HERE / "canvas.css").read_text("utf-8")
    stage = (_HERE / "stage.js").read_text("utf-8")
    return st.components.v2.component(
        f"proposals-{name}", html=text["html"], css=css, js=stage + text["js"]
    )


_VIEWER, _PLAYER = _component("viewer"), _component("player")


def viewer(
    view: View, *, first: int, chosen: int | None, key: str, on_choose: Callable[[], None]
) -> None:
    """Show the picture with its first proposals, as many as the slider says.

    Args:
        first: where the slider stands at first.
        chosen: the proposal to point out, an index from 0; None points out none.
        key: unique on the page; after a click, `clicked(key)` is the proposal that was clicked on.
        on_choose: called after a click.
    """
    data = viewer_data(view) | {"first": first, "chosen": chosen}
    _VIEWER(key=key, data=data, on_chosen_change=on_choose)


def clicked(key: str) -> int | None:
    """Return the proposal that was clicked on in the viewer of this key; None for a click beside all boxes."""
    chosen = (widget_state.value(key) or {}).get("chosen")
    return None if chosen is None else int(chosen)


def player(view: View, trace: ProposalTrace, *, request: MergeRequest | None, key: str) -> None:
    """Show the grouping of one strategy, with a scrubber.

    Args:
        request: the merge to go to, once; None leaves the film where it is.
        key: unique on the page.
    """
    _PLAYER(key=key, data=player_data(view, trace) | {"wish": request and wished(trace, request)})


def wished(trace: ProposalTrace, request: MergeRequest) -> dict[str, Any]:
    """Describe the merge to go to, or the unmerged pair with its four similarities."""
    similarities = None
    if request.pair is not None:
        (row,) = np.flatnonzero((trace.hierarchy.unmerged_pairs == request.pair).all(axis=1))
        similarities = trace.unmerged_similarities[row].tolist()
    return asdict(request) | {"similarities": similarities}


def viewer_data(view: View) -> dict[str, Any]:
    """Return the data of the viewer; see `viewer.js`."""
    judged = recall_curve(view.overlaps, (0.5, 0.7))  # (P + 1, 2)
    mabo = view.overlaps.mean(axis=1, keepdims=True) if len(view.people) else judged[:, :1]
    iou = pairwise_iou(view.proposals, view.people)  # (P, N)
    arrays = {
        "boxes": view.proposals,
        "overlaps": view.overlaps,
        "best_index": best_so_far(iou),
        "scores": np.concatenate([judged, mabo], axis=1).astype(np.float32),
    }
    return _shared(view) | {"arrays": {name: pack(array) for name, array in arrays.items()}}


def player_data(view: View, trace: ProposalTrace) -> dict[str, Any]:
    """Return the data of the player; see `player.js`."""
    hierarchy, count = trace.hierarchy, trace.hierarchy.regions
    labels = _thinned(trace.labels)
    overlaps, best, best_boxes = _best_by_merge(trace, view.people)
    arrays = {
        "labels": labels.astype(np.uint16 if count < 2**16 else np.int32),
        "pairs": hierarchy.merged_pairs,
        "similarities": hierarchy.similarities,
        "boxes": trace.boxes,
        "sizes": hierarchy.sizes,
        "colours": region_colours(view.image.pixels, trace.labels, count),
        "overlaps": overlaps,
        "best": best,
        "best_boxes": best_boxes,
    }
    return _shared(view) | {
        "identity": _identity(view, trace),
        "arrays": {name: pack(array) for name, array in arrays.items()},
        "labels_width": labels.shape[1],
        "count": count,
        "used": [letter in trace.strategy.similarity for letter in "CTSF"],
    }


def pack(array: npt.NDArray[Any]) -> dict[str, str]:
    """Encode an array for `unpack` in the browser: its type, and its little-endian values as zlib in base64."""
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    data = base64.b64encode(zlib.compress(little.tobytes(), 6)).decode()
    return {"type": array.dtype.name, "data": data}


def region_colours(
    pixels: npt.NDArray[np.uint8], labels: npt.NDArray[np.int32], count: int
) -> npt.NDArray[np.float32]:
    """Compute each region's mean colour, (count, 3) in [0, 255]; the picture may be larger than its label map."""
    rows = np.arange(labels.shape[0]) * pixels.shape[0] // labels.shape[0]
    columns = np.arange(labels.shape[1]) * pixels.shape[1] // labels.shape[1]
    sampled, flat = pixels[rows][:, columns].reshape(-1, 3), labels.ravel()
    sums = [np.bincount(flat, sampled[:, channel], count) for channel in range(3)]
    sizes = np.bincount(flat, minlength=count)
    return (np.stack(sums, axis=1) / sizes[:, None]).astype(np.float32)


def _shared(view: View) -> dict[str, Any]:
    """Return the data of both: the picture, the people, and the styles."""
    roles = (palette.GROUND_TRUTH, palette.PROPOSAL, palette.CHOSEN)
    return {
        "name": view.picture.name,
        "noun": view.noun,
        "picture": renderings.data_uri(view.image),
        "width": view.image.width,
        "height": view.image.height,
        "people": view.people.tolist(),
        "scale": 1.6 if projector.is_on() else 1.0,
        "looks": {role.name: _look(role) for role in roles}
        | {"one": palette.BLUE, "other": palette.ORANGE},
    }


def _identity(view: View, trace: ProposalTrace) -> str:
    """Key of the player's data."""
    people = zlib.crc32(view.people.tobytes())
    return (
        f"{view.image.key} {people} {trace.strategy} {view.config.sigma} {view.config.search_side}"
    )


def _look(role: Role) -> dict[str, Any]:
    return asdict(role) | {"dash": list(palette.DASHES[role.dash])}


def _best_by_merge(
    trace: ProposalTrace, people: FloatArray
) -> tuple[FloatArray, npt.NDArray[np.int32], FloatArray]:
    """Compute after 0, 1, … M merges each person's best IoU with any box so far, and which box.

    Returns:
        (M + 1, N) IoUs; (M + 1, N) rows of the third, -1 where none touches; (U, 4).
    """
    order = np.argsort(trace.merge_step, kind="stable")
    boxes = trace.all_boxes[order]
    positions = np.arange(len(trace.hierarchy.merged_pairs) + 1)
    counts = np.searchsorted(trace.merge_step[order], positions, side="right")
    overlaps = best_overlap(proposals=boxes, gt_boxes=people, limits=counts.tolist())
    best = best_so_far(pairwise_iou(boxes, people))[counts]
    used, rows = np.unique(best, return_inverse=True)
    touches = int(len(used) > 0 and used[0] < 0)  # the first of them is "none"
    return overlaps, rows.reshape(best.shape).astype(np.int32) - touches, boxes[used[touches:]]


def best_so_far(iou: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """Find, (P, N) → (P + 1, N), which of the first 0, 1, …, P proposals is each person's best; -1 for none."""
    count, people = iou.shape
    best = np.full((count + 1, people), -1, np.int32)
    if not count:
        return best
    before = np.vstack([np.zeros((1, people), np.float32), np.maximum.accumulate(iou)[:-1]])
    improves = np.where(iou > before, np.arange(count)[:, None], -1)
    best[1:] = np.maximum.accumulate(improves, axis=0)
    return best


def _thinned(labels: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Take every n-th label, so that no side has more than `LABELS_SIDE`."""
    step = -(-max(labels.shape) // LABELS_SIDE)
    return np.ascontiguousarray(labels[::step, ::step])
