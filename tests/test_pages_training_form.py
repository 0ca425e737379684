"""The Training page's form: presets, knobs, the cost estimate, and the start of a run."""

from __future__ import annotations

import dataclasses
from importlib import import_module
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fastrcnn_core.config import Config, DetectionConfig, preset
from fastrcnn_core.errors import RunError
from fastrcnn_core.flags import flags
from fastrcnn_core.runs import (
    Estimate,
    list_runs,
)
from tests.support import training_page
from tests.support.app import complaints, link, open_app, words
from tests.support.training_page import a_run, labels, progress, until_no_thread

street = training_page.street
spawned = training_page.spawned


ESTIMATED = ("starting", "proposals", "features", "steps", "validation", "checkpoints")


WIDGETS = ("number_input", "slider", "toggle", "checkbox", "selectbox", "text_input")


def plain(app: AppTest) -> str:
    """The page's words as one reads them."""
    return words(app).replace("\\", "")


def measured(app: AppTest) -> AppTest:
    """Press the button that measures, and wait until it has."""
    app.button(key="estimate").click().run()
    until_no_thread("costestimatejob")
    return app.run()


def test_without_a_run_the_page_invites_to_begin_one() -> None:
    app = open_app("training")
    assert not complaints(app)
    assert "There is no run yet" in app.info[0].value
    assert app.text_input(key="run-name-minute").value == "minute"
    assert not app.get("plotly_chart")


def test_a_preset_moves_the_knobs_and_the_name() -> None:
    app = open_app("training")
    assert app.number_input(key="epochs").value == preset("minute").training.epochs
    app.button_group(key="preset").set_value("notebook").run()
    assert app.number_input(key="epochs").value == 50
    assert app.text_input(key="run-name-notebook").value == "notebook"
    assert not complaints(app)


def test_start_begins_a_process_with_these_knobs_and_watches_it(
    street: Path, spawned: list[list[str]]
) -> None:
    app = open_app("training")
    app.number_input(key="epochs").set_value(2.0)
    app.text_input(key="run-name-minute").set_value("my run").run()
    app.button(key="start").click().run()
    config = preset("minute")
    config = dataclasses.replace(config, training=dataclasses.replace(config.training, epochs=2.0))
    assert spawned == [["train", "--run", "my run", "--resume"]]
    (begun,) = list_runs()
    assert (begun.config(), begun.data_setting()) == (config, str(street))
    assert begun.settings()["preset"] == "minute"
    assert app.selectbox(key="pick-run").value == "my run"
    assert "**my run**: starting" in progress(app).text
    assert link(app)["run"] == "my run"
    assert "Stop" in labels(app)


def test_the_page_shows_the_command_that_start_would_give() -> None:
    app = open_app("training")
    assert any("fastrcnn_core train --run minute" in item.value for item in app.code)


def test_a_name_that_is_taken_is_told_in_words_and_nothing_starts(
    street: Path, spawned: list[list[str]]
) -> None:
    a_run(street, "taken")
    app = open_app("training")
    app.text_input(key="run-name-minute").set_value("taken").run()
    app.button(key="start").click().run()
    assert "There is a run 'taken' already." in words(app)
    assert "Choose another name" in words(app).replace("\\", "")
    assert not spawned
    assert app.get("progress"), "the run that is watched is gone"


def test_pictures_without_ground_truth_cannot_be_trained_on(street: Path) -> None:
    content = (street / "PNGImages" / "tiny00.png").read_bytes()
    app = open_app("training")
    app.sidebar.file_uploader[0].upload("mine.png", content, "image/png").run()
    assert "Training needs pictures with ground truth" in app.info[0].value
    assert "start" not in [item.key for item in app.button]


def test_the_form_says_how_many_steps_and_how_long_they_took_in_an_earlier_run(
    street: Path,
) -> None:
    app = open_app("training")
    assert "8 pictures to learn from, 40 steps of 2 × 64 RoIs" in words(app)
    assert "is not known yet" in words(app)
    a_run(street, "earlier", steps=10, config=preset("minute"))
    a_run(street, "other", steps=10)
    app = open_app("training")
    assert "A step took 0.25 s in *earlier*: about **10 s**" in words(app)


def test_a_probe_tells_seconds_and_memory_before_the_start(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = []

    def probe(config: Config, *, data: str) -> Estimate:
        requests.append((config, data))
        seconds = dict.fromkeys(ESTIMATED, 0.0) | {"steps": 45.0, "features": 20.0}
        return Estimate(
            seconds=seconds,
            steps=40,
            step_seconds=1.125,
            memory_bytes=3 * 2**29,
            device_memory_bytes=None,
            device="CPU, 2 threads",
        )

    monkeypatch.setattr(import_module("pages.ui.jobs.cost_estimate"), "estimate_run", probe)
    app = measured(open_app("training"))
    assert not complaints(app)
    assert requests == [(preset("minute"), str(street))]
    assert "About **1 min 5 s** and **1.5 GB** of memory" in words(app)
    assert "40 steps of 1.1 s: 45 s · features of the frozen stages: 20 s" in words(app)
    app.number_input(key="epochs").set_value(2.0).run()
    assert "About **" not in words(app), "another config, another estimate"


def test_what_a_run_would_refuse_is_told_before_the_start(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(config: Config, *, data: str) -> Estimate:
        raise RunError("The run could not begin like that.", hint="Change it.")

    monkeypatch.setattr(import_module("pages.ui.jobs.cost_estimate"), "estimate_run", refuse)
    app = measured(open_app("training"))
    assert "The run could not begin like that" in words(app)
    assert app.button(key="start")


def test_what_is_chosen_for_a_run_moves_no_knob_of_another_page_nor_the_other_way_round() -> None:
    app = open_app("detection")
    found = {key: value for key, value in link(app).items() if key in ("nms", "tta-scales")}
    app.switch_page("pages/training.py").run()
    app.button_group(key="preset").set_value("notebook").run()
    app.number_input(key="train-detection-limit").set_value(7).run()
    app.switch_page("pages/detection.py").run()
    assert {key: value for key, value in link(app).items() if key in ("nms", "tta-scales")} == found
    assert app.number_input(key="detection-limit").value == DetectionConfig().limit
    app.number_input(key="detection-limit").set_value(9).run()
    app.switch_page("pages/training.py").run()
    assert app.number_input(key="train-detection-limit").value != 9


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        ("delta-std", "1 2", "delta_std is 1.0 2.0, not 4 numbers."),
        ("train-tta-scales", "abc", "'abc' are not numbers."),
        ("drop-at", "7", "drop_at is 7.0, outside 0 to 1."),
    ],
)
def test_a_knob_that_makes_no_sense_is_told_and_the_form_stays(
    spawned: list[list[str]], field: str, typed: str, message: str
) -> None:
    app = open_app("training")
    keys = {item.key for kind in (*WIDGETS, "button_group") for item in app.get(kind)}
    app.text_input(key=field).set_value(typed).run()
    assert message in plain(app)
    assert {item.key for kind in (*WIDGETS, "button_group") for item in app.get(kind)} == keys
    (start,) = [item for item in app.button if item.label == "Start training"]
    assert start.disabled
    app.text_input(key=field).set_value("0.1 0.1 0.2 0.2").run()
    assert message not in plain(app)


def test_knobs_that_contradict_each_other_are_told_and_the_form_stays() -> None:
    app = open_app("training")
    app.text_input(key="run-name-minute").set_value("mine").run()
    app.slider(key="jitter").set_value(0.3).run()  # every stage of `minute` is frozen
    (start,) = [item for item in app.button if item.label == "Start training"]
    assert start.disabled
    assert "jitter" in complaints(app)
    assert app.text_input(key="run-name-minute").value == "mine"
    app.slider(key="jitter").set_value(0.0).run()
    assert not complaints(app)


def test_a_number_out_of_its_bounds_is_told_and_no_run_begins_with_another(
    spawned: list[list[str]],
) -> None:
    app = open_app("training")
    app.number_input(key="epochs").set_value(0.0).run()
    assert "epochs is 0.0, outside 0.01 to 1000." in words(app)
    (start,) = [item for item in app.button if item.label == "Start training"]
    assert start.disabled
    app.number_input(key="epochs").set_value(2.0).run()
    app.button(key="start").click().run()
    assert len(spawned) == 1


def test_every_knob_of_a_run_can_be_chosen() -> None:
    app = open_app("training")
    keys = {item.key for kind in (*WIDGETS, "button_group") for item in app.get(kind)}
    named = {str(key).removesuffix("-on").removeprefix("train-") for key in keys}
    missing = {flag.name for flag in flags()} - named
    assert missing == {"score-threshold"}  # chosen when one looks
