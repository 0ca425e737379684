"""The Training page: begin a run, watch it, ask something of it, compare it, keep it."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from fastrcnn_core import checkpoint_timeline
from fastrcnn_core.checkpoints import save_checkpoint
from fastrcnn_core.config import Config, DetectionConfig, OptimiserConfig, preset
from fastrcnn_core.errors import RunError
from fastrcnn_core.files import runs_folder
from fastrcnn_core.flags import flags
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.runs import (
    Estimate,
    Run,
    RunCheckpoint,
    RunState,
    export_run,
    import_run,
    list_runs,
    process,
)
from fastrcnn_core.runs.metrics import METRICS_FILE, VALIDATION_FILE, append_row
from fastrcnn_core.runs.status import ALIVE_STATES, STATUS_FILE, RunStatus, starting, write_status
from fastrcnn_core.runs.step_snapshots import LATEST_FILE
from fastrcnn_core.runs.writer import create_run
from fastrcnn_core.structures import RoIPredictions
from pages.ui.jobs.checkpoint_timeline import CheckpointTimelineJob
from tests.support.app import ROOT, SECONDS, complaints, link, open_app, words
from tests.support.builders import tiny_config
from tests.support.datasets import write_tiny
from tests.support.runs import hold_lock

ESTIMATED = ("starting", "proposals", "features", "steps", "validation", "checkpoints")
WIDGETS = ("number_input", "slider", "toggle", "checkbox", "selectbox", "text_input")


@pytest.fixture(autouse=True)
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten tiny pictures that the server is started with."""
    folder = write_tiny(tmp_path / "street")
    monkeypatch.setenv("FASTRCNN_DATA", str(folder))
    return folder


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The arguments of each process that would be started; none is."""
    commands: list[list[str]] = []

    def remember(run: Run, lock: int) -> None:
        commands.append(["train", "--run", run.name, "--resume"])
        (run.folder / "log.txt").touch()
        write_status(run.folder, starting())
        os.dup(lock)  # as the process would, this test holds the run's lock

    monkeypatch.setattr(process, "_spawn", remember)
    return commands


def a_run(
    street: Path,
    name: str = "first",
    *,
    state: RunState = "finished",
    steps: int = 0,
    config: Config | None = None,
    is_locked: bool = True,
    **status: Any,
) -> Run:
    """A run's folder as its process would have left it."""
    chosen = config or tiny_config()
    run = create_run(name, config=chosen, data=str(street), preset="minute")
    for step in range(1, steps + 1):
        append_row(run.folder / METRICS_FILE, row(step))
    values: dict[str, Any] = {"step": steps, "total_steps": 60, "device": "CPU, 1 thread"} | status
    write_status(run.folder, RunStatus(state=state, **values))
    if state in ALIVE_STATES and is_locked:
        hold_lock(run)
    return run


def row(step: int) -> dict[str, Any]:
    return {
        "step": step,
        "epoch": step / 4,
        "loss": 1.0 / step,
        "classification_loss": 0.75 / step,
        "box_loss": 0.25 / step,
        "learning_rate": 0.01,
        "foreground": 2,
        "background": 6,
        "accuracy": 0.75,
        "foreground_accuracy": 0.5,
        "foreground_called_background": 0.5,
        "seconds": 0.25,
    }


def looked_at(run: Run, *, step: int = 40, kept: bool = False) -> None:
    """A step of the run: one picture, a positive that the head takes for background and a negative.

    Args:
        kept: it is one of those that stay, not the recent one.
    """
    picture = {
        "name": "tiny00",
        "flipped": True,
        "boxes": [[10, 8, 30, 56], [50, 20, 70, 40]],
        "labels": [1, 0],
        "iou": [0.8, 0.1],
        "gt_index": [0, -1],
        "scores": [[0.9, 0.1], [0.95, 0.05]],
        "classification_loss": [2.303, 0.051],
        "box_loss": [0.2, 0.0],
    }
    file = run.folder / (f"steps/{step:06d}.json" if kept else LATEST_FILE)
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"step": step, "pictures": [picture]}))


def plain(app: AppTest) -> str:
    """The page's words as one reads them."""
    return words(app).replace("\\", "")


def charts(app: AppTest) -> list[dict[str, Any]]:
    """What Plotly draws, figure by figure."""
    return [json.loads(it.proto.spec) for it in app.get("plotly_chart")]


def until_no_thread(name: str) -> None:
    """Wait until the background work of this name has ended."""
    deadline = time.monotonic() + SECONDS
    while any(it.name == name for it in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def progress(app: AppTest) -> Any:
    return app.get("progress")[0].proto


def labels(app: AppTest) -> list[str]:
    return [it.label for it in app.button]


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
    assert any("fastrcnn_core train --run minute" in it.value for it in app.code)


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
    assert "start" not in [it.key for it in app.button]


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


def measured(app: AppTest) -> AppTest:
    """Press the button that measures, and wait until it has."""
    app.button(key="estimate").click().run()
    until_no_thread("costestimatejob")
    return app.run()


def test_a_probe_tells_seconds_and_memory_before_the_start(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def probe(config: Config, *, data: str) -> Estimate:
        asked.append((config, data))
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
    assert asked == [(preset("minute"), str(street))]
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


def test_a_run_with_numbers_shows_the_last_ones_and_their_plots(street: Path) -> None:
    a_run(street, steps=40, state="finished", started=100.0)
    app = open_app("training")
    assert not complaints(app)
    metrics = {it.label: it for it in app.metric}
    mean = sum(1 / step for step in range(21, 41)) / 20
    before = sum(1 / step for step in range(1, 21)) / 20
    assert metrics["Loss"].value == f"{mean:.3f}"
    assert metrics["Loss"].delta == f"{mean - before:+.3f}"
    assert metrics["Positives (foreground) right"].value == "0.500"
    names = [{it["name"] for it in chart["data"] if "name" in it} for chart in charts(app)]
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
    quality = charts(open_app("training"))[4]["data"]
    assert {it["name"]: it["y"] for it in quality} == {
        "Recall of the proposals": [0.9],
        "AP50": [0.6],
        "AP": [0.3],
    }


@pytest.mark.parametrize(
    ("state", "said", "buttons"),
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
    street: Path, state: RunState, said: str, buttons: set[str]
) -> None:
    stages = {"queued": "waiting", "preparing": "proposals 2/8"}
    a_run(street, state=state, steps=4, stage=stages.get(state, ""), seconds_left=65.0)
    app = open_app("training")
    assert not complaints(app)
    assert said in progress(app).text
    known = {"Pause", "Continue", "Stop", "Begin it again", "Go on from the last checkpoint"}
    assert known & set(labels(app)) == buttons


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
    assert "resume" not in [it.key for it in app.button]


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


def test_a_recent_step_shows_its_rois_and_which_cost_most(street: Path) -> None:
    looked_at(a_run(street, steps=40))
    app = open_app("training")
    assert not complaints(app)
    assert "What did step 40 look at" in words(app)
    assert "tiny00, mirrored: 1 positive and 1 negative RoIs; the head is wrong about 1" in words(
        app
    )
    table = app.dataframe[0].value
    assert list(table["Share"].round(3)) == [0.980, 0.020]  # 2.503 and 0.051 of 2.554
    assert list(table["Head says"]) == ["background", "background"]
    assert "The 1 positives pay 98% of it, the 1 negatives 2%." in words(app)
    assert "**#1, 98%**: is person (IoU 0.80), head says background 0.90" in words(app)


def drawn(app: AppTest) -> list[dict[str, Any]]:
    """The pictures' scenes, as the canvas is told them."""
    return [
        json.loads(it.proto.json) for it in app.get("bidi_component") if "layers" in it.proto.json
    ]


def test_a_roi_has_the_colour_of_what_it_is_or_of_what_it_costs(street: Path) -> None:
    looked_at(a_run(street, steps=40))
    app = open_app("training")
    assert {"foreground", "background"} <= {it["role"] for it in drawn(app)[0]["layers"]}
    app.button_group(key="roi-colour").set_value("What it costs").run()
    assert not complaints(app)
    layers = {it["role"]: it for it in drawn(app)[0]["layers"]}
    assert {role: len(it["boxes"]) for role, it in layers.items() if it["boxes"]} == {
        "ground_truth": 1,
        "cost_2": 1,  # 1.997 % of the loss
        "cost_4": 1,  # 98 %
    }
    assert layers["cost_4"]["texts"] == ["#1"]
    assert "98.0% of the step's loss" in layers["cost_4"]["notes"][0]


def test_any_kept_step_can_be_looked_at_by_number_by_neighbour_and_by_link(street: Path) -> None:
    run = a_run(street, steps=40)
    for step in (1, 20, 40):
        looked_at(run, step=step, kept=True)
    app = open_app("training")
    assert "What did step 40 look at" in words(app)
    app.number_input(key="step-of-run-typed-40").set_value(30).run()
    assert "What did step 20 look at" in words(app)
    assert link(app)["step"] == "first:20"
    app.button(key="step-The step before").click().run()
    assert "What did step 1 look at" in words(app)
    assert app.button(key="step-The step before").disabled
    app.slider(key="step-of-run-40").set_value(40).run()
    assert "What did step 40 look at" in words(app)
    assert "What did step 1 look at" in words(open_app("training", step="first:1"))
    assert "What did step 40 look at" in words(open_app("training", step="another:1"))


def test_the_steps_that_were_hard_late_in_the_run_are_a_click_away(street: Path) -> None:
    run = a_run(street)
    for step in range(1, 41):
        append_row(run.folder / METRICS_FILE, row(step) | {"loss": 9.0 if step == 33 else 1.0})
        looked_at(run, step=step, kept=True)
    app = open_app("training")
    app.button(key="costly-33").click().run()
    assert "What did step 33 look at" in words(app)


def test_a_step_on_pictures_that_have_changed_since_is_not_drawn_over_them(street: Path) -> None:
    run = a_run(street, steps=40)
    looked_at(run)
    (run.folder / "environment.json").write_text('{"data": {"hash": "another"}}')
    app = open_app("training")
    assert "its data set has changed since" in words(app)
    assert len(charts(app)) == 4


def test_a_step_that_is_held_stays_while_the_run_goes_on(street: Path) -> None:
    run = a_run(street, state="running", steps=40)
    for step in (39, 40):
        looked_at(run, step=step, kept=True)
    app = open_app("training")
    app.toggle(key="hold-step").set_value(True).run()
    looked_at(run, step=41, kept=True)
    assert "step 40 look at" in words(app.run())
    assert "step 41 look at" in words(app.toggle(key="hold-step").set_value(False).run())


def with_checkpoints(run: Run, *steps: int) -> Run:
    """Networks of different random heads, as a run would leave them behind."""
    for step in steps:
        config = run.config()
        generator = torch.Generator().manual_seed(step)
        model = FastRCNN(config.model, config.image, ("person",), generator=generator)
        with torch.no_grad():  # the later, the surer
            model.head.class_logits.bias.copy_(torch.tensor([0.0, float(step) - 2.0]))
        folder = run.folder / "checkpoints" / f"step-{step:06d}"
        folder.mkdir(parents=True)
        save_checkpoint(folder / "model.safetensors", model, card={"step": step})
    return run


def grown(app: AppTest) -> AppTest:
    """Let the checkpoints look at the picture, and wait until they have."""
    app.button(key="start-growing").click().run()
    until_no_thread("checkpointtimelinejob")
    return app.run()


def test_the_time_machine_shows_one_picture_at_every_checkpoint_without_the_network(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_checkpoints(a_run(street, steps=4), 1, 2, 4)
    app = open_app("training")
    assert "The run has 3 checkpoints" in words(app)
    assert not drawn(app)
    app = grown(app)
    assert not complaints(app)
    assert "tiny00 after step 4 of the run first, confidence 0.50" in words(app)
    surest = [it["boxes"] for it in drawn(app)[0]["layers"] if it["role"] != "ground_truth"]

    monkeypatch.setattr(
        checkpoint_timeline, "predict_rois", lambda *_, **__: pytest.fail("the network ran")
    )
    app.select_slider(key="checkpoint-of-run-3").set_value(1).run()
    assert not complaints(app)
    assert "tiny00 after step 1 of the run first" in words(app)
    assert link(app)["checkpoint"] == "first:1"
    roles = {it["role"]: len(it["boxes"]) for it in drawn(app)[0]["layers"]}
    assert roles["ground_truth"] == 1
    assert [it["boxes"] for it in drawn(app)[0]["layers"] if it["role"] != "ground_truth"] != surest
    app.slider(key="score-threshold").set_value(1.0).run()
    assert "confidence 1.00" in words(app)
    (counts,) = [it for it in charts(app) if it["data"][0].get("name") == "Hits"]
    assert counts["layout"]["yaxis"]["dtick"] == 1  # there is no half a person
    assert app.get("button")
    assert "start-growing" not in [it.key for it in app.button]


def test_a_single_checkpoint_is_spoken_of_in_the_singular(street: Path) -> None:
    with_checkpoints(a_run(street, steps=4), 4)
    text = words(open_app("training"))
    assert "The run has 1 checkpoint so far. It looks once at the picture" in text
    assert "1 checkpoints" not in text


def test_from_a_run_one_goes_to_its_detections_whatever_stands_in_the_link(street: Path) -> None:
    with_checkpoints(a_run(street, steps=4), 4)
    app = open_app("training", smoothing="0.5")
    app.button(key="see").click().run()
    assert not complaints(app)
    assert app.title[0].value == "Which boxes survive?"
    assert link(app)["detector"] == "run:first"


def test_the_time_machine_plays_from_checkpoint_to_checkpoint(street: Path) -> None:
    with_checkpoints(a_run(street, steps=4), 1, 4)
    app = grown(open_app("training"))
    app.toggle(key="play-checkpoints").set_value(True).run()
    seen = {words(app.run()).split("tiny00 after step ")[1][0] for _ in range(2)}
    assert seen == {"1", "4"}


def test_a_checkpoint_that_cannot_be_read_is_told_beside_those_that_can(street: Path) -> None:
    run = with_checkpoints(a_run(street, steps=4), 1, 4)
    (run.folder / "checkpoints" / "step-000004" / "model.safetensors").write_text("torn")
    app = grown(open_app("training"))
    assert "tiny00 after step 1 of the run first" in words(app)
    assert "model.safetensors" in words(app).replace("\\", "")
    assert "start-growing" in [it.key for it in app.button]


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
    real = [it for it in charts(app)[0]["data"] if len(it["x"]) > 1]
    assert [len(it["x"]) for it in real] == [4, 4, 8, 8]
    assert [it["line"]["color"] for it in real] == ["#0072B2"] * 2 + ["#D55E00"] * 2


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
    assert any("gone" in it.value for it in app.toast)
    assert link(app)["run"] == "newer"


def test_a_run_that_is_deleted_is_gone_and_the_next_one_is_shown(street: Path) -> None:
    a_run(street, "old", steps=4)
    a_run(street, "bad", steps=4)
    app = open_app("training", run="bad")
    app.button(key="delete").click().run()
    assert [run.name for run in list_runs()] == ["old"]
    assert app.selectbox(key="pick-run").value == "old"
    assert not app.toast


def test_a_deleted_run_can_be_brought_back(street: Path) -> None:
    a_run(street, "only", steps=4)
    app = open_app("training")
    app.button(key="delete").click().run()
    assert "**only** is deleted." in words(app)
    assert not list_runs()
    app.button(key="restore").click().run()
    assert [run.name for run in list_runs()] == ["only"]
    assert app.selectbox(key="pick-run").value == "only"
    assert "is deleted." not in words(app)


def bring(app: AppTest, path: Path) -> AppTest:
    app.file_uploader(key="bring-run").upload(path.name, path.read_bytes(), "application/zip").run()
    (button,) = [it for it in app.button if it.label == "Open this run"]
    return button.click().run()


def test_a_run_that_somebody_sent_is_watched_beside_ones_own_of_that_name(
    street: Path, tmp_path: Path
) -> None:
    own = a_run(street, "minute", steps=4)
    sent = export_run(own, tmp_path / "minute.zip")
    settings = own.settings() | {"created": 7.0}
    (own.folder / "config.json").write_text(json.dumps(settings))
    app = bring(open_app("training"), sent)
    assert app.selectbox(key="pick-run").value == "minute-2"
    assert {run.name for run in list_runs()} == {"minute", "minute-2"}
    assert not complaints(app)


def test_a_file_that_is_no_run_is_refused_in_words_and_the_page_stays(
    street: Path, tmp_path: Path
) -> None:
    a_run(street, "minute", steps=4)
    rubbish = tmp_path / "holiday.zip"
    rubbish.write_bytes(b"no zip at all")
    app = bring(open_app("training"), rubbish)
    assert app.selectbox(key="pick-run").value == "minute"
    assert "holiday.zip" in words(app)
    assert "Have the run exported again" in words(app)


def test_the_page_opens_no_folder_that_a_zip_names(street: Path, tmp_path: Path) -> None:
    elsewhere = write_tiny(tmp_path / "elsewhere")  # the same pictures, and readable
    run = a_run(elsewhere, "theirs", steps=4)
    looked_at(run, kept=True)
    import_run(export_run(run, tmp_path / "theirs.zip"), name="brought")
    told = "trained on elsewhere, which this app does not use here"
    assert told in words(open_app("training", run="brought"))
    assert told not in words(open_app("training", run="theirs"))


def test_the_way_back_stands_where_the_run_was_deleted_too(street: Path) -> None:
    a_run(street, "old", steps=4)
    a_run(street, "bad", steps=4)
    app = open_app("training", run="bad")
    app.button(key="delete").click().run()
    app.button(key="restore-below").click().run()
    assert {run.name for run in list_runs()} == {"old", "bad"}
    assert not complaints(app)


def test_a_run_gets_another_name_and_stays_the_one_that_is_watched(street: Path) -> None:
    a_run(street, "minute", steps=4)
    a_run(street, "taken", steps=4)
    app = open_app("training", run="minute")
    app.text_input(key="rename-minute").set_value("taken").run()
    app.button(key="rename").click().run()
    assert "There is a run 'taken' already." in words(app)
    app.text_input(key="rename-minute").set_value("with flips").run()
    app.button(key="rename").click().run()
    assert app.selectbox(key="pick-run").value == "with flips"
    assert {run.name for run in list_runs()} == {"with flips", "taken"}


def test_who_computes_and_who_waits_is_seen_and_can_be_watched_or_stopped(street: Path) -> None:
    a_run(street, "mine", state="queued", stage="waiting for another run to end")
    other = a_run(street, "theirs", state="running", steps=4, seconds_left=65.0)
    app = open_app("training", run="mine")
    assert "**theirs**: running, step 4 of 60, about 1 min 5 s left" in words(app)
    app.button(key="watch-theirs").click().run()
    assert app.selectbox(key="pick-run").value == "theirs"
    app.selectbox(key="pick-run").set_value("mine").run()
    app.button(key="stop-theirs").click().run()
    assert json.loads((other.folder / "control.json").read_text()) == {"request": "stop"}
    app.button(key="watch-theirs").click().run()
    assert app.selectbox(key="pick-run").value == "theirs"
    assert "**mine**: waiting for another run to end" in words(app)


def test_all_runs_stand_in_one_table_with_what_they_reached(street: Path) -> None:
    run = a_run(street, "good", steps=4, started=1000.0)
    append_row(run.folder / VALIDATION_FILE, {"step": 4, "AP50": 0.6, "AP": 0.3})
    a_run(street, "damaged")
    (list_runs()[0].folder / "config.json").write_text("{")
    app = open_app("training", run="good")
    assert "runs-table" not in str(app)
    app.session_state["all-runs"] = True
    table = app.run().dataframe[0].value
    assert not complaints(app)
    rows = {row["Run"]: row for row in table.to_dict("records")}
    assert rows["good"]["AP50"] == 0.6
    assert rows["good"]["Steps"] == "4 of 60"
    assert rows["good"]["Loss"] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert rows["good"]["Preset"] == "minute"
    assert "damaged" in rows


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
    ("field", "typed", "told"),
    [
        ("delta-std", "1 2", "delta_std is 1.0 2.0, not 4 numbers."),
        ("train-tta-scales", "abc", "'abc' are not numbers."),
        ("drop-at", "7", "drop_at is 7.0, outside 0 to 1."),
    ],
)
def test_a_knob_that_makes_no_sense_is_told_and_the_form_stays(
    spawned: list[list[str]], field: str, typed: str, told: str
) -> None:
    app = open_app("training")
    there = {it.key for kind in (*WIDGETS, "button_group") for it in app.get(kind)}
    app.text_input(key=field).set_value(typed).run()
    assert told in plain(app)
    assert {it.key for kind in (*WIDGETS, "button_group") for it in app.get(kind)} == there
    (start,) = [it for it in app.button if it.label == "Start training"]
    assert start.disabled
    app.text_input(key=field).set_value("0.1 0.1 0.2 0.2").run()
    assert told not in plain(app)


def test_knobs_that_contradict_each_other_are_told_and_the_form_stays() -> None:
    app = open_app("training")
    app.text_input(key="run-name-minute").set_value("mine").run()
    app.slider(key="jitter").set_value(0.3).run()  # every stage of `minute` is frozen
    (start,) = [it for it in app.button if it.label == "Start training"]
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
    (start,) = [it for it in app.button if it.label == "Start training"]
    assert start.disabled
    app.number_input(key="epochs").set_value(2.0).run()
    app.button(key="start").click().run()
    assert len(spawned) == 1


def test_the_table_of_runs_has_no_columns_that_nobody_filled(street: Path) -> None:
    a_run(street, steps=4)
    app = open_app("training")
    app.session_state["all-runs"] = True
    columns = set(app.run().dataframe[0].value)
    assert not columns & {"AP50", "AP"}
    assert columns > {"Run", "Steps", "Loss"}


def test_every_knob_of_a_run_can_be_chosen() -> None:
    app = open_app("training")
    there = {it.key for kind in (*WIDGETS, "button_group") for it in app.get(kind)}
    named = {str(key).removesuffix("-on").removeprefix("train-") for key in there}
    missing = {flag.name for flag in flags()} - named
    assert missing == {"score-threshold"}  # chosen when one looks


@pytest.mark.parametrize("file", [STATUS_FILE, "config.json", LATEST_FILE, METRICS_FILE])
def test_a_damaged_run_is_told_in_words_and_can_be_deleted(street: Path, file: str) -> None:
    run = a_run(street, steps=4)
    looked_at(run)
    (run.folder / file).write_text('{"state": "ru')
    app = open_app("training")
    assert not app.exception
    assert "unexpected error" not in words(app)
    app.button(key="delete").click().run()
    assert not list_runs()


def test_watching_a_run_does_not_load_pytorch(street: Path) -> None:
    looked_at(a_run(street, steps=40))
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


def test_a_time_machine_that_is_stopped_while_it_waits_for_its_turn_asks_no_network() -> None:
    turn = threading.Lock()
    asked: list[RunCheckpoint] = []

    def look(checkpoints: Sequence[RunCheckpoint]) -> Iterator[RoIPredictions]:
        asked.extend(checkpoints)
        return iter(())

    growing = CheckpointTimelineJob(look, turn)
    with turn:
        growing.start([RunCheckpoint(4, Path("step-000004"))])
        growing.stop()
    assert growing._thread is not None
    growing._thread.join(10)
    assert not growing.is_running
    assert not asked
    assert growing.error is None
