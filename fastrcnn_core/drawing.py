"""Drawing with matplotlib: boxes on an image, loss curves, precision-recall curves; saved as PNG, SVG or PDF.

Pixel column c of an image covers x in [c, c + 1), and a box's x2 is exclusive: its outline runs along the pixel grid.
Figures are made without pyplot, so that none stays open.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fastrcnn_core import palette
from fastrcnn_core.errors import ConfigError, StorageError
from fastrcnn_core.files import atomic_write
from fastrcnn_core.images import ImageLike, as_image
from fastrcnn_core.palette import Dash, Role

if TYPE_CHECKING:
    from fastrcnn_core.structures import AnnotatedImage, Detections, SampledRoIs

Format = Literal["png", "svg", "pdf"]
DPI = 100
_POINTS = 72 / DPI  # of one pixel: matplotlib measures widths and fonts in points of 1/72 inch
# In matplotlib's terms: lengths in line widths.
LINESTYLES: dict[Dash, Literal["solid"] | tuple[float, tuple[float, ...]]] = {
    dash: (0, tuple(length / 2 for length in lengths)) if lengths else "solid"
    for dash, lengths in palette.DASHES.items()
}
_VERDICT_ROLES = {
    "hit": palette.HIT,
    "duplicate": palette.DUPLICATE,
    "background": palette.BACKGROUND_HIT,
    "ignored": palette.IGNORED,
}


def draw(
    picture: ImageLike,
    detections: Detections | None = None,
    *,
    annotated: AnnotatedImage | None = None,
    proposals: npt.ArrayLike | None = None,
    rois: SampledRoIs | None = None,
    scale: float = 1.0,
) -> Figure:
    """Draw a picture with boxes: proposals, sampled RoIs, ground truth and detections, as far as they are given.

    Args:
        picture: a path, an `Image`, a PIL image, an (H, W, 3) uint8 array or a (3, H, W) tensor.
        annotated: its ground truth; then each detection is drawn as hit, duplicate or background.
        proposals: (P, 4) boxes.
        scale: pixels of the figure for each pixel of the picture.

    Raises:
        ImageError: the picture cannot be read.
    """
    axes = image_axes(picture, scale=scale)
    if proposals is not None:
        draw_boxes(axes, proposals, palette.PROPOSAL)
    if rois is not None:
        draw_rois(axes, rois)
    if annotated is not None:
        draw_boxes(axes, annotated.boxes, palette.GROUND_TRUTH)
    if detections is not None:
        draw_detections(axes, detections, annotated)
    return cast(Figure, axes.figure)


def image_axes(picture: ImageLike, *, scale: float = 1.0) -> Axes:
    """Make a figure of the picture's size with nothing but the picture in it; return its axes, in image pixels."""
    image = as_image(picture)
    height, width = image.height, image.width
    # The fraction of a pixel keeps a rounding error from cutting the canvas short.
    size = (round(width * scale) + 1e-3) / DPI, (round(height * scale) + 1e-3) / DPI
    axes = Figure(figsize=size, dpi=DPI).add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.imshow(
        image.pixels,
        extent=(0, width, height, 0),
        interpolation="nearest",
        aspect="auto",
        resample=False,
    )
    axes.set(xlim=(0, width), ylim=(height, 0))
    return axes


def draw_boxes(axes: Axes, boxes: npt.ArrayLike, role: Role, *, labels: Sequence[str] = ()) -> None:
    """Draw (N, 4) boxes in a role's style.

    Args:
        labels: N texts beside the boxes; none if empty.
    """
    corners = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    outlines = corners[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]  # (N, 4, 2)
    if role.halo:
        _add_outlines(axes, outlines, palette.HALO, role.width + 2, role.halo)
    _add_outlines(
        axes,
        outlines,
        role.colour,
        role.width,
        role.opacity,
        dash=role.dash,
        hatch=role.hatch,
    )
    for (x1, y1, _, _), text in zip(corners, labels, strict=bool(labels)):
        axes.annotate(
            text,
            (x1, y1),
            xytext=(0, 2),
            textcoords="offset pixels",
            fontsize=11 * _POINTS,
            color="black",
            bbox={"facecolor": role.colour, "edgecolor": "none", "pad": 1.5, "alpha": 0.85},
            annotation_clip=True,
            clip_on=True,
            va="bottom" if y1 > 16 else "top",
        )


def draw_detections(
    axes: Axes, detections: Detections, annotated: AnnotatedImage | None = None
) -> None:
    """Draw detections with class and score; with ground truth, by verdict, and the missed objects too.

    Args:
        annotated: the ground truth, in the detector's classes.
    """
    boxes, labels = detections.boxes.numpy(), detections.labels.tolist()
    texts = [
        f"{detections.classes[label - 1]} {score:.2f}"
        for label, score in zip(labels, detections.scores.tolist(), strict=True)
    ]
    verdicts = ["hit"] * len(boxes)
    if annotated is not None:
        from fastrcnn_core.detection.matching import match_detections  # imports torch

        matched = match_detections(detections, annotated)
        verdicts = list(matched.verdicts)
        draw_boxes(axes, annotated.boxes[matched.missed], palette.MISSED)
    for verdict, role in _VERDICT_ROLES.items():
        rows = [row for row, word in enumerate(verdicts) if word == verdict]
        draw_boxes(axes, boxes[rows], role, labels=[texts[row] for row in rows])


def draw_rois(axes: Axes, rois: SampledRoIs, *, ignored: npt.ArrayLike | None = None) -> None:
    """Draw the sampled RoIs of a training step, foreground above background, above (M, 4) ignored proposals."""
    if ignored is not None:
        draw_boxes(axes, ignored, palette.IGNORED)
    boxes, is_foreground = rois.boxes.cpu().numpy(), rois.is_foreground.cpu().numpy()
    draw_boxes(axes, boxes[~is_foreground], palette.BACKGROUND)
    draw_boxes(axes, boxes[is_foreground], palette.FOREGROUND)


def draw_legend(axes: Axes, roles: Sequence[Role]) -> None:
    """Draw a legend of the roles' lines and labels."""
    handles = [
        Line2D([], [], color=role.colour, linestyle=LINESTYLES[role.dash], linewidth=role.width)
        for role in roles
    ]
    axes.legend(handles, [role.label for role in roles], loc="lower right", fontsize="small")


def chart_axes(
    *, x: str, y: str, title: str = "", size_wh: tuple[float, float] = (6.4, 4.0)
) -> Axes:
    """Make a figure for a chart; return its axes.

    Args:
        x, y: the axes' labels, units included.
        size_wh: in inches.
    """
    axes = Figure(figsize=size_wh, dpi=DPI, layout="constrained").add_subplot()
    axes.set(xlabel=x, ylabel=y, title=title)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def plot_line(
    axes: Axes,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    label: str,
    colour: str,
    dash: Dash = "solid",
    width: float = 1.5,
) -> None:
    """Plot one line of a chart with its entry in the legend."""
    axes.plot(x, y, color=colour, linestyle=LINESTYLES[dash], linewidth=width, label=label)
    axes.legend(frameon=False)


def plot_losses(axes: Axes, metrics: Mapping[str, Sequence[float]]) -> None:
    """Plot the loss curves of a run: the total, cross-entropy and smooth L1 of each step.

    Args:
        metrics: columns of equal length, as `Run.metrics()` returns them.
    """
    lines: tuple[tuple[str, str, str, Dash], ...] = (
        ("loss", "total", palette.BLUE, "solid"),
        ("classification_loss", "classification (cross-entropy)", palette.ORANGE, "dash"),
        ("box_loss", "box (smooth L1)", palette.PURPLE, "dashdot"),
    )
    for column, label, colour, dash in lines:
        plot_line(axes, metrics["step"], metrics[column], label=label, colour=colour, dash=dash)
    axes.set(xlabel="step", ylabel="loss")
    axes.set_ylim(bottom=0)


def plot_precision_recall(
    axes: Axes,
    recall: npt.ArrayLike,
    precision: npt.ArrayLike,
    *,
    label: str = "precision",
    colour: str = palette.BLUE,
) -> None:
    """Plot a precision-recall curve.

    Args:
        recall, precision: (D,) in [0, 1], such as those of a `PrecisionRecallCurve`; for a `ClassResult`, whose
            precision is COCO's, recall is 0, 0.01, …, 1.
    """
    plot_line(axes, recall, precision, label=label, colour=colour)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))


def save(figure: Figure, path: str | Path) -> Path:
    """Save a figure atomically as PNG, SVG or PDF, as the path's ending says; return the path.

    Raises:
        ConfigError: another ending. StorageError: the file cannot be written.
    """
    target = Path(path)
    suffix = target.suffix.lower().removeprefix(".")
    if suffix not in get_args(Format):
        raise ConfigError(
            f"{target.name} ends neither in .png nor in .svg nor in .pdf.",
            hint="Give it one of these endings.",
        )
    content = encode(figure, cast(Format, suffix))
    try:
        with atomic_write(target) as partial:
            partial.write_bytes(content)
    except OSError as error:
        raise StorageError(
            f"{target} cannot be written ({error.strerror or error}).",
            hint="Free some space there, or name another folder.",
        ) from error
    return target


def encode(figure: Figure, format: Format) -> bytes:
    """Encode a figure as the content of a PNG, SVG or PDF file."""
    content = io.BytesIO()
    figure.savefig(content, format=format)
    return content.getvalue()


def _add_outlines(
    axes: Axes,
    outlines: npt.NDArray[np.float64],
    colour: str,
    width: float,
    opacity: float,
    *,
    dash: Dash = "solid",
    hatch: str = "",
) -> None:
    """Add (N, 4, 2) outlines, not snapped to whole pixels of the figure: a box at 10.5 is drawn at 10.5."""
    axes.add_collection(
        PolyCollection(
            list(outlines),
            facecolors="none",
            edgecolors=colour,
            linewidths=width * _POINTS,
            linestyles=[LINESTYLES[dash]],
            alpha=opacity,
            hatch=hatch or None,
            joinstyle="miter",
            snap=False,
        ),
        autolim=False,
    )
