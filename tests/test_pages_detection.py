"""The Detection page: what survives, who was missed and why, one box's story, a whole split, and no network in between.

The network is replaced by a stand-in that says of each picture what a test can check by hand.
"""

import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from streamlit.testing.v1 import AppTest

from fastrcnn_core import detection
from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.datasets import CocoIds
from fastrcnn_core.evaluation import precision_recall_curve
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.prediction_trace import trace_prediction
from fastrcnn_core.structures import AnnotatedImage, Image, RoIPredictions
from pages.ui.cache import datasets, networks
from pages.ui.components import detection_layers, figures
from pages.ui.components.chart import Line
from pages.ui.components.detection_view import DetectionView, detection_view
from pages.ui.detection import box_outcomes, charts, pictures, selection, tables
from pages.ui.detection import words as words_of
from pages.ui.jobs.split_evaluation import SplitEvaluationJob, split_evaluation_job
from pages.ui.state import detectors
from pages.ui.state.detection import GroundTruthBox, Prediction, SelectedBox
from tests.support.app import complaints, link, open_app, visit, words
from tests.support.builders import annotate, write_untrained
from tests.support.datasets import MemoryDataset, write_tiny

PERSON = [10.0, 8, 30, 56]


def predictions(
    *rows: tuple[list[float], float], moved: float = 0.0, classes: tuple[str, ...] = ("person",)
) -> RoIPredictions:
    """Each row: a proposal, and how sure the network is of the first class. Boxes are proposals, moved to the right."""
    rois = torch.tensor([box for box, _ in rows], dtype=torch.float32).reshape(-1, 4)
    scores = torch.zeros(len(rows), len(classes) + 1)
    scores[:, 1] = torch.tensor([score for _, score in rows])
    scores[:, 0] = 1 - scores[:, 1]
    boxes = (rois + torch.tensor([moved, 0, moved, 0]))[:, None].repeat(1, len(classes), 1)
    return RoIPredictions(rois, boxes, scores, classes, 64, 96)


annotated = partial(annotate, height=64, width=96)


def seen(said: RoIPredictions, truth: AnnotatedImage, **knobs: Any) -> DetectionView:
    return detection_view(truth.image, truth, said, DetectionConfig(**knobs))


def fate(it: DetectionView, row: int = 0) -> box_outcomes.Story:
    assert it.annotated is not None
    return box_outcomes.of_somebody(it.fates[row], it.annotated, it.detections, it.config)


# --- One picture, without the app ---------------------------------------------------------------------------------


def test_somebody_whom_no_proposal_covers_was_lost_at_the_proposals() -> None:
    told = fate(seen(predictions(([10, 8, 30, 24], 0.9)), annotated(PERSON)))
    assert told.happened == "No proposal has IoU ≥ 0.50 with it (the best: 0.33)."


def test_somebody_who_scored_low_is_told_how_far_below_and_which_confidence_brings_them_back() -> (
    None
):
    told = fate(seen(predictions((PERSON, 0.27)), annotated(PERSON)))
    assert "got 0.27, 0.23 below the threshold" in told.happened
    assert told.hint == "It is looked at when the confidence is at most 0.27."
    back = seen(predictions((PERSON, 0.27)), annotated(PERSON), score_threshold=0.27)
    assert back.fates[0].stage == "found"


def test_somebody_who_was_suppressed_is_told_by_whom_and_which_nms_iou_brings_them_back() -> None:
    neighbour = [16.0, 8, 36, 56]  # IoU 14/26 = 0.54 with PERSON
    said, truth = predictions((neighbour, 0.9), (PERSON, 0.8)), annotated(neighbour, PERSON)
    told = fate(seen(said, truth), 1)
    assert told.happened.startswith("Suppressed by #1 at IoU 0.54")
    assert told.hint == "It comes back when NMS IoU is at least 0.54."
    assert seen(said, truth, nms_iou=0.54).fates[1].stage == "found"


def test_with_soft_nms_a_story_tells_who_lowered_whom() -> None:
    neighbour = [16.0, 8, 36, 56]  # IoU 14/26 = 0.54 with PERSON
    said, truth = predictions((neighbour, 0.9), (PERSON, 0.8)), annotated(neighbour, PERSON)
    fallen = seen(said, truth, nms="linear")  # 0.8 × (1 - 0.54) = 0.37
    assert (
        "lowered below the confidence, most of all by #1: their IoU is 0.54"
        in fate(fallen, 1).happened
    )
    kept = seen(said, truth, nms="linear", score_threshold=0.3)
    assert fate(kept, 1).happened == "Found by #2 at IoU 1.00."

    def told(it: DetectionView, roi_index: int) -> str:
        origin = trace_prediction(
            it.predictions, it.detections, it.config, roi_index=roi_index, label=1
        )
        return box_outcomes.of_prediction(origin, it.detections, it.config).happened

    assert "0.90 sure, and no better box lowered that" in told(kept, 0)
    assert "was 0.80 sure, and better boxes lowered that to 0.37, most of all #1" in told(kept, 1)
    assert "lowered that below the confidence, most of all #1" in told(fallen, 1)


def test_a_confident_box_that_strayed_from_its_proposal_is_badly_localised() -> None:
    told = fate(seen(predictions((PERSON, 0.9), moved=15.0), annotated(PERSON)))
    assert told.happened.startswith("Badly localised: a confident box (0.90)")
    assert "IoU 1.00), but as corrected has IoU 0.14" in told.happened


def test_a_box_beyond_the_limit_says_so() -> None:
    other = [60.0, 8, 80, 56]
    told = fate(seen(predictions((other, 0.9), (PERSON, 0.8)), annotated(PERSON), limit=1))
    assert "comes after the first 1" in told.happened


def test_a_crowd_is_not_missed() -> None:
    it = seen(predictions(), annotated(PERSON, tags=("crowd",)))
    assert it.tally is not None
    assert it.tally.missed == 0


def test_the_verdicts_colour_the_layers_and_marks_stand_for_their_boxes() -> None:
    far, again = [60.0, 8, 80, 56], [13.0, 8, 33, 56]
    said = predictions((PERSON, 0.9), (far, 0.7), (again, 0.6))
    it = seen(said, annotated(PERSON, [40.0, 8, 50, 30]), nms_iou=0.9)
    drawing = detection_layers.survivors(it, chosen=None, truth=True, suppressed=True)
    count = {layer.role.name: len(layer.array) for layer in drawing.layers}
    assert count == {
        **{"hit": 1, "background_hit": 1, "duplicate": 1},
        **{"missed": 1, "ground_truth": 2, "suppressed": 0},
    }
    assert pictures.clicked(it, figures.Chosen("background_hit", 0)) == Prediction(1, 1)
    assert pictures.clicked(it, figures.Chosen("duplicate", 0)) == Prediction(2, 1)
    assert pictures.clicked(it, figures.Chosen("missed", 0)) == GroundTruthBox(1)
    assert pictures.clicked(it, figures.Chosen("chosen", 0)) is None


def test_a_chosen_box_stays_chosen_when_it_falls_silent() -> None:
    said, truth = predictions((PERSON, 0.9), ([12.0, 8, 32, 56], 0.8)), annotated(PERSON)
    before, after = seen(said, truth, nms_iou=0.9), seen(said, truth, nms_iou=0.3)
    selected = SelectedBox(before.key, selection.detection(before, 1))
    assert selection.choice_of(after, selected) == Prediction(1, 1)


@pytest.mark.parametrize("value", [0.9, 0.29, 0.57, 0.285, 1.0, 0.0, 0.004])
def test_a_sliders_step_keeps_the_box_that_it_is_offered_for(value: float) -> None:
    score = float(np.float32(value))
    assert np.float32(words_of.down(score)) <= np.float32(value) <= np.float32(words_of.up(score))
    assert words_of.up(score) - words_of.down(score) <= 0.011


@pytest.mark.parametrize(
    "word",
    ["", "x", "000000-0-1", "{key}-9-1", "{key}-0-2", "{key}-0-0", "{key}-gt-1", "{key}-gt--1"],
)
def test_a_word_that_means_nothing_here_chooses_nothing(word: str) -> None:
    it = seen(predictions((PERSON, 0.9)), annotated(PERSON))
    selected = SelectedBox.parse(word.replace("{key}", it.key))
    assert selected is None or selection.choice_of(it, selected) is None


def test_the_word_of_another_picture_means_nothing_here() -> None:
    it = seen(predictions((PERSON, 0.9)), annotated(PERSON))
    other = seen(predictions((PERSON, 0.9), (PERSON, 0.1)), annotated(PERSON))
    assert selection.choice_of(other, SelectedBox(it.key, Prediction(0, 1))) is None
    assert selection.choice_of(it, SelectedBox(it.key, GroundTruthBox(0))) == GroundTruthBox(0)


def test_the_files_say_what_the_picture_shows() -> None:
    it = seen(predictions((PERSON, 0.9), ([60.0, 8, 80, 56], 0.7)), annotated(PERSON))
    lines = tables.csv(it).splitlines()
    assert lines[0] == "image,class,score,x1,y1,x2,y2,verdict,iou"
    assert lines[1] == "street,person,0.9000,10.0000,8.0000,30.0000,56.0000,hit,1.0000"
    assert lines[2].endswith("background hit,0.0000")
    first = json.loads(tables.coco(it))[0]
    assert first == {
        "image": "street",
        "category_id": 1,
        "bbox": [10.0, 8.0, 20.0, 48.0],
        "score": 0.9,
    }


@pytest.mark.parametrize(
    ("classes", "ids"),
    [(("person",), {"image_id": 404, "category_id": 7}), (("dog",), {"category_id": 1})],
)
def test_the_coco_file_has_the_ids_of_a_data_set_of_the_same_classes(
    classes: tuple[str, ...], ids: dict[str, int]
) -> None:
    truth = annotated(PERSON)
    data = MemoryDataset(truth, classes=classes, ids=CocoIds({"street": 404}, (7,)))
    row = json.loads(tables.coco(seen(predictions((PERSON, 0.9)), truth), data))[0]
    assert {name: value for name, value in row.items() if name.endswith("id")} == ids


def test_the_curves_are_level_between_two_detections() -> None:
    """At confidence 0.7, between the hit at 0.9 and the background hit at 0.6, precision is still 1."""
    it = seen(predictions((PERSON, 0.9), ([60.0, 8, 80, 56], 0.6)), annotated(PERSON))
    assert it.judged is not None
    ranking = precision_recall_curve([(it.detections, it.judged)])
    curve = charts.curves(ranking, threshold=0.5, best=None).marks[0]
    assert isinstance(curve, Line)
    assert (curve.name, curve.steps) == ("Precision", True)
    assert [float(y) for y in curve.y] == [1.0, 0.5]
    assert ranking.at(0.7).precision == 1.0


# --- The page ----------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the pictures that the network was asked about; the stand-in answers.

    It finds the red figure surely, again two pixels beside it less surely, and a box at the left edge.
    """
    names: list[str] = []

    def predict(model: FastRCNN, image: Image, *_: object) -> RoIPredictions:
        names.append(image.name)
        return _answer(image, model.classes)

    monkeypatch.setattr(detection, "predict", predict)
    return names


def _answer(image: Image, classes: tuple[str, ...]) -> RoIPredictions:
    red = np.argwhere(image.pixels[:, :, 0] > 200)
    if not len(red):
        return predictions(classes=classes)
    (y1, x1), (y2, x2) = red.min(axis=0), red.max(axis=0) + 1
    person = [float(it) for it in (x1, y1, x2, y2)]
    beside = [person[0] + 2, person[1], person[2] + 2, person[3]]
    return predictions(
        (person, 0.9), (beside, 0.8), ([0.0, 40, 9, 60], 0.6), (person, 0.3), classes=classes
    )


@pytest.fixture
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_tiny(tmp_path / "tiny street")
    monkeypatch.setenv("FASTRCNN_DATA", str(folder))
    return folder


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Puts a small untrained detector where the bundled ones lie."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    monkeypatch.setattr(networks, "BUNDLED_FOLDER", folder)

    def save(classes: tuple[str, ...] = ("person",)) -> Path:
        return write_untrained(folder / "small.safetensors", classes)

    return save


@pytest.fixture
def app(street: Path, bundle: Callable[..., Path], asked: list[str]) -> AppTest:
    bundle()
    return open_app("detection")


def move(app: AppTest, knob: str, value: float) -> AppTest:
    return app.slider(key=knob).set_value(value).run()


def caption(app: AppTest) -> str:
    """What stands under the picture."""
    return next(str(it.value) for it in app.caption if "boxes survive" in str(it.value))


def test_moving_a_slider_runs_no_network_but_another_image_does(
    app: AppTest, asked: list[str]
) -> None:
    assert asked == ["tiny00"]
    move(app, "score-threshold", 0.7)
    move(app, "nms-iou", 0.9)
    assert asked == ["tiny00"]
    move(app, "box-passes", 2)
    assert asked == ["tiny00"] * 2  # the head looks again, and then it is known
    move(app, "nms-iou", 0.5)
    move(app, "box-passes", 1)
    assert asked == ["tiny00"] * 2
    app.selectbox(key="pick-picture").set_value("tiny03").run()
    assert not complaints(app)
    assert asked == ["tiny00", "tiny00", "tiny03"]


def test_the_caption_repeats_both_thresholds_and_what_they_leave(app: AppTest) -> None:
    assert not complaints(app)
    assert caption(app) == (
        "Confidence ≥ 0.50 · NMS IoU ≤ 0.30 · 2 of 4 boxes survive: 1 hit, 1 background hit."
    )
    move(app, "nms-iou", 0.9)
    assert "NMS IoU ≤ 0.90 · 3 of 4 boxes survive: 1 hit, 1 duplicate, 1 background hit" in caption(
        app
    )
    move(app, "score-threshold", 0.95)
    assert "Confidence ≥ 0.95 · NMS IoU ≤ 0.90 · 0 of 4 boxes survive: 0 hits, 1 missed" in caption(
        app
    )


def test_the_thresholds_travel_in_the_link_and_go_back_to_their_defaults(app: AppTest) -> None:
    other = visit("detection", **link(app), **{"score-threshold": "0.62"})
    assert "Confidence ≥ 0.62" in caption(other)
    move(app, "score-threshold", 0.62)
    next(it for it in app.button if it.label == "Back to the defaults").click().run()
    assert "Confidence ≥ 0.50" in caption(app)


def test_a_picture_without_detections_offers_the_confidence_that_has_one(app: AppTest) -> None:
    move(app, "score-threshold", 0.95)
    assert "No box reaches confidence 0.95; the surest has 0.90." in words(app)
    app.button(key="confidence-lower").click().run()
    assert "1 of 4 boxes survive: 1 hit" in caption(app)


@pytest.mark.parametrize(
    ("surest", "told"), [(0.003, "The surest has under 0.01."), (0.049, "The surest has 0.04.")]
)
def test_where_the_detector_sees_nothing_the_page_says_so_and_offers_no_noise(
    street: Path,
    bundle: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    surest: float,
    told: str,
) -> None:
    bundle()
    noise = predictions(([0.0, 40, 9, 60], surest), ([50.0, 20, 60, 50], surest / 2))
    monkeypatch.setattr(detection, "predict", lambda *_: noise)
    app = open_app("detection")
    assert not complaints(app)
    assert "The detector sees nothing here: no box reaches even the confidence 0.05" in words(app)
    assert told in words(app)
    assert "confidence-lower" not in {it.key for it in app.button}


def test_everybody_who_is_missed_is_named_with_the_stage(app: AppTest) -> None:
    move(app, "score-threshold", 0.95)
    assert "**Person 1.** Scored too low: the best of the boxes on it got 0.90" in words(app)


def test_the_figures_of_the_picture_follow_the_slider(app: AppTest) -> None:
    assert figures_of(app, "This picture")["Precision"] == "0.50"
    move(app, "score-threshold", 0.7)
    assert figures_of(app, "This picture") == {
        **{"Precision": "1.00", "Recall": "1.00", "F1": "1.00", "Hits": "1", "Missed": "0"},
        **{"Duplicates": "0", "Background hits": "0"},
    }


def test_the_story_is_told_of_the_surest_and_of_whom_the_link_names(app: AppTest) -> None:
    assert "**#1, person 0.90**" in words(app)
    assert "It silenced 1 other box." in words(app)
    silenced = view_of()
    other = visit("detection", **link(app), box=str(SelectedBox(silenced.key, Prediction(1, 1))))
    assert "**A suppressed box, person 0.80**" in words(other)
    assert "It was suppressed by #1: their IoU is 0.82, and NMS allows 0.30." in words(other)
    assert link(other)["box"] == str(SelectedBox(silenced.key, Prediction(1, 1)))


def test_senseless_sizes_are_told_where_they_were_typed_and_the_picture_stays(street: Path) -> None:
    app = open_app("detection", **{"tta-scales": "soon"})
    assert not app.exception
    assert "not numbers" in words(app)
    assert "boxes survive" in words(app)
    app.text_input(key="tta-scales").set_value("1").run()
    assert not complaints(app)


def test_nonsense_in_the_link_tells_of_the_surest(
    street: Path, bundle: Callable[..., Path], asked: list[str]
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
    assert "Nobody annotated this picture" in text
    assert caption(app) == "Confidence ≥ 0.50 · NMS IoU ≤ 0.30 · 2 of 4 boxes survive."
    assert "Where should the threshold stand?" not in text
    assert all(it.key != "judge-split" for it in app.button)


def test_a_picture_without_people_has_no_recall_and_only_background_hits(
    street: Path, bundle: Callable[..., Path], asked: list[str]
) -> None:
    PIL.Image.fromarray(np.zeros((64, 96), np.uint8)).save(street / "PedMasks" / "tiny00_mask.png")
    bundle()
    app = open_app("detection")
    assert not complaints(app)
    assert "Nobody is to be found here" in words(app)
    assert figures_of(app, "This picture")["Recall"] == "–"
    assert "0 hits, 2 background hits" in caption(app)


def test_a_picture_without_a_single_proposal_says_where_to_look(
    street: Path, bundle: Callable[..., Path], asked: list[str]
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
    street: Path, bundle: Callable[..., Path], asked: list[str]
) -> None:
    bundle(
        ("dog", "person")
    )  # the stand-in is sure of the first: the data set's people are its second
    app = open_app("detection")
    assert not complaints(app)
    assert "**#1, dog 0.90**" in words(app)
    assert "0 hits, 2 background hits, 1 missed" in caption(app)
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


def test_a_split_is_judged_once_and_its_figures_follow_the_sliders(
    app: AppTest, asked: list[str]
) -> None:
    judge(app)
    assert sorted(asked[1:]) == sorted(job_of().names)
    assert figures_of(app, "Test split (2 pictures)")["Hits"] == "2"
    assert figures_of(app, "Test split (2 pictures)")["Background hits"] == "2"
    count = len(asked)
    move(app, "score-threshold", 0.7)
    assert figures_of(app, "Test split (2 pictures)")["Precision"] == "1.00"
    move(app, "nms-iou", 0.9)
    assert figures_of(app, "Test split (2 pictures)")["Duplicates"] == "2"
    assert len(asked) == count


def test_the_best_confidence_of_the_split_is_one_click_away(app: AppTest) -> None:
    assert all(it.key != "confidence-best" for it in app.button)
    judge(app)
    app.button(key="confidence-best").click().run()
    assert "Confidence ≥ 0.90" in caption(app)


def test_what_was_judged_before_a_stop_is_not_judged_again(
    app: AppTest, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of()

    def stopping(model: FastRCNN, image: Image, *_: object) -> RoIPredictions:
        asked.append(image.name)
        job.stop()
        return _answer(image, model.classes)

    monkeypatch.setattr(detection, "predict", stopping)
    app.button(key="judge-split").click().run()
    wait(job)
    app.run()
    assert job.done == 1
    assert app.button(key="judge-split").label == "Go on (1 of 2 pictures)"
    judge(app)
    assert len(asked) == 1 + 2


def test_a_picture_that_cannot_be_read_is_left_out_and_named(app: AppTest, street: Path) -> None:
    broken = job_of().names[0]
    (street / "PNGImages" / f"{broken}.png").write_bytes(b"no picture")
    judge(app)
    assert not complaints(app)
    assert f"Left out: {broken}" in words(app)
    assert "Test split (2 pictures)" in tables_of(app)


def test_a_network_that_fails_on_the_split_is_told_in_words(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> RoIPredictions:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(detection, "predict", fail)
    app.button(key="judge-split").click().run()
    wait(job_of())
    app.run()
    assert not app.exception
    assert "The network failed on one of the pictures" in words(app)


def judge(app: AppTest) -> None:
    app.button(key="judge-split").click().run()
    wait(job_of())
    app.run()


def wait(job: SplitEvaluationJob) -> None:
    deadline = time.monotonic() + 60
    while job.is_running and time.monotonic() < deadline:
        time.sleep(0.01)


def job_of() -> SplitEvaluationJob:
    """What the page itself watches: it is kept by content."""
    data = datasets.opened(tiny_setting())
    return split_evaluation_job(data, detectors.offered_detectors()[0], "test", device="auto")


def tiny_setting() -> str:
    return os.environ["FASTRCNN_DATA"]


def view_of() -> DetectionView:
    picture = datasets.annotated_image(datasets.opened(tiny_setting()), "tiny00")
    return detection_view(
        picture.image, picture, _answer(picture.image, ("person",)), DetectionConfig()
    )


def tables_of(app: AppTest) -> list[str]:
    return [str(name) for name in app.table[0].value.columns]


def figures_of(app: AppTest, column: str) -> dict[str, str]:
    return {str(name): str(value) for name, value in app.table[0].value[column].items()}


def upload(app: AppTest) -> None:
    """A picture of the visitor's own: the first of the street, by its pixels."""
    path = Path(tiny_setting()) / "PNGImages" / "tiny00.png"
    app.file_uploader(key="upload").upload("mine.png", path.read_bytes(), "image/png").run()
