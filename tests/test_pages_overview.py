"""The Overview: every stage with this picture's own numbers, and letters for what is not known yet."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastrcnn_core.config import ModelConfig, PredictionConfig
from fastrcnn_core.structures import Image
from pages.ui.cache import datasets, networks, renderings, searches
from tests.support.app import complaints, open_app, words
from tests.support.builders import tiny_config


def asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch is loaded by this test already; the page must not take that for a network that is awake."""
    monkeypatch.setattr("pages.ui.state.devices.network_is_loaded", lambda: False)


def test_before_the_network_is_asked_its_numbers_are_letters(
    street: Path, bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle()
    asleep(monkeypatch)
    app = open_app()
    assert not complaints(app)
    text = words(app)
    assert "`64 × 96 × 3`" in text
    assert "`C × h × w`" in text
    assert "`R × 16`" in text  # the checkpoint itself says how wide its head is
    assert "small" in text


def test_the_first_card_shows_the_bare_picture_for_pixels_are_all_that_is_known(
    street: Path, bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle()
    asleep(monkeypatch)
    drawn: list[Any] = []
    small = renderings.small_jpeg

    def draw(image: Image, boxes: Any, **look: str) -> bytes:
        drawn.append(boxes)
        return small(image, boxes, **look)

    monkeypatch.setattr(
        renderings,
        "small_jpeg",
        draw,
    )
    assert "Pixels: all that is known at first." in words(open_app())
    picture, proposals = drawn
    assert len(picture) == 0 < len(proposals)


def test_after_a_click_every_stage_has_this_pictures_numbers(
    street: Path, bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle(("person", "dog"))
    asleep(monkeypatch)
    app = open_app()
    app.button(key="look-inside").click().run()
    assert not complaints(app)
    picture = datasets.annotated_image(datasets.opened(str(street)), "tiny00")
    proposals = len(searches.proposals(picture.image, tiny_config().proposals))
    text = words(app)
    assert f"`{proposals} × 4`" in text
    assert "`112 × 4 × 6`" in text  # 64 × 96 pixels as they are, stride 16
    assert f"`{proposals} × 112 × 7 × 7`" in text
    assert f"`{proposals} × 3` `{proposals} × 2 × 4`" in text
    assert f"of {proposals} + 1`" in text


@pytest.mark.parametrize(("layer", "name"), [("align", "RoIAlign"), ("pool", "RoIPool")])
def test_the_layer_in_use_is_called_by_its_name(
    street: Path, bundle: Callable[..., Path], layer: str, name: str
) -> None:
    bundle(roi_layer=layer)
    app = open_app()
    assert not complaints(app)
    assert f"**4. {name}**" in words(app)


def test_anchors_are_spoken_of_once(street: Path) -> None:
    assert words(open_app()).lower().count("anchors") == 1


def test_without_a_detector_the_overview_shows_what_needs_none(
    street: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "BUNDLED_FOLDER", tmp_path / "nothing")
    app = open_app()
    assert not complaints(app)
    assert "no trained detector" in words(app)


def test_a_damaged_checkpoint_is_told_in_words_and_the_side_bar_stays(
    street: Path, bundle: Callable[..., Path]
) -> None:
    path = bundle()
    path.write_bytes(path.read_bytes()[:100])
    app = open_app()
    assert not app.exception
    assert "damaged" in words(app)
    assert app.selectbox(key="pick-detector").value == "small"


def test_a_checkpoints_card_is_read_without_its_weights(bundle: Callable[..., Path]) -> None:
    path = bundle(("person", "dog"))
    card = networks.card(networks.DetectorChoice("small", "small", path))
    config: ModelConfig = tiny_config().model
    assert card.model == config
    assert card.classes == ("person", "dog")
    assert card.card["command"] == "none"
    assert card.parameters == sum(
        tensor.numel()
        for tensor in networks.model(networks.DetectorChoice("small", "small", path), "auto")
        .state_dict()
        .values()
    )


def test_predictions_are_kept_by_content_not_by_name(
    street: Path, bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = bundle(name="first"), bundle(name="second")
    data = datasets.opened(str(street))
    image = datasets.annotated_image(data, "tiny00").image
    second_image = datasets.annotated_image(data, "tiny01").image
    config = tiny_config().proposals

    def of(path: Path, picture: Image, **looks: Any) -> object:
        detector = networks.DetectorChoice("", "", path)
        return networks.predictions(
            picture, detector, config, PredictionConfig(**looks), device="auto"
        )

    assert of(first, image) is of(first, image)
    assert of(first, image) is of(second, image)  # the same weights under another name
    assert of(first, image) is not of(first, second_image)
    twice = of(first, image, box_passes=2)
    assert twice is not of(first, image)
    assert twice is of(first, image, box_passes=2)
