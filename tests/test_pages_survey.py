"""A survey of a data set runs in the background, can be stopped, goes on, and computes nothing twice."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.proposals import ProposalStore, best_overlap, propose
from fastrcnn_core.structures import FloatArray, Image
from pages.ui.jobs.proposal_recall import LIMITS, RecallJob, recall_job
from pages.ui.proposals import quality, worst_recall
from pages.ui.state.proposals import followed_key
from tests.support.app import complaints, link, open_app, visit, words
from tests.support.builders import wait_until
from tests.support.datasets import write_tiny

CONFIG = ProposalConfig(method="single", min_side=8)


@pytest.fixture
def street(tmp_path: Path) -> Path:
    return write_tiny(tmp_path / "street", count=5)


def surveyed(street: Path) -> RecallJob:
    return RecallJob(open_dataset(street), CONFIG, threading.Lock())


def test_it_has_every_pictures_best_overlaps(street: Path) -> None:
    survey = surveyed(street)
    survey.start()
    wait_until(lambda: survey.is_complete and not survey.is_running)
    assert (survey.done, survey.problems, survey.error) == (5, {}, None)
    data, expected, count = open_dataset(street), [], 0
    for name in (*data.split.test, *data.split.train):
        annotated = data.load(name)
        boxes = propose(annotated.image, CONFIG)
        count += len(boxes)
        expected.append(best_overlap(proposals=boxes, gt_boxes=annotated.boxes, limits=LIMITS))
    np.testing.assert_array_equal(survey.all_overlaps(), np.concatenate(expected, axis=1))
    assert survey.proposals == count


def test_stopped_it_keeps_what_it_has_and_goes_on_there(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []
    survey = surveyed(street)

    def slow(image: Image, config: ProposalConfig) -> FloatArray:
        searched.append(image.key)
        if len(searched) == 2:
            survey.stop()
        return propose(image, config)

    monkeypatch.setattr("fastrcnn_core.proposals.store.propose", slow)
    survey.start()
    wait_until(lambda: not survey.is_running)
    assert survey.done == 2
    assert not survey.is_complete
    assert survey.seconds_left is not None
    survey.start()
    wait_until(lambda: not survey.is_running)
    assert survey.is_complete
    assert len(searched) == len(set(searched)) == 5


def test_what_the_store_has_is_not_computed_again(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = open_dataset(street)
    for name in data.names:
        ProposalStore().get(data.load(name).image, CONFIG)
    monkeypatch.setattr("fastrcnn_core.proposals.store.propose", None)
    survey = surveyed(street)
    survey.start()
    wait_until(lambda: survey.is_complete)
    assert survey.problems == {}


def test_what_is_stored_counts_before_anything_is_computed(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = open_dataset(street)
    for name in data.names[:3]:
        ProposalStore().get(data.load(name).image, CONFIG)
    (street / "PNGImages" / f"{data.names[4]}.png").write_bytes(b"no picture")
    monkeypatch.setattr("fastrcnn_core.proposals.store.propose", None)
    survey = surveyed(street)
    survey.find_cached()
    wait_until(lambda: not survey.is_running)
    assert (set(survey.overlaps), survey.problems) == (set(data.names[:3]), {})
    assert (survey.examined, survey.seconds_left, survey.error) == (None, None, None)
    survey.find_cached()
    assert not survey.is_running  # once is enough


def test_a_data_set_that_is_stored_is_shown_without_a_press(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, config = open_dataset(street), ProposalConfig(method="single")
    for name in data.names:
        ProposalStore().get(data.load(name).image, config)
    monkeypatch.setenv("FASTRCNN_DATA", str(street))
    app = open_app("proposals", section="Quality", method="single")
    app.segmented_control(key="quality-of").set_value("The data set").run()
    wait_until(lambda: "All 5 pictures" in words(app.run()))


def test_a_bad_picture_is_reported_and_the_others_are_judged(street: Path) -> None:
    data = open_dataset(street)
    (street / "PNGImages" / f"{data.names[1]}.png").write_bytes(b"no picture")
    survey = RecallJob(data, CONFIG, threading.Lock())
    survey.start()
    wait_until(lambda: survey.is_complete and not survey.is_running)
    assert list(survey.problems) == [data.names[1]]
    assert len(survey.overlaps) == 4


def test_a_second_survey_waits_for_its_turn_and_can_be_stopped_while_it_waits(street: Path) -> None:
    survey = surveyed(street)
    survey.turn.acquire()
    survey.start()
    assert survey.is_running
    survey.stop()
    wait_until(lambda: not survey.is_running)
    assert survey.done == 0


def test_before_it_began_there_is_nobody(street: Path) -> None:
    assert surveyed(street).all_overlaps().shape == (len(LIMITS), 0)


def test_the_page_starts_it_shows_it_and_says_when_it_is_done(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTRCNN_DATA", str(street))
    app = open_app("proposals", section="Quality", method="single")
    app.segmented_control(key="quality-of").set_value("The data set").run()
    wait_until(lambda: "1 of 5 pictures are computed" in words(app.run()))  # the one on screen
    app.button(key="start-survey").click().run()
    wait_until(lambda: "All 5 pictures" in words(app.run()))
    assert not complaints(app)
    assert "5 people on 5 pictures" in words(app)
    reopened = visit("proposals", section="Quality", method="single")
    reopened.segmented_control(key="quality-of").set_value("The data set").run()
    assert "All 5 pictures" in words(reopened)


def test_whoever_is_found_worst_comes_first(street: Path) -> None:
    survey = surveyed(street)
    rows = {"one": [0.9, 0.2], "other": [0.4], "none": []}
    survey.overlaps = {
        name: np.array([[0.0] * len(best), best], np.float32) for name, best in rows.items()
    }
    table = worst_recall.worst(survey, noun="person")
    assert list(zip(table["Picture"], table["Person"], strict=True)) == [
        ("one", 2),
        ("other", 1),
        ("one", 1),
    ]
    assert table["Best IoU"].tolist() == pytest.approx([0.2, 0.4, 0.9])


def test_from_the_worst_found_of_the_data_one_goes_to_the_filter_that_lost_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tiny(tmp_path / "two", count=3, people=2)
    monkeypatch.setenv("FASTRCNN_DATA", str(folder))
    app = open_app("proposals", section="Quality", method="single", **{"min-side": "30"})
    app.segmented_control(key="quality-of").set_value("The data set").run()
    wait_until(lambda: "1 of 3 pictures" in words(app.run()))
    app.button(key="start-survey").click().run()
    wait_until(lambda: "All 3 pictures" in words(app.run()))
    assert "Choose a row to see where this person was lost" in words(app)
    survey = recall_job(open_dataset(folder), ProposalConfig(method="single", min_side=30))
    row = worst_recall.worst(survey, noun="person").iloc[3]
    app.session_state["worst-found"] = {"selection": {"rows": [3], "columns": [], "cells": []}}
    app.run()
    app.button(key="open-worst-found").click().run()
    assert not complaints(app)
    assert link(app)["picture"] == row["Picture"]
    assert app.segmented_control(key="section").value == "Funnel"
    image = open_dataset(folder).load(row["Picture"]).image
    assert app.selectbox(key=followed_key(image.key)).value == row["Person"] - 1


def test_the_fewest_proposals_that_find_as_many_as_all_are_named() -> None:
    limits = np.array([0, 1, 10, 100])
    overlaps = np.array([[0, 0], [0.6, 0], [0.6, 0.5], [0.75, 0.6]], np.float32)
    sentence = quality.enough(limits, overlaps)
    assert "At IoU 0.5 the first **10** find as many as all 100 do" in sentence
    assert "At IoU 0.7 the first **100** find as many as all 100 do" in sentence
    assert "At IoU 0.7 none of the 10 finds anybody" in quality.enough(limits[:3], overlaps[:3])


def test_where_nobody_is_annotated_no_number_of_proposals_is_called_enough() -> None:
    sentence = quality.enough(np.array([0, 1, 2]), np.zeros((3, 0), np.float32))
    assert "No annotation here" in sentence
    assert "first" not in sentence
