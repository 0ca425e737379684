"""A survey of a data set runs in the background, can be stopped, goes on, and computes nothing twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.proposals import ProposalStore, best_overlap, propose
from fastrcnn_core.structures import FloatArray, Image
from pages.ui.resources.surveys import LIMITS, Survey
from tests.app import complaints, open_app, visit, words
from tests.tiny import write_tiny

CONFIG = ProposalConfig(method="single", min_side=8)


@pytest.fixture
def street(tmp_path: Path) -> Path:
    return write_tiny(tmp_path / "street", count=5)


def surveyed(street: Path) -> Survey:
    return Survey(open_dataset(street), CONFIG, threading.Lock())


def wait(until: Callable[[], bool]) -> None:
    for _ in range(6000):
        if until():
            return
        time.sleep(0.01)
    raise AssertionError("it took more than a minute")


def test_it_has_every_pictures_best_overlaps(street: Path) -> None:
    survey = surveyed(street)
    survey.start()
    wait(lambda: survey.is_complete and not survey.is_running)
    assert (survey.done, survey.problems, survey.failure) == (5, {}, None)
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
    wait(lambda: not survey.is_running)
    assert survey.done == 2
    assert not survey.is_complete
    assert survey.seconds_left is not None
    survey.start()
    wait(lambda: not survey.is_running)
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
    wait(lambda: survey.is_complete)
    assert survey.problems == {}


def test_a_bad_picture_is_reported_and_the_others_are_judged(street: Path) -> None:
    data = open_dataset(street)
    (street / "PNGImages" / f"{data.names[1]}.png").write_bytes(b"no picture")
    survey = Survey(data, CONFIG, threading.Lock())
    survey.start()
    wait(lambda: survey.is_complete and not survey.is_running)
    assert list(survey.problems) == [data.names[1]]
    assert len(survey.overlaps) == 4


def test_a_second_survey_waits_for_its_turn_and_can_be_stopped_while_it_waits(street: Path) -> None:
    survey = surveyed(street)
    survey.turn.acquire()
    survey.start()
    assert survey.is_running
    survey.stop()
    wait(lambda: not survey.is_running)
    assert survey.done == 0


def test_before_it_began_there_is_nobody(street: Path) -> None:
    assert surveyed(street).all_overlaps().shape == (len(LIMITS), 0)


def test_the_page_starts_it_shows_it_and_says_when_it_is_done(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTRCNN_DATA", str(street))
    app = open_app("proposals", section="Quality", method="single")
    app.segmented_control(key="quality-of").set_value("The data set").run()
    assert "0 of 5 pictures so far" in words(app)
    app.button(key="start-survey").click().run()
    wait(lambda: "All 5 pictures" in words(app.run()))
    assert not complaints(app)
    assert "5 pedestrians on 5 pictures" in words(app)
    other = visit("proposals", section="Quality", method="single")
    other.segmented_control(key="quality-of").set_value("The data set").run()
    assert "All 5 pictures" in words(other)
