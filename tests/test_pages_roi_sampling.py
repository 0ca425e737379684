"""The RoI sampling page: kinds of candidates, the sampled RoIs, one RoI's targets, and pictures with nobody on them."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from streamlit.testing.v1 import AppTest

from fastrcnn_core.config import SamplingConfig
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.structures import AnnotatedImage
from pages.ui.cache import datasets, networks, searches
from pages.ui.components import figures, formulas
from pages.ui.components.chart import Bars
from pages.ui.roi_sampling import charts, pictures, selection, tables
from pages.ui.roi_sampling import words as words_of
from pages.ui.roi_sampling.view import SamplingView, view
from pages.ui.state.roi_sampling import SelectedRoI
from tests.support.app import complaints, link, open_app, visit, words
from tests.support.builders import annotate
from tests.support.datasets import write_tiny

PERSON = [10.0, 10, 30, 50]
# IoU with PERSON: 0.5, 0.25, 0, 1/39
HALF, QUARTER, FAR, TOUCHING = (
    [10.0, 10, 30, 30],
    [10.0, 10, 20, 30],
    [60.0, 10, 80, 50],
    [29.0, 10, 49, 50],
)


annotated = partial(annotate, height=64, width=96)


def sampled(
    *proposals: list[float], truth: AnnotatedImage | None = None, seed: int = 0, **knobs: Any
) -> SamplingView:
    return view(
        annotated(PERSON) if truth is None else truth,
        np.asarray(proposals, np.float32).reshape(-1, 4),
        SamplingConfig(**knobs),
        delta_std=(0.1, 0.1, 0.2, 0.2),
        seed=seed,
    )


# --- One picture, without the app ---------------------------------------------------------------------------------


def test_each_candidate_is_of_one_kind_and_the_ground_truth_is_the_last() -> None:
    item = sampled(HALF, QUARTER, FAR, TOUCHING, background_iou_low=0.1)
    kinds = [item.kind(row) for row in range(5)]
    assert kinds == ["foreground", "background", "ignored", "ignored", "foreground"]
    assert words_of.candidate(item, 0) == "proposal 1"
    assert words_of.candidate(item, 4) == "the ground truth of person 1"


def test_the_same_draw_takes_the_same_rois_and_the_next_takes_others() -> None:
    many = [[float(x), 0, x + 8, 20] for x in range(40, 80)]
    draw = partial(sampled, *many, rois_per_image=8)
    first, again = draw(seed=3), draw(seed=3)
    assert first.drawn.tolist() == again.drawn.tolist()
    assert first.drawn.tolist() != draw(seed=4).drawn.tolist()


def test_why_a_candidate_counts_as_what_it_does_is_told_with_its_iou_and_the_bounds() -> None:
    item = sampled(HALF, QUARTER, FAR, background_iou_low=0.1)
    assert (
        "**Positive (foreground)**: its best IoU is 0.50, with person 1, and 0.50 is enough."
        in (words_of.why(item, 0))
    )
    assert "its best IoU is 0.25, with person 1, and that lies in [0.10, 0.50)" in words_of.why(
        item, 1
    )
    assert "**Ignored**: it overlaps no ground truth (IoU 0)" in words_of.why(item, 2)


def test_who_was_not_drawn_is_told_how_many_were() -> None:
    item = sampled(HALF, HALF, QUARTER, rois_per_image=4, foreground_share=0.25)
    (left_out, _) = item.rows("foreground", drawn=False)
    assert words_of.was_drawn(item, int(left_out)) == (
        "This draw did not take it: 1 of 3 positive (foreground) candidates were drawn."
    )


def test_nobody_matches_a_crowd() -> None:
    item = sampled(HALF, truth=annotated(PERSON, tags=("crowd",)))
    assert item.kind(0) == "background"
    assert len(item.candidates) == 1


def test_the_marks_of_the_picture_stand_for_their_candidates() -> None:
    item = sampled(HALF, HALF, QUARTER, TOUCHING, background_iou_low=0.1, rois_per_image=4)
    drawing = pictures.draw(item, chosen=None, ignored=True, left_out=True)
    count = {layer.role.name: len(layer.array) for layer in drawing.layers}
    assert count == {
        "foreground": 1,
        "background": 1,
        "ignored": 1,
        "left_out": 2,
        "ground_truth": 1,
    }
    drawn = int(item.rows("foreground", drawn=True)[0])
    assert pictures.clicked(item, figures.Chosen("foreground", 0)) == drawn
    assert pictures.clicked(item, figures.Chosen("ignored", 0)) == 3
    assert pictures.clicked(item, figures.Chosen("left_out", 1)) not in (drawn, 2, 3)
    assert pictures.clicked(item, figures.Chosen("ground_truth", 0)) is None


def test_thousands_of_ignored_candidates_do_not_hide_the_picture() -> None:
    many = [[float(x % 60), x // 60, x % 60 + 3, x // 60 + 3] for x in range(1000)]
    item = sampled(*many, background_iou_low=0.3)
    drawing = pictures.draw(item, chosen=None, ignored=True, left_out=False)
    layer = next(layer for layer in drawing.layers if layer.role.name == "ignored")
    assert len(layer.array) == 150
    assert "of 1,000 the first" in layer.name


def test_each_candidate_is_in_one_bar_of_its_own_kind() -> None:
    """A candidate at IoU 0.5 is foreground, and stands in the bar that begins at 0.5."""
    item = sampled(HALF, QUARTER, FAR, background_iou_low=0.1, add_ground_truth=False)
    bars = {
        mark.name: list(mark.y) for mark in charts.histogram(item).marks if isinstance(mark, Bars)
    }
    assert bars["Positive (foreground)"][10] == 1
    assert bars["Negative (background)"][5] == 1
    assert bars["Ignored"][0] == 1
    assert sum(map(sum, bars.values())) == 3


def test_the_ground_truth_among_the_candidates_is_in_the_last_bar() -> None:
    item = sampled(HALF, add_ground_truth=True)
    bars = {
        mark.name: list(mark.y) for mark in charts.histogram(item).marks if isinstance(mark, Bars)
    }
    assert bars["Positive (foreground)"][-1] == 1
    assert sum(map(sum, bars.values())) == len(item.iou) == 2


def test_the_table_says_what_each_drawn_roi_should_learn() -> None:
    item = sampled(HALF, QUARTER, add_ground_truth=False)
    table = tables.drawn(item)
    assert table["RoI"].tolist() == ["Positive", "Negative"]
    # HALF is as wide as the person and half as high: its center is 10 px too high, which is half its height.
    assert table.loc[0, ["tx", "ty", "tw", "th"]].tolist() == pytest.approx(  # type: ignore[operator]
        [0, 5, 0, np.log(2) / 0.2]
    )
    assert table.loc[1, ["tx", "ty", "tw", "th"]].isna().all()


def test_lower_thresholds_are_counted_before_anybody_moves_a_knob() -> None:
    table = tables.more_positives(sampled(HALF, QUARTER, [10.0, 10, 30, 24], rois_per_image=4))
    counts = dict(zip(table["Foreground IoU"], table["Positive candidates"], strict=True))
    assert counts == {"0.30": 3, "0.40": 2, "0.50": 2, "0.60": 1, "0.70": 1}
    assert table["Drawn at most"].max() == 1


def test_the_formulas_have_the_boxes_own_numbers() -> None:
    box, target = np.asarray(HALF, np.float32), np.asarray(PERSON, np.float32)
    assert r"\frac{400}{400 + 800 - 400} = 0.50" in formulas.iou(box, target)
    deltas = np.asarray([0, 0.5, 0, np.log(2)], np.float32)
    assert r"d_y &= (30.0 - 20.0) / 20.0 = +0.500" in formulas.encoded(box, target, deltas)
    assert "(+0.00, +5.00, +0.00, +3.47)" in formulas.targets(deltas, (0.1, 0.1, 0.2, 0.2))
    assert r"y &= 20.0 + 20.0 \cdot (+0.500) = 30.0" in formulas.decoded(box, deltas)


@pytest.mark.parametrize("word", ["", "x", "000000-0", "{key}-9", "{key}--1", "{key}-0-1"])
def test_a_word_that_means_nothing_here_chooses_nothing(word: str) -> None:
    item = sampled(HALF)
    selected = SelectedRoI.parse(word.replace("{key}", item.key))
    assert selected is None or selection.row_of(item, selected) is None
    assert selection.row_of(item, SelectedRoI(item.key, 1)) == 1


def test_crops_of_any_shape_have_one_size() -> None:
    item = sampled([0.0, 0, 96, 2], [95.5, 63.5, 96, 64], [-5.0, -5, 3, 200], HALF)
    sizes = {crop.size for crop in pictures.crops(item, np.arange(4))}
    assert sizes == {(80, 112)}


# --- The page ----------------------------------------------------------------------------------------------------


@pytest.fixture
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_tiny(tmp_path / "tiny street")
    monkeypatch.setenv("FASTRCNN_DATA", str(folder))
    monkeypatch.setattr(networks, "BUNDLED_FOLDER", tmp_path / "none")
    return folder


@pytest.fixture
def app(street: Path) -> AppTest:
    return open_app("roi_sampling")


def metric(app: AppTest, label: str) -> str:
    return str(next(item.value for item in app.metric if item.label == label))


def words_of_column(app: AppTest, number: int) -> str:
    return "\n".join(str(item.value) for item in app.main.columns[number].markdown)


def caption(app: AppTest) -> str:
    return next(str(item.value) for item in app.caption if "RoIs drawn of" in str(item.value))


def test_the_page_needs_no_detector_and_names_both_words_at_first_mention(app: AppTest) -> None:
    assert not complaints(app)
    assert "positive (foreground)" in str(app.markdown[0].value) + words(app)
    assert caption(app).endswith("negative (background).")


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_picture_of_the_test_split_is_said_never_to_be_drawn_from(
    app: AppTest, street: Path, part: str
) -> None:
    data = open_dataset(street)
    name = next(item for item in data.names if data.split.part_of(item) == part)
    app.selectbox(key="pick-picture").set_value(name).run()
    assert ("no training step ever draws from it" in words(app)) == (part == "test")


def test_a_higher_lower_bound_turns_negatives_into_ignored(app: AppTest) -> None:
    assert metric(app, "Ignored") == "0"
    app.slider(key="background-iou-low").set_value(0.3).run()
    assert not complaints(app)
    assert int(metric(app, "Ignored").replace(",", "")) > 0


def test_contradicting_knobs_are_told_below_the_knob_and_the_last_valid_picture_stays(
    app: AppTest,
) -> None:
    app.slider(key="rois-per-image").set_value(9).run()
    before = caption(app)
    app.slider(key="background-iou-high").set_value(0.9).run()
    assert not app.exception
    right = words_of_column(app, 1)
    assert "background\\_iou\\_high is above foreground\\_iou" in right
    assert "the last valid values are in use" in right
    assert caption(app) == before
    app.slider(key="background-iou-high").set_value(0.3).run()
    assert not complaints(app)


def test_a_chosen_roi_is_told_beside_the_picture_and_its_close_up_comes_next(app: AppTest) -> None:
    assert "**Positive (foreground)**" in words_of_column(app, 1)
    headers = [item.value for item in app.header]
    assert headers[0] == "What is this RoI asked to learn?"


def test_the_crops_stand_apart(app: AppTest) -> None:
    app.slider(key="rois-per-image").set_value(9).run()
    crops = app.get("image")
    assert len(crops) == 9
    assert all(len(item.proto.imgs) == 1 for item in crops)


def test_draw_again_takes_the_next_draw_and_the_link_brings_it_back(app: AppTest) -> None:
    app.slider(key="rois-per-image").set_value(9).run()
    before = app.dataframe[0].value["From"].tolist()
    app.button(key="draw-again").click().run()
    after = app.dataframe[0].value["From"].tolist()
    assert app.number_input(key="draw").value == 1
    assert before != after
    second = visit("roi_sampling", **(link(app) | {"draw": "1", "rois-per-image": "9"}))
    assert second.dataframe[0].value["From"].tolist() == after


def test_a_candidate_is_asked_about_by_link(app: AppTest, street: Path) -> None:
    first = datasets.annotated_image(datasets.opened(str(street)), "tiny00")
    boxes = searches.proposals(first.image, networks.ProposalConfig())  # type: ignore[attr-defined]
    item = sampled(*boxes.tolist(), truth=first)
    row = len(item.candidates) - 1
    second = visit("roi_sampling", **link(app), roi=str(SelectedRoI(item.key, row)))
    assert "**The ground truth of person 1**." in words(second)
    assert "its best IoU is 1.00, with person 1" in words(second)


def test_a_picture_without_people_teaches_only_what_is_background(street: Path) -> None:
    PIL.Image.fromarray(np.zeros((64, 96), np.uint8)).save(street / "PedMasks" / "tiny00_mask.png")
    app = open_app("roi_sampling")
    assert not complaints(app)
    assert "No one is annotated on this picture" in words(app)
    assert metric(app, "Positive (foreground)") == "0"
    app.slider(key="background-iou-low").set_value(0.1).run()
    assert not complaints(app)
    assert "Only 0 RoIs were drawn, not 64" in words(app)
    assert "No RoI was drawn" in words(app)


def test_a_picture_of_ones_own_says_that_training_needs_annotations(
    app: AppTest, street: Path
) -> None:
    content = (street / "PNGImages" / "tiny00.png").read_bytes()
    app.file_uploader(key="upload").upload("mine.png", content, "image/png").run()
    assert not complaints(app)
    assert "Training needs annotations" in words(app)
    app.button(key="take-a-scene").click().run()
    assert not complaints(app)
    assert caption(app)


def test_a_picture_without_a_single_proposal_has_its_ground_truth_to_learn_from(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = np.zeros((0, 4), np.float32)
    monkeypatch.setattr(searches, "proposals", lambda image, config: none)
    app = open_app("roi_sampling")
    assert not complaints(app)
    assert caption(app).startswith("1 RoIs drawn of 1 candidates: 1 positive")
    app.toggle(key="add-ground-truth").set_value(False).run()
    assert not complaints(app)
    assert "No RoI was drawn" in words(app)
