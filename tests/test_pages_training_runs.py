"""The Training page's runs: deleted, restored, renamed, imported, queued, and listed in a table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fastrcnn_core.runs import (
    export_run,
    import_run,
    list_runs,
)
from fastrcnn_core.runs.metrics import METRICS_FILE, VALIDATION_FILE, append_row
from fastrcnn_core.runs.status import STATUS_FILE
from fastrcnn_core.runs.step_snapshots import LATEST_FILE
from pages.ui.components.wording import plain
from tests.support import training_page
from tests.support.app import complaints, open_app, words
from tests.support.datasets import write_tiny
from tests.support.training_page import a_run, write_step

street = training_page.street


def bring(app: AppTest, path: Path) -> AppTest:
    app.file_uploader(key="bring-run").upload(path.name, path.read_bytes(), "application/zip").run()
    (button,) = [item for item in app.button if item.label == "Open this run"]
    return button.click().run()


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
    app.button(key="restore-alone").click().run()
    assert [run.name for run in list_runs()] == ["only"]
    assert app.selectbox(key="pick-run").value == "only"
    assert "is deleted." not in words(app)


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


def test_a_run_that_is_here_already_is_watched_and_not_imported_again(
    street: Path, tmp_path: Path
) -> None:
    sent = export_run(a_run(street, "minute", steps=4), tmp_path / "minute.zip")
    a_run(street, "newer", steps=4)
    app = bring(open_app("training"), sent)
    assert app.selectbox(key="pick-run").value == "minute"
    assert {run.name for run in list_runs()} == {"minute", "newer"}
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
    write_step(run, history=True)
    import_run(export_run(run, tmp_path / "theirs.zip"), name="brought")
    message = "trained on elsewhere, which this app does not use here"
    assert message in words(open_app("training", run="brought"))
    assert message not in words(open_app("training", run="theirs"))


def test_a_deletion_is_told_where_it_was_made_until_the_next_action(street: Path) -> None:
    for name in ("old", "bad"):
        a_run(street, name, steps=4)
    app = open_app("training", run="bad")
    app.button(key="delete").click().run()
    assert restoring(app) == ["restore-popover", "restore-below"]
    app.run()
    assert restoring(app) == ["restore-popover"]
    app.button(key="restore-popover").click().run()
    assert {run.name for run in list_runs()} == {"old", "bad"}
    assert not restoring(app)


def restoring(app: AppTest) -> list[str]:
    """The buttons that restore a run: in the popover of Delete, and where a run was deleted just now."""
    return [str(item.key) for item in app.button if "restore" in str(item.key)]


def test_a_message_is_plain_text_in_one_paragraph() -> None:
    assert plain("a_b.zip:\n\n *no* zip") == r"a\_b.zip: \*no\* zip"


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
    run = a_run(street, "theirs", state="running", steps=4, seconds_left=65.0)
    app = open_app("training", run="mine")
    assert "**theirs**: running, step 4 of 60, about 1 min 5 s left" in words(app)
    app.button(key="watch-theirs").click().run()
    assert app.selectbox(key="pick-run").value == "theirs"
    app.selectbox(key="pick-run").set_value("mine").run()
    app.button(key="stop-theirs").click().run()
    assert json.loads((run.folder / "control.json").read_text()) == {"request": "stop"}
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


def test_the_table_of_runs_has_no_columns_that_nobody_filled(street: Path) -> None:
    a_run(street, steps=4)
    app = open_app("training")
    app.session_state["all-runs"] = True
    columns = set(app.run().dataframe[0].value)
    assert not columns & {"AP50", "AP"}
    assert columns > {"Run", "Steps", "Loss"}


@pytest.mark.parametrize("file", [STATUS_FILE, "config.json", LATEST_FILE, METRICS_FILE])
def test_a_damaged_run_is_told_in_words_and_can_be_deleted(street: Path, file: str) -> None:
    run = a_run(street, steps=4)
    write_step(run)
    (run.folder / file).write_text('{"state": "ru')
    app = open_app("training")
    assert not app.exception
    assert "unexpected error" not in words(app)
    app.button(key="delete").click().run()
    assert not list_runs()
