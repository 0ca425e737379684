"""What is drawn over a picture: where, how often, and what can be asked of it."""

import base64
import io

import numpy as np
import PIL.Image
import plotly.graph_objects as go
import pytest

from fastrcnn_core.structures import Image
from pages.ui import figures, palette, thumbnails
from pages.ui.figures import Layer

BOARD = Image(
    np.repeat((np.indices((10, 10)).sum(axis=0) % 2 * 255)[:, :, None], 3, axis=2).astype(np.uint8)
)
BOX = np.array([[2, 3, 5, 4]], np.float32)


def decoded(source: str) -> PIL.Image.Image:
    return PIL.Image.open(io.BytesIO(base64.b64decode(source.split(",")[1])))


def trace(figure: go.Figure, mode: str) -> go.Scatter:
    return next(it for it in figure.data if it.mode == mode)


def test_the_picture_lies_from_0_to_its_width_and_height_and_no_half_pixel_beside() -> None:
    figure = figures.draw(BOARD).figure
    (shown,) = figure.layout.images
    assert (shown.x, shown.y, shown.sizex, shown.sizey) == (0, 0, 10, 10)
    assert (shown.xanchor, shown.yanchor, shown.sizing) == ("left", "top", "stretch")
    assert tuple(figure.layout.xaxis.range) == (0, 10)
    assert tuple(figure.layout.yaxis.range) == (10, 0)
    assert figure.layout.yaxis.scaleanchor == "x"


def test_a_small_picture_is_enlarged_square_by_square() -> None:
    shown = np.asarray(decoded(figures.draw(BOARD).figure.layout.images[0].source).convert("L"))
    factor = len(shown) // 10
    assert factor > 1
    assert (shown == BOARD.pixels[:, :, 0].repeat(factor, axis=0).repeat(factor, axis=1)).all()


def test_a_huge_picture_is_sent_small_but_keeps_its_coordinates() -> None:
    huge = Image(np.zeros((2000, 4000, 3), np.uint8))
    (shown,) = figures.draw(huge).figure.layout.images
    assert decoded(shown.source).size == (1600, 800)
    assert (shown.sizex, shown.sizey) == (4000, 2000)


def test_boxes_are_drawn_at_their_own_coordinates() -> None:
    outline = trace(figures.draw(BOARD, Layer(palette.PROPOSAL, BOX)).figure, "lines")
    corners = list(zip(outline.x, outline.y, strict=True))[:5]
    assert corners == [(2, 3), (5, 3), (5, 4), (2, 4), (2, 3)]


def test_two_thousand_boxes_are_one_line_with_gaps() -> None:
    figure = figures.draw(BOARD, Layer(palette.PROPOSAL, np.tile(BOX, (2000, 1)))).figure
    lines = [it for it in figure.data if it.mode == "lines"]
    assert len(lines) == 1
    assert np.isnan(lines[0].x).sum() == 2000


@pytest.mark.parametrize("role", palette.ROLES, ids=lambda role: role.name)
def test_a_layer_without_boxes_is_drawn_and_named_all_the_same(role: palette.Role) -> None:
    figure = figures.draw(BOARD, Layer(role, np.zeros((0, 4), np.float32))).figure
    named = [it for it in figure.data if it.showlegend is not False]
    assert [it.name for it in named] == [f"{role.label} (0)"]


def test_a_mark_says_its_note_and_knows_its_row() -> None:
    boxes = np.vstack([BOX, BOX + 1])
    marks = trace(
        figures.draw(BOARD, Layer(palette.FOREGROUND, boxes, notes=["one", "two"])).figure,
        "markers",
    )
    assert list(marks.hovertext) == ["one", "two"]
    assert [list(it) for it in marks.customdata] == [["foreground", 0], ["foreground", 1]]
    assert (marks.x[0], marks.y[0]) == (3.5, 3.5)


def test_every_layer_of_a_role_is_switched_with_its_halo_and_marks() -> None:
    figure = figures.draw(BOARD, Layer(palette.HIT, BOX, texts=["0.9"])).figure
    assert len(figure.data) > 3
    assert len({it.legendgroup for it in figure.data}) == 1


def test_roles_can_be_told_apart_without_colours_where_they_meet_on_one_picture() -> None:
    sampling = (palette.FOREGROUND, palette.BACKGROUND, palette.IGNORED)
    judged = (palette.HIT, palette.DUPLICATE, palette.BACKGROUND_HIT, palette.SUPPRESSED)
    for roles in (sampling, judged):
        assert len({role.dash for role in roles}) == len(roles)


def test_the_palette_is_the_one_of_the_house() -> None:
    colours = {role.name: (role.colour, role.dash) for role in palette.ROLES}
    assert colours["ground_truth"] == ("#009E73", "solid")
    assert colours["foreground"] == ("#0072B2", "solid")
    assert colours["background"] == ("#D55E00", "dash")
    assert colours["ignored"] == ("#999999", "dot")
    assert colours["proposal"] == ("#56B4E9", "solid")
    assert colours["hit"] == ("#F0E442", "solid")
    assert colours["duplicate"] == ("#CC79A7", "dashdot")
    assert colours["background_hit"] == ("#D55E00", "dash")
    assert colours["suppressed"] == ("#CC79A7", "dot")
    assert palette.MISSED.hatch
    assert palette.HIT.halo == 1


def test_masks_lie_over_the_picture_each_number_in_its_own_colour() -> None:
    masks = np.zeros((10, 10), np.int32)
    masks[:, :3], masks[:, 3:5], masks[0, 9] = 1, 2, 255
    picture, tint = figures.draw(BOARD, masks=masks).figure.layout.images
    assert picture.sizex != tint.sizex  # else Plotly would take the two for one
    assert abs(picture.sizex - tint.sizex) < 1e-6
    shown = np.asarray(decoded(tint.source).convert("RGBA"))
    assert (shown[:, 5:9, 3] == 0).all()
    assert len({tuple(shown[0, column]) for column in (0, 3, 6, 9)}) == 4


def test_heat_goes_from_dark_to_bright_and_a_flat_map_is_dark() -> None:
    shown = PIL.Image.open(io.BytesIO(thumbnails.heat(np.array([[0.0, 1.0]], np.float32))))
    left, right = np.asarray(shown.convert("L"))[0, [0, -1]]
    assert left < right
    flat = PIL.Image.open(io.BytesIO(thumbnails.heat(np.ones((2, 2), np.float32))))
    assert len(np.unique(np.asarray(flat.convert("L")))) == 1


def test_tiles_stand_side_by_side_with_a_gap() -> None:
    wall = PIL.Image.open(io.BytesIO(thumbnails.tiles(np.ones((5, 7, 7), np.float32), columns=4)))
    factor = wall.height // 15
    assert wall.size == (31 * factor, 15 * factor)
    transparent = np.asarray(wall)[:, :, 3] == 0
    assert transparent[:, 7 * factor].all()
