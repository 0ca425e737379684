"""Layers drawn over a picture, clicks on their boxes, and the palette."""

import base64
import io
import json
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from fastrcnn_core import palette
from fastrcnn_core.structures import Image
from pages.ui.components import figures
from pages.ui.components.figures import Layer
from pages.ui.overview import thumbnails

BOARD = Image(
    np.repeat((np.indices((10, 10)).sum(axis=0) % 2 * 255)[:, :, None], 3, axis=2).astype(np.uint8)
)
BOX = np.array([[2, 3, 5, 4]], np.float32)


def decoded(source: str) -> PIL.Image.Image:
    return PIL.Image.open(io.BytesIO(base64.b64decode(source.split(",")[1])))


def scene(*layers: Layer, image: Image = BOARD, **options: Any) -> dict[str, Any]:
    """Return the scene as it arrives in the browser."""
    sent: dict[str, Any] = json.loads(json.dumps(figures.draw(image, *layers, **options).scene()))
    return sent


def test_the_picture_is_said_to_be_as_large_as_it_is() -> None:
    assert (scene()["width"], scene()["height"]) == (10, 10)


def test_a_small_picture_is_enlarged_square_by_square() -> None:
    shown = np.asarray(decoded(scene()["picture"]).convert("L"))
    factor = len(shown) // 10
    assert factor > 1
    assert (shown == BOARD.pixels[:, :, 0].repeat(factor, axis=0).repeat(factor, axis=1)).all()


def test_a_huge_picture_is_sent_small_but_keeps_its_coordinates() -> None:
    sent = scene(image=Image(np.zeros((2000, 4000, 3), np.uint8)))
    assert decoded(sent["picture"]).size == (1600, 800)
    assert (sent["width"], sent["height"]) == (4000, 2000)


def test_boxes_are_sent_in_the_pictures_own_coordinates_and_no_half_pixel_beside() -> None:
    (layer,) = scene(Layer(palette.PROPOSAL, BOX))["layers"]
    assert layer["boxes"] == [[2, 3, 5, 4]]


@pytest.mark.parametrize("role", palette.ROLES, ids=lambda role: role.name)
def test_a_layer_without_boxes_is_named_all_the_same(role: palette.Role) -> None:
    (layer,) = scene(Layer(role, np.zeros((0, 4), np.float32)))["layers"]
    assert layer["name"] == f"{role.label} (0)"
    assert layer["boxes"] == layer["notes"] == layer["texts"] == []


def test_each_box_has_its_note_and_one_that_was_given_none_has_its_number() -> None:
    boxes = np.vstack([BOX, BOX + 1])
    first, second = scene(
        Layer(palette.FOREGROUND, boxes, notes=["one", "two"]), Layer(palette.IGNORED, boxes)
    )["layers"]
    assert first["notes"] == ["one", "two"]
    assert second["notes"] == ["Ignored 1", "Ignored 2"]


def test_boxes_of_a_tensor_are_drawn_like_those_of_an_array() -> None:
    (layer,) = scene(Layer(palette.HIT, torch.tensor(BOX)))["layers"]
    assert layer["boxes"] == [[2, 3, 5, 4]]


def test_a_click_is_told_as_role_and_row(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = clicks(monkeypatch, {"role": "hit", "index": 3, "identity": BOARD.key})
    assert heard == [figures.Chosen("hit", 3)]


def test_a_click_on_a_picture_that_has_gone_since_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert clicks(monkeypatch, {"role": "hit", "index": 3, "identity": "another"}) == []
    assert clicks(monkeypatch, None) == []


def clicks(monkeypatch: pytest.MonkeyPatch, chosen: Any) -> list[figures.Chosen]:
    """Return what `on_choose` is called with when the browser reports a click."""
    monkeypatch.setattr("pages.ui.state.widget_state.value", lambda key: {"chosen": chosen})
    mounted: dict[str, Any] = {}
    monkeypatch.setattr(
        "pages.ui.components.canvas.mount", lambda scene, **options: mounted.update(options)
    )
    heard: list[figures.Chosen] = []
    figures.show(figures.draw(BOARD), key="board", caption="", on_choose=heard.append)
    mounted["on_chosen"]()
    return heard


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
    assert scene()["tint"] is None
    shown = np.asarray(decoded(scene(masks=masks)["tint"]).convert("RGBA"))
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
