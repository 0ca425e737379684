"""The Detection page's evaluation of a whole split."""

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fastrcnn_core import detection
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.structures import Image, RoIPredictions
from pages.ui.cache import datasets
from pages.ui.jobs.split_evaluation import SplitEvaluationJob, split_evaluation_job
from pages.ui.state import detectors
from tests.support import detection_page
from tests.support.app import complaints, words
from tests.support.builders import wait_until
from tests.support.detection_page import _answer, caption, figures_of, move, tiny_setting

predicted = detection_page.predicted
app = detection_page.app


def judge(app: AppTest) -> None:
    app.button(key="judge-split").click().run()
    wait(job_of())
    app.run()


def wait(job: SplitEvaluationJob) -> None:
    deadline = time.monotonic() + 60
    while job.is_running and time.monotonic() < deadline:
        time.sleep(0.01)


def job_of() -> SplitEvaluationJob:
    """Return the job that the page watches; jobs are cached by content."""
    data = datasets.opened(tiny_setting())
    return split_evaluation_job(data, detectors.offered_detectors()[0], "test", device="auto")


def tables_of(app: AppTest) -> list[str]:
    return [str(name) for name in app.table[0].value.columns]


def test_a_split_is_judged_once_and_its_figures_follow_the_sliders(
    app: AppTest, predicted: list[str]
) -> None:
    judge(app)
    assert sorted(predicted[1:]) == sorted(job_of().names)
    assert figures_of(app, "Test split (2 pictures)")["Hits"] == "2"
    assert figures_of(app, "Test split (2 pictures)")["False positives"] == "2"
    count = len(predicted)
    move(app, "score-threshold", 0.7)
    assert figures_of(app, "Test split (2 pictures)")["Precision"] == "1.00"
    move(app, "nms-iou", 0.9)
    assert figures_of(app, "Test split (2 pictures)")["Duplicates"] == "2"
    assert len(predicted) == count


def test_the_best_confidence_of_the_split_is_one_click_away(app: AppTest) -> None:
    assert all(button.key != "confidence-best" for button in app.button)
    judge(app)
    app.button(key="confidence-best").click().run()
    assert "Confidence ≥ 0.90" in caption(app)


def test_what_was_judged_before_a_stop_is_not_judged_again(
    app: AppTest, predicted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of()

    def stopping(model: FastRCNN, image: Image, *_: object) -> RoIPredictions:
        predicted.append(image.name)
        job.stop()
        return _answer(image, model.classes)

    monkeypatch.setattr(detection, "predict", stopping)
    app.button(key="judge-split").click().run()
    wait(job)
    app.run()
    assert job.done == 1
    assert app.button(key="judge-split").label == "Go on (1 of 2 pictures)"
    judge(app)
    assert len(predicted) == 1 + 2


def test_a_picture_that_cannot_be_read_is_left_out_and_named(app: AppTest, street: Path) -> None:
    broken = job_of().names[-1]  # not the one on the page
    (street / "PNGImages" / f"{broken}.png").write_bytes(b"no picture")
    app.run().button(key="judge-split").click().run()
    wait_until(lambda: f"Left out: {broken}" in words(app.run()))
    assert not complaints(app)
    assert "Test split (2 pictures)" in tables_of(app)


def test_a_network_that_fails_on_the_split_is_told_in_words(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> RoIPredictions:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(detection, "predict", fail)
    app.button(key="judge-split").click().run()
    wait(job_of())
    app.run()
    assert not app.exception
    assert "The network failed on one of the pictures" in words(app)
