"""The Detection page: thresholds, verdicts, and one box's details."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from streamlit.testing.v1 import AppTest

from fastrcnn_core import detection
from fastrcnn_core.config import DetectionConfig
from pages.ui.cache import datasets, networks
from pages.ui.components.detection_view import DetectionView, detection_view
from pages.ui.state.detection import GroundTruthBox, Prediction, SelectedBox
from tests.support import detection_page
from tests.support.app import complaints, link, open_app, visit, words
from tests.support.datasets import write_coco_scenes
from tests.support.detection_page import (
    _answer,
    caption,
    figures_of,
    move,
    predictions,
    tiny_setting,
)

predicted = detection_page.predicted
app = detection_page.app


def view_of() -> DetectionView:
    picture = datasets.annotated_image(datasets.opened(tiny_setting()), "tiny00")
    return detection_view(
        picture.image, picture, _answer(picture.image, ("person",)), DetectionConfig()
    )


def upload(app: AppTest) -> None:
    """Upload the pixels of the first picture."""
    path = Path(tiny_setting()) / "PNGImages" / "tiny00.png"
    app.file_uploader(key="upload").upload("mine.png", path.read_bytes(), "image/png").run()


def test_moving_a_slider_runs_no_network_but_another_image_does(
    app: AppTest, predicted: list[str]
) -> None:
    assert predicted == ["tiny00"]
    move(app, "score-threshold", 0.7)
    move(app, "nms-iou", 0.9)
    assert predicted == ["tiny00"]
    move(app, "box-passes", 2)
    assert predicted == ["tiny00"] * 2  # the head looks again, and then it is known
    move(app, "nms-iou", 0.5)
    move(app, "box-passes", 1)
    assert predicted == ["tiny00"] * 2
    app.selectbox(key="pick-picture").set_value("tiny03").run()
    assert not complaints(app)
    assert predicted == ["tiny00", "tiny00", "tiny03"]


def test_the_caption_repeats_both_thresholds_and_what_they_leave(app: AppTest) -> None:
    assert not complaints(app)
    assert caption(app) == (
        "Confidence ≥ 0.50 · NMS IoU ≤ 0.30 · 2 of 4 boxes survive: 1 hit, 1 false positive."
    )
    move(app, "nms-iou", 0.9)
    assert "NMS IoU ≤ 0.90 · 3 of 4 boxes survive: 1 hit, 1 duplicate, 1 false positive" in caption(
        app
    )
    move(app, "score-threshold", 0.95)
    assert "Confidence ≥ 0.95 · NMS IoU ≤ 0.90 · 0 of 4 boxes survive: 0 hits, 1 missed" in caption(
        app
    )


def test_the_thresholds_travel_in_the_link_and_go_back_to_their_defaults(app: AppTest) -> None:
    opened = visit("detection", **link(app), **{"score-threshold": "0.62"})
    assert "Confidence ≥ 0.62" in caption(opened)
    move(app, "score-threshold", 0.62)
    next(button for button in app.button if button.label == "Back to the defaults").click().run()
    assert "Confidence ≥ 0.50" in caption(app)


def test_a_picture_without_detections_offers_the_confidence_that_has_one(app: AppTest) -> None:
    move(app, "score-threshold", 0.95)
    assert "No box reaches confidence 0.95; the most confident has 0.90." in words(app)
    app.button(key="confidence-lower").click().run()
    assert "1 of 4 boxes survive: 1 hit" in caption(app)


@pytest.mark.parametrize(
    ("surest", "sentence"),
    [(0.003, "The most confident has under 0.01."), (0.049, "The most confident has 0.04.")],
)
def test_where_the_detector_sees_nothing_the_page_says_so_and_offers_no_noise(
    street: Path,
    bundle: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    surest: float,
    sentence: str,
) -> None:
    bundle()
    noise = predictions(([0.0, 40, 9, 60], surest), ([50.0, 20, 60, 50], surest / 2))
    monkeypatch.setattr(detection, "predict", lambda *_: noise)
    app = open_app("detection")
    assert not complaints(app)
    assert "The detector sees nothing here: no box reaches even the confidence 0.05" in words(app)
    assert sentence in words(app)
    assert "confidence-lower" not in {button.key for button in app.button}


def test_everybody_who_is_missed_is_named_with_the_stage(app: AppTest) -> None:
    move(app, "score-threshold", 0.95)
    assert "**Person 1.** Scored too low: the best of the boxes on it got 0.90" in words(app)


def test_the_figures_of_the_picture_follow_the_slider(app: AppTest) -> None:
    assert figures_of(app, "This picture")["Precision"] == "0.50"
    move(app, "score-threshold", 0.7)
    assert figures_of(app, "This picture") == {
        **{"Precision": "1.00", "Recall": "1.00", "F1": "1.00", "Hits": "1", "Missed": "0"},
        **{"Duplicates": "0", "False positives": "0"},
    }


def test_the_story_is_told_of_the_surest_and_of_whom_the_link_names(app: AppTest) -> None:
    assert "**#1, person 0.90**" in words(app)
    assert "It suppressed 1 other box." in words(app)
    silenced = view_of()
    opened = visit("detection", **link(app), box=str(SelectedBox(silenced.key, Prediction(1, 1))))
    assert "**A suppressed box, person 0.80**" in words(opened)
    assert "It was suppressed by #1: their IoU is 0.82, and NMS allows 0.30." in words(opened)
    assert link(opened)["box"] == str(SelectedBox(silenced.key, Prediction(1, 1)))


def test_senseless_sizes_are_told_where_they_were_typed_and_the_picture_stays(street: Path) -> None:
    app = open_app("detection", **{"tta-scales": "soon"})
    assert not app.exception
    assert "not numbers" in words(app)
    assert "boxes survive" in words(app)
    app.text_input(key="tta-scales").set_value("1").run()
    assert not complaints(app)


def test_nonsense_in_the_link_tells_of_the_surest(
    street: Path, bundle: Callable[..., Path], predicted: list[str]
) -> None:
    bundle()
    app = open_app("detection", box="../../etc-1-1")
    assert not complaints(app)
    assert "**#1, person 0.90**" in words(app)


def test_the_story_of_somebody_leads_to_the_box_that_tells_it(app: AppTest) -> None:
    app = visit("detection", **link(app), box=str(SelectedBox(view_of().key, GroundTruthBox(0))))
    assert "Found by #1 at IoU 1.00." in words(app)
    app.button(key="ask-that-box").click().run()
    assert "**#1, person 0.90**" in words(app)


def test_each_list_of_boxes_can_be_opened(app: AppTest) -> None:
    for name in ("suppressed", "people", "detections"):
        app.segmented_control(key="boxes-shown").set_value(name).run()
        assert not complaints(app)
    move(app, "score-threshold", 0.95)
    app.segmented_control(key="boxes-shown").set_value("suppressed").run()
    assert not complaints(app)


def test_a_picture_of_ones_own_is_detected_on_but_not_judged(app: AppTest) -> None:
    upload(app)
    assert not complaints(app)
    text = words(app)
    assert "This picture has no annotations" in text
    assert caption(app) == "Confidence ≥ 0.50 · NMS IoU ≤ 0.30 · 2 of 4 boxes survive."
    assert "Where should the threshold stand?" not in text
    assert all(button.key != "judge-split" for button in app.button)


def test_a_picture_without_people_has_no_recall_and_only_false_positives(
    street: Path, bundle: Callable[..., Path], predicted: list[str]
) -> None:
    PIL.Image.fromarray(np.zeros((64, 96), np.uint8)).save(street / "PedMasks" / "tiny00_mask.png")
    bundle()
    app = open_app("detection")
    assert not complaints(app)
    assert "Nothing is marked here: every detection counts as a false positive." in words(app)
    assert figures_of(app, "This picture")["Recall"] == "–"
    assert "0 hits, 2 false positives" in caption(app)


def test_marks_of_classes_that_the_detector_does_not_know_are_not_called_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bundle: Callable[..., Path],
    predicted: list[str],
) -> None:
    folder = write_coco_scenes(tmp_path / "cars", classes=("car",))
    monkeypatch.setenv("FASTRCNN_DATA", str(folder))
    bundle()
    app = open_app("detection")
    assert not complaints(app)
    assert "2 are marked here, none of a class that this detector knows (person)" in words(app)
    assert "Nothing is marked" not in words(app)


@pytest.mark.parametrize(
    ("kind", "gloss"),
    [
        ("linear", "lowers the scores of those that overlap it by IoU > 0.30 (linear soft-NMS)"),
        ("gaussian", "the more the more they do (gaussian soft-NMS, σ 0.50)"),
    ],
)
def test_the_caption_says_what_soft_nms_does(app: AppTest, kind: str, gloss: str) -> None:
    app.segmented_control(key="nms").set_value(kind).run()
    assert gloss in caption(app)


def test_a_picture_without_a_single_proposal_says_where_to_look(
    street: Path, bundle: Callable[..., Path], predicted: list[str]
) -> None:
    PIL.Image.fromarray(np.full((64, 96, 3), 80, np.uint8)).save(
        street / "PNGImages" / "tiny00.png"
    )
    bundle()
    app = open_app("detection")
    assert not complaints(app)
    assert "Selective Search found no box here" in words(app)
    assert "0 of 0 boxes survive: 0 hits, 1 missed" in caption(app)


def test_nothing_assumes_one_class(
    street: Path, bundle: Callable[..., Path], predicted: list[str]
) -> None:
    bundle(
        ("dog", "person")
    )  # the stand-in is sure of the first: the data set's people are its second
    app = open_app("detection")
    assert not complaints(app)
    assert "**#1, dog 0.90**" in words(app)
    assert "0 hits, 2 false positives, 1 missed" in caption(app)
    table = app.dataframe[0].value
    assert table["Class"].tolist() == ["dog", "dog"]


def test_without_a_detector_the_page_says_where_one_comes_from(
    street: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(networks, "BUNDLED_FOLDER", tmp_path / "none")
    app = open_app("detection")
    assert not app.exception
    assert "There is no trained detector here yet." in words(app)


def test_a_damaged_detector_is_told_in_words(street: Path, bundle: Callable[..., Path]) -> None:
    path = bundle()
    path.write_bytes(path.read_bytes()[:2000])
    app = open_app("detection")
    assert not app.exception
    assert "damaged" in words(app)
