"""The Training page's watched run: its state, its numbers, its curves, runs beside it."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastrcnn_core.config import OptimiserConfig
from fastrcnn_core.files import runs_folder
from fastrcnn_core.runs import (
    RunState,
)
from fastrcnn_core.runs.metrics import VALIDATION_FILE, append_row
from tests.support import training_page
from tests.support.app import ROOT, complaints, link, open_app, words
from tests.support.builders import tiny_config
from tests.support.training_page import a_run, charts, labels, progress, write_step

street = training_page.street
spawned = training_page.spawned


def test_a_run_with_numbers_shows_the_last_ones_and_their_plots(street: Path) -> None:
    a_run(street, steps=40, state="finished", started=100.0)
    app = open_app("training")
    assert not complaints(app)
    metrics = {item.label: item for item in app.metric}
    mean = sum(1 / step for step in range(21, 41)) / 20
    before = sum(1 / step for step in range(1, 21)) / 20
    assert metrics["Loss"].value == f"{mean:.3f}"
    assert metrics["Loss"].delta == f"{mean - before:+.3f}"
    assert metrics["Positives (foreground) right"].value == "0.500"
    names = [{item["name"] for item in chart["data"] if "name" in item} for chart in charts(app)]
    assert names[:2] == [
        {"Classification", "Box"},
        {"All RoIs right", "Positives right", "Positives called background"},
    ]
    assert "finished, step 40 of 60" in progress(app).text


def test_long_runs_are_drawn_thin_and_whole(street: Path) -> None:
    a_run(street, steps=1001)
    drawn = charts(open_app("training"))[0]["data"][0]["x"]
    assert len(drawn) == 300
    assert (drawn[0], drawn[-1]) == (1, 1001)


def test_average_precision_is_drawn_below_the_ceiling_of_the_proposals(street: Path) -> None:
    run = a_run(street, steps=4)
    found = {"AP": 0.3, "AP50": 0.6, "proposal_recall_50": 0.9}
    append_row(run.folder / VALIDATION_FILE, {"step": 4, "epoch": 1.0, **found})
    app = open_app("training")
    assert "**AP**: average precision." in words(app)  # with a picture, where the term is first met
    quality = charts(app)[4]["data"]
    assert {item["name"]: item["y"] for item in quality} == {
        "Recall of the proposals": [0.9],
        "AP50": [0.6],
        "AP": [0.3],
    }


@pytest.mark.parametrize(
    ("state", "text", "buttons"),
    [
        ("queued", "waiting", {"Stop"}),
        ("preparing", "proposals 2/8, about 1 min 5 s for the rest of these", {"Stop"}),
        ("running", "running, step 4 of 60, about 1 min 5 s left", {"Pause", "Stop"}),
        ("paused", "paused, step 4 of 60", {"Continue", "Stop"}),
        ("stopped", "stopped, step 4 of 60", {"Begin it again"}),
        ("failed", "failed, step 4 of 60", {"Begin it again"}),
        ("finished", "finished, step 4 of 60", set()),
    ],
)
def test_each_state_has_its_words_and_its_buttons(
    street: Path, state: RunState, text: str, buttons: set[str]
) -> None:
    stages = {"queued": "waiting", "preparing": "proposals 2/8"}
    a_run(street, state=state, steps=4, stage=stages.get(state, ""), seconds_left=65.0)
    app = open_app("training")
    assert not complaints(app)
    assert text in progress(app).text
    existing = {"Pause", "Continue", "Stop", "Begin it again", "Go on from the last checkpoint"}
    assert existing & set(labels(app)) == buttons


def test_before_the_first_step_the_bar_shows_how_far_the_preparation_is(street: Path) -> None:
    a_run(street, state="preparing", stage="proposals 2/8")
    assert progress(open_app("training")).value == 25


def test_a_failed_run_says_why_and_what_to_do(street: Path) -> None:
    a_run(street, state="failed", message="The disk is full.", hint="Make room.")
    assert "The disk is full. Make room." in words(open_app("training"))


def test_a_crashed_run_goes_on_from_its_last_checkpoint(
    street: Path, spawned: list[list[str]]
) -> None:
    run = a_run(street, state="running", steps=4, process=7, is_locked=False)
    (run.folder / "checkpoints" / "step-000004").mkdir(parents=True)
    app = open_app("training")
    assert "ended without a message at step 4" in words(app)
    assert app.button(
        key="resume"
    ).disabled  # its status is of just now: it may run on another computer
    app.checkbox(key="resume-sure").check().run()
    app.button(key="resume").click().run()
    assert spawned == [["train", "--run", "first", "--resume"]]
    assert "starting" in progress(app).text


def test_a_run_of_which_nobody_knows_with_what_it_was_begun_is_not_begun_again(
    street: Path,
) -> None:
    run = a_run(street, state="failed")
    (run.folder / "log.txt").touch()
    (run.folder / "config.json").unlink()
    app = open_app("training")
    assert not complaints(app)
    assert "**first**: failed" in progress(app).text
    assert "resume" not in [item.key for item in app.button]


@pytest.mark.parametrize(
    ("state", "button", "request_"),
    [("running", "pause", "pause"), ("running", "stop", "stop"), ("paused", "continue", "run")],
)
def test_a_button_leaves_a_request_in_the_folder(
    street: Path, state: RunState, button: str, request_: str
) -> None:
    run = a_run(street, state=state, steps=4)
    app = open_app("training")
    app.button(key=button).click().run()
    assert not complaints(app)
    assert json.loads((run.folder / "control.json").read_text()) == {"request": request_}


def test_compared_runs_have_a_colour_each_and_a_table_of_the_knobs_that_differ(
    street: Path,
) -> None:
    config = dataclasses.replace(tiny_config(), optimiser=OptimiserConfig(learning_rate=0.5))
    a_run(street, "slow", steps=4)
    a_run(street, "fast", steps=8, config=config)
    app = open_app("training", run="slow", compare="fast")
    assert not complaints(app)
    table = app.dataframe[0].value
    assert table.to_dict("records") == [{"Knob": "learning-rate", "slow": "0.01", "fast": "0.5"}]
    real = [chart for chart in charts(app)[0]["data"] if len(chart["x"]) > 1]
    assert [len(item["x"]) for item in real] == [4, 4, 8, 8]
    assert [item["line"]["color"] for item in real] == ["#0072B2"] * 2 + ["#D55E00"] * 2


def test_two_runs_with_the_same_knobs_say_so(street: Path) -> None:
    a_run(street, "one", steps=4)
    a_run(street, "two", steps=4)
    assert "In none: the same knobs" in words(open_app("training", run="one", compare="two"))


def test_the_link_names_the_run(street: Path) -> None:
    older, newer = a_run(street, "older", steps=4), a_run(street, "newer", steps=4)
    os.utime(older.folder / "config.json", (1, 1))
    assert open_app("training").selectbox(key="pick-run").value == newer.name
    assert open_app("training", run="older").selectbox(key="pick-run").value == "older"


def test_a_link_to_a_run_that_is_not_here_shows_the_newest_and_says_so(street: Path) -> None:
    a_run(street, "newer")
    app = open_app("training", run="gone")
    assert app.selectbox(key="pick-run").value == "newer"
    assert "“gone”, which is not here" in app.run().warning[0].value
    assert link(app)["run"] == "newer"
    assert not app.button(key="forget-missing-run").click().run().warning


def test_watching_a_run_does_not_load_pytorch(street: Path) -> None:
    write_step(a_run(street, steps=40))
    code = (
        "import sys; from tests.support.app import open_app, complaints\n"
        "app = open_app('training'); assert not complaints(app), complaints(app)\n"
        "assert len(app.get('plotly_chart')) == 5, len(app.get('plotly_chart'))\n"
        "raise SystemExit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-2000:]


def test_runs_lie_where_the_environment_says(street: Path) -> None:
    assert a_run(street).folder.parent == runs_folder().resolve()
