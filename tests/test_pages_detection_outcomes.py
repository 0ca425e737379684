"""The Detection page without the app: what becomes of boxes and people, layers, files, curves."""

import json
from functools import partial
from typing import Any

import numpy as np
import pytest

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.datasets import CocoIds
from fastrcnn_core.evaluation import precision_recall_curve
from fastrcnn_core.prediction_trace import trace_prediction
from fastrcnn_core.structures import AnnotatedImage, RoIPredictions
from pages.ui.components import detection_layers, figures
from pages.ui.components.chart import Line
from pages.ui.components.detection_view import DetectionView, detection_view
from pages.ui.detection import box_outcomes, charts, pictures, selection, tables
from pages.ui.detection import words as words_of
from pages.ui.state.detection import GroundTruthBox, Prediction, SelectedBox
from tests.support.builders import annotate
from tests.support.datasets import MemoryDataset
from tests.support.detection_page import predictions

PERSON = [10.0, 8, 30, 56]


annotated = partial(annotate, height=64, width=96)


def view_of(predicted: RoIPredictions, truth: AnnotatedImage, **knobs: Any) -> DetectionView:
    return detection_view(truth.image, truth, predicted, DetectionConfig(**knobs))


def fate(view: DetectionView, row: int = 0) -> box_outcomes.Outcome:
    assert view.annotated is not None
    return box_outcomes.of_ground_truth(
        view.diagnoses[row], view.annotated, view.detections, view.config
    )


def test_somebody_whom_no_proposal_covers_was_lost_at_the_proposals() -> None:
    outcome = fate(view_of(predictions(([10, 8, 30, 24], 0.9)), annotated(PERSON)))
    assert outcome.happened == "No proposal has IoU ≥ 0.50 with it (the best: 0.33)."


def test_somebody_who_scored_low_is_told_how_far_below_and_which_confidence_brings_them_back() -> (
    None
):
    outcome = fate(view_of(predictions((PERSON, 0.27)), annotated(PERSON)))
    assert "got 0.27, 0.23 below the threshold" in outcome.happened
    assert (
        outcome.hint
        == "It becomes a detection, unless NMS suppresses it, when the confidence is at most 0.27."
    )
    back = view_of(predictions((PERSON, 0.27)), annotated(PERSON), score_threshold=0.27)
    assert back.diagnoses[0].stage == "found"


def test_somebody_who_was_suppressed_is_told_by_whom_and_which_nms_iou_brings_them_back() -> None:
    neighbour = [16.0, 8, 36, 56]  # IoU 14/26 = 0.54 with PERSON
    predicted, truth = predictions((neighbour, 0.9), (PERSON, 0.8)), annotated(neighbour, PERSON)
    outcome = fate(view_of(predicted, truth), 1)
    assert outcome.happened.startswith("Suppressed by #1 at IoU 0.54")
    assert outcome.hint == "It comes back when NMS IoU is at least 0.54."
    assert view_of(predicted, truth, nms_iou=0.54).diagnoses[1].stage == "found"


def test_with_soft_nms_a_story_tells_who_lowered_whom() -> None:
    neighbour = [16.0, 8, 36, 56]  # IoU 14/26 = 0.54 with PERSON
    predicted, truth = predictions((neighbour, 0.9), (PERSON, 0.8)), annotated(neighbour, PERSON)
    fallen = view_of(predicted, truth, nms="linear")  # 0.8 × (1 - 0.54) = 0.37
    assert (
        "fell below the confidence, most of all because of #1: their IoU is 0.54"
        in fate(fallen, 1).happened
    )
    higher = view_of(predicted, truth, nms="linear", score_threshold=0.3)
    assert fate(higher, 1).happened == "Found by #2 at IoU 1.00."

    def describe(view: DetectionView, roi_index: int) -> str:
        origin = trace_prediction(
            view.predictions, view.detections, view.config, roi_index=roi_index, label=1
        )
        return box_outcomes.of_prediction(origin, view.detections, view.config).happened

    assert "0.90 sure, and no better box lowered that" in describe(higher, 0)
    assert "was 0.80 sure, and better boxes lowered that to 0.37, most of all #1" in describe(
        higher, 1
    )
    assert "lowered that below the confidence, most of all #1" in describe(fallen, 1)


def test_a_confident_box_that_strayed_from_its_proposal_is_badly_localised() -> None:
    outcome = fate(view_of(predictions((PERSON, 0.9), moved=15.0), annotated(PERSON)))
    assert outcome.happened.startswith("Badly localised: a confident box (0.90)")
    assert "IoU 1.00), but as corrected has IoU 0.14" in outcome.happened


def test_a_box_beyond_the_limit_says_so() -> None:
    neighbour = [60.0, 8, 80, 56]
    outcome = fate(
        view_of(predictions((neighbour, 0.9), (PERSON, 0.8)), annotated(PERSON), limit=1)
    )
    assert "ranks after the first 1" in outcome.happened


def test_a_crowd_is_not_missed() -> None:
    view = view_of(predictions(), annotated(PERSON, tags=("crowd",)))
    assert view.tally is not None
    assert view.tally.missed == 0


def test_the_verdicts_colour_the_layers_and_marks_stand_for_their_boxes() -> None:
    far, again = [60.0, 8, 80, 56], [13.0, 8, 33, 56]
    predicted = predictions((PERSON, 0.9), (far, 0.7), (again, 0.6))
    view = view_of(predicted, annotated(PERSON, [40.0, 8, 50, 30]), nms_iou=0.9)
    drawing = detection_layers.survivors(view, chosen=None, truth=True, suppressed=True)
    count = {layer.role.name: len(layer.array) for layer in drawing.layers}
    assert count == {
        **{"hit": 1, "background_hit": 1, "duplicate": 1},
        **{"missed": 1, "ground_truth": 2, "suppressed": 0},
    }
    assert pictures.clicked(view, figures.Chosen("background_hit", 0)) == Prediction(1, 1)
    assert pictures.clicked(view, figures.Chosen("duplicate", 0)) == Prediction(2, 1)
    assert pictures.clicked(view, figures.Chosen("missed", 0)) == GroundTruthBox(1)
    assert pictures.clicked(view, figures.Chosen("chosen", 0)) is None


def test_a_chosen_box_stays_chosen_when_it_falls_silent() -> None:
    predicted, truth = predictions((PERSON, 0.9), ([12.0, 8, 32, 56], 0.8)), annotated(PERSON)
    before, after = view_of(predicted, truth, nms_iou=0.9), view_of(predicted, truth, nms_iou=0.3)
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
    view = view_of(predictions((PERSON, 0.9)), annotated(PERSON))
    selected = SelectedBox.parse(word.replace("{key}", view.key))
    assert selected is None or selection.choice_of(view, selected) is None


def test_the_word_of_another_picture_means_nothing_here() -> None:
    view = view_of(predictions((PERSON, 0.9)), annotated(PERSON))
    second = view_of(predictions((PERSON, 0.9), (PERSON, 0.1)), annotated(PERSON))
    assert selection.choice_of(second, SelectedBox(view.key, Prediction(0, 1))) is None
    assert selection.choice_of(view, SelectedBox(view.key, GroundTruthBox(0))) == GroundTruthBox(0)


def test_the_files_say_what_the_picture_shows() -> None:
    view = view_of(predictions((PERSON, 0.9), ([60.0, 8, 80, 56], 0.7)), annotated(PERSON))
    lines = tables.csv(view).splitlines()
    assert lines[0] == "image,class,score,x1,y1,x2,y2,verdict,iou"
    assert lines[1] == "street,person,0.9000,10.0000,8.0000,30.0000,56.0000,hit,1.0000"
    assert lines[2].endswith("false positive,0.0000")
    first = json.loads(tables.coco(view))[0]
    assert first == {
        "image": "street",
        "category_id": 1,
        "category": "person",
        "bbox": [10.0, 8.0, 20.0, 48.0],
        "score": pytest.approx(0.9),
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
    row = json.loads(tables.coco(view_of(predictions((PERSON, 0.9)), truth), data))[0]
    assert {name: value for name, value in row.items() if name.endswith("id")} == ids


def test_the_curves_are_level_between_two_detections() -> None:
    """At confidence 0.7, between the hit at 0.9 and the false positive at 0.6, precision is still 1."""
    view = view_of(predictions((PERSON, 0.9), ([60.0, 8, 80, 56], 0.6)), annotated(PERSON))
    assert view.judged is not None
    ranking = precision_recall_curve([(view.detections, view.judged)])
    curve = charts.curves(ranking, threshold=0.5, best=None).marks[0]
    assert isinstance(curve, Line)
    assert (curve.name, curve.steps) == ("Precision", True)
    assert [float(y) for y in curve.y] == [1.0, 0.5]
    assert ranking.at(0.7).precision == 1.0
