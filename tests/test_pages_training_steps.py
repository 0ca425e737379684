"""The Training page's steps and checkpoints: sampled RoIs, their losses, and the checkpoint timeline."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from fastrcnn_core import checkpoint_timeline
from fastrcnn_core.checkpoints import save_checkpoint
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.runs import (
    Run,
    RunCheckpoint,
)
from fastrcnn_core.runs.metrics import METRICS_FILE, append_row
from fastrcnn_core.structures import RoIPredictions
from pages.ui.jobs.checkpoint_timeline import CheckpointTimelineJob
from tests.support import training_page
from tests.support.app import complaints, link, open_app, words
from tests.support.training_page import a_run, charts, drawn, row, until_no_thread, write_step

street = training_page.street


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


def test_a_recent_step_shows_its_rois_and_which_cost_most(street: Path) -> None:
    write_step(a_run(street, steps=40))
    app = open_app("training")
    assert not complaints(app)
    assert "What did step 40 look at" in words(app)
    assert "tiny00, mirrored: 1 positive and 1 negative RoIs; the head is wrong about 1" in words(
        app
    )
    table = app.dataframe[0].value
    assert list(table["Share"].round(3)) == [0.980, 0.020]  # 2.503 and 0.051 of 2.554
    assert list(table["Head says"]) == ["background", "background"]
    assert "The 1 positives make 98% of it, the 1 negatives 2%." in words(app)
    assert "**#1, 98%**: is person (IoU 0.80), head says background 0.90" in words(app)


def test_a_roi_has_the_colour_of_what_it_is_or_of_what_it_costs(street: Path) -> None:
    write_step(a_run(street, steps=40))
    app = open_app("training")
    assert {"foreground", "background"} <= {item["role"] for item in drawn(app)[0]["layers"]}
    app.button_group(key="roi-colour").set_value("What it costs").run()
    assert not complaints(app)
    layers = {item["role"]: item for item in drawn(app)[0]["layers"]}
    assert {role: len(item["boxes"]) for role, item in layers.items() if item["boxes"]} == {
        "ground_truth": 1,
        "cost_2": 1,  # 1.997 % of the loss
        "cost_4": 1,  # 98 %
    }
    assert layers["cost_4"]["texts"] == ["#1"]
    assert "98.0% of the step's loss" in layers["cost_4"]["notes"][0]


def test_any_kept_step_can_be_looked_at_by_number_by_neighbour_and_by_link(street: Path) -> None:
    run = a_run(street, steps=40)
    for step in (1, 20, 40):
        write_step(run, step=step, history=True)
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
        write_step(run, step=step, history=True)
    app = open_app("training")
    app.button(key="costly-33").click().run()
    assert "What did step 33 look at" in words(app)


def test_a_step_on_pictures_that_have_changed_since_is_not_drawn_over_them(street: Path) -> None:
    run = a_run(street, steps=40)
    write_step(run)
    (run.folder / "environment.json").write_text('{"data": {"hash": "another"}}')
    app = open_app("training")
    assert "its data set has changed since" in words(app)
    assert len(charts(app)) == 4


def test_a_step_that_is_held_stays_while_the_run_goes_on(street: Path) -> None:
    run = a_run(street, state="running", steps=40)
    for step in (39, 40):
        write_step(run, step=step, history=True)
    app = open_app("training")
    app.toggle(key="hold-step").set_value(True).run()
    write_step(run, step=41, history=True)
    assert "step 40 look at" in words(app.run())
    assert "step 41 look at" in words(app.toggle(key="hold-step").set_value(False).run())


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
    surest = [item["boxes"] for item in drawn(app)[0]["layers"] if item["role"] != "ground_truth"]

    monkeypatch.setattr(
        checkpoint_timeline, "predict_rois", lambda *_, **__: pytest.fail("the network ran")
    )
    app.select_slider(key="checkpoint-of-run-3").set_value(1).run()
    assert not complaints(app)
    assert "tiny00 after step 1 of the run first" in words(app)
    assert link(app)["checkpoint"] == "first:1"
    roles = {item["role"]: len(item["boxes"]) for item in drawn(app)[0]["layers"]}
    assert roles["ground_truth"] == 1
    assert [
        item["boxes"] for item in drawn(app)[0]["layers"] if item["role"] != "ground_truth"
    ] != surest
    app.slider(key="score-threshold").set_value(1.0).run()
    assert "confidence 1.00" in words(app)
    (counts,) = [chart for chart in charts(app) if chart["data"][0].get("name") == "Hits"]
    assert counts["layout"]["yaxis"]["dtick"] == 1  # there is no half a person
    assert app.get("button")
    assert "start-growing" not in [item.key for item in app.button]


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
    steps_shown = {words(app.run()).split("tiny00 after step ")[1][0] for _ in range(2)}
    assert steps_shown == {"1", "4"}


def test_a_checkpoint_that_cannot_be_read_is_told_beside_those_that_can(street: Path) -> None:
    run = with_checkpoints(a_run(street, steps=4), 1, 4)
    (run.folder / "checkpoints" / "step-000004" / "model.safetensors").write_text("torn")
    app = grown(open_app("training"))
    assert "tiny00 after step 1 of the run first" in words(app)
    assert "model.safetensors" in words(app).replace("\\", "")
    assert "start-growing" in [item.key for item in app.button]


def test_a_time_machine_that_is_stopped_while_it_waits_for_its_turn_asks_no_network() -> None:
    turn = threading.Lock()
    requests: list[RunCheckpoint] = []

    def look(checkpoints: Sequence[RunCheckpoint]) -> Iterator[RoIPredictions]:
        requests.extend(checkpoints)
        return iter(())

    growing = CheckpointTimelineJob(look, turn)
    with turn:
        growing.start([RunCheckpoint(4, Path("step-000004"))])
        growing.stop()
    assert growing._thread is not None
    growing._thread.join(10)
    assert not growing.is_running
    assert not requests
    assert growing.error is None
