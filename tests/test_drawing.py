"""Drawings: boxes on the pixel grid, each role in its colour, curves, and files in three formats."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest
import torch
from matplotlib import pyplot
from matplotlib.figure import Figure

from fastrcnn_core import drawing, palette
from fastrcnn_core.errors import ConfigError, StorageError
from fastrcnn_core.palette import Role
from fastrcnn_core.structures import SampledRoIs
from tests.support.builders import annotate, detect_rows, noise_image

RED = Role("red", "Red", "#ff0000", width=2.0)
BLACK = np.zeros((40, 57, 3), np.uint8)


def pixels(figure: Figure) -> npt.NDArray[np.uint8]:
    """Return the figure as (H, W, 3)."""
    content = io.BytesIO(drawing.encode(figure, "png"))
    return np.asarray(PIL.Image.open(content).convert("RGB"))


def shows(figure: Figure, role: Role) -> bool:
    """Return whether some pixel has the role's own colour, up to antialiasing."""
    colour = [int(role.colour[place : place + 2], 16) for place in (1, 3, 5)]
    return bool((np.abs(pixels(figure).astype(int) - colour).max(axis=2) <= 12).any())


@pytest.mark.parametrize(("height", "width"), [(1, 1), (40, 57), (333, 501)])
def test_a_picture_alone_is_drawn_pixel_by_pixel(height: int, width: int) -> None:
    image = noise_image(height=height, width=width)
    assert (pixels(drawing.draw(image)) == image.pixels).all()


def test_each_pixel_covers_its_square_of_a_magnified_picture() -> None:
    image = noise_image(height=5, width=7)
    expected = image.pixels.repeat(4, axis=0).repeat(4, axis=1)
    assert (pixels(drawing.draw(image, scale=4)) == expected).all()


def test_an_outline_runs_along_the_pixel_grid_and_x2_is_exclusive() -> None:
    """At ten times the size, a line of two pixels lies one on each side of the grid line."""
    axes = drawing.image_axes(BLACK, scale=10)
    drawing.draw_boxes(axes, [[5, 7, 20, 30]], RED)
    drawn = pixels(axes.get_figure(root=True))  # type: ignore[arg-type]
    assert drawn.shape == (400, 570, 3)
    assert np.flatnonzero(drawn[150, :, 0]).tolist() == [49, 50, 199, 200]
    assert np.flatnonzero(drawn[:, 100, 0]).tolist() == [69, 70, 299, 300]
    assert set(drawn[150, :, 0].tolist()) == {0, 255}


def test_a_box_between_pixels_is_not_snapped_to_one() -> None:
    axes = drawing.image_axes(BLACK, scale=10)
    drawing.draw_boxes(axes, [[5.5, 7, 20.2, 30]], RED)
    drawn = pixels(axes.get_figure(root=True))  # type: ignore[arg-type]
    assert np.flatnonzero(drawn[150, :, 0]).tolist() == [54, 55, 201, 202]


def test_no_boxes_at_all_are_drawn_as_nothing() -> None:
    figure = drawing.draw(BLACK, detect_rows([]), proposals=np.zeros((0, 4)))
    assert pixels(figure).max() == 0


def test_detections_are_drawn_by_their_verdict_and_missed_objects_too() -> None:
    person, missed = [20.0, 30, 60, 90], [120.0, 30, 170, 90]
    truth = annotate(person, missed, height=120, width=200)
    found = detect_rows([person, [24.0, 30, 60, 90], [70.0, 30, 110, 90]])
    figure = drawing.draw(truth.image, found, annotated=truth)
    for role in (palette.HIT, palette.DUPLICATE, palette.BACKGROUND_HIT, palette.MISSED):
        assert shows(figure, role), role.name
    alone = drawing.draw(truth.image, found)
    assert shows(alone, palette.HIT)
    assert not shows(alone, palette.DUPLICATE)


def test_sampled_rois_are_drawn_by_their_label() -> None:
    none = torch.zeros(2)
    rois = SampledRoIs(
        torch.tensor([[5.125, 5, 20, 30], [30.125, 5, 50, 30]]),  # in the middle of a pixel
        torch.tensor([1, 0]),
        torch.zeros(2, 4),
        none,
        none.long(),
        none.long(),
    )
    axes = drawing.image_axes(BLACK, scale=4)
    drawing.draw_rois(axes, rois, ignored=[[12.125, 10, 40, 38]])
    figure = axes.get_figure(root=True)
    for role in (palette.FOREGROUND, palette.BACKGROUND, palette.IGNORED):
        assert shows(figure, role), role.name  # type: ignore[arg-type]
    assert not shows(figure, palette.GROUND_TRUTH)  # type: ignore[arg-type]


def test_proposals_and_ground_truth_are_drawn_and_named_in_a_legend() -> None:
    truth = annotate([20.0, 30, 60, 90], height=120, width=200)
    figure = drawing.draw(truth.image, annotated=truth, proposals=[[80.0, 10, 110, 60]])
    assert shows(figure, palette.GROUND_TRUTH)
    axes = figure.axes[0]
    drawing.draw_legend(axes, [palette.GROUND_TRUTH, palette.PROPOSAL])
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["Ground truth", "Proposal"]


def test_loss_curves_show_every_step_of_each_part() -> None:
    steps = [1.0, 2.0, 3.0]
    columns = {"classification_loss": [0.5, 0.3, 0.2], "box_loss": [0.4, 0.3, 0.1]}
    loss = [sum(parts) for parts in zip(*columns.values(), strict=True)]
    axes = drawing.chart_axes(x="step", y="loss")
    drawing.plot_losses(axes, {"step": steps, "loss": loss, **columns})
    assert [list(map(float, np.asarray(line.get_ydata()))) for line in axes.lines] == [
        loss,
        *columns.values(),
    ]
    assert axes.get_xlabel() == "step"


def test_a_precision_recall_curve_is_drawn_in_the_unit_square() -> None:
    axes = drawing.chart_axes(x="recall", y="precision", title="person")
    drawing.plot_precision_recall(axes, [0.1, 0.5, 0.5], [1.0, 1.0, 0.7])
    assert np.asarray(axes.lines[0].get_xdata()).tolist() == [0.1, 0.5, 0.5]
    assert axes.get_xlim() == (0, 1)


@pytest.mark.parametrize(
    ("name", "start"), [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml"), ("a.pdf", b"%PDF")]
)
def test_the_ending_names_the_format(name: str, start: bytes, tmp_path: Path) -> None:
    path = drawing.save(drawing.draw(BLACK), str(tmp_path / name))
    assert path.read_bytes().startswith(start)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    figure = drawing.draw(BLACK)
    with pytest.raises(ConfigError, match="ends neither"):
        drawing.save(figure, tmp_path / "a.bmp")
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written"):
        drawing.save(figure, tmp_path / "file" / "a.png")


def test_no_figure_is_left_open() -> None:
    before = pyplot.get_fignums()
    drawing.draw(BLACK, detect_rows([[5.0, 5, 20, 30]]))
    drawing.chart_axes(x="x", y="y")
    assert pyplot.get_fignums() == before
