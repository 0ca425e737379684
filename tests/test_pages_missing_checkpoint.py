"""A detector that was chosen, or that a link names, and that is not here: the pages say so and go on with another."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fastrcnn_core.runs import Run, delete_run, rename_run
from fastrcnn_core.runs.status import RunStatus, write_status
from fastrcnn_core.runs.writer import create_run
from pages.ui.cache import networks
from tests.support.app import complaints, link, open_app
from tests.support.builders import tiny_config, write_untrained
from tests.support.datasets import write_tiny


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a data set of two pictures, and a small untrained detector in the place of the bundled one."""
    folder = write_tiny(tmp_path / "tiny", count=2)
    monkeypatch.setenv("FASTRCNN_DATA", str(folder))
    monkeypatch.setattr(networks, "BUNDLED_FOLDER", tmp_path)
    write_untrained(tmp_path / "small.safetensors")
    return folder


def a_run(name: str, *, trained: bool = True) -> Run:
    run = create_run(name, config=tiny_config(), data="synthetic:10:0", preset="paper")
    if trained:
        folder = run.folder / "checkpoints" / "step-000001"
        folder.mkdir(parents=True)
        write_untrained(folder / "model.safetensors")
    write_status(run.folder, RunStatus(state="finished", step=1, total_steps=1))
    return run


def warnings(app: AppTest) -> str:
    assert not complaints(app)
    return " ".join(f"{element.proto.title} {element.value}" for element in app.warning)


def test_a_link_to_a_run_that_is_not_here_is_told_and_the_page_goes_on_with_the_bundled_one() -> (
    None
):
    app = open_app("detection", detector="run:gone")
    assert "There is no run “gone” here: it was renamed or deleted" in warnings(app)
    assert (
        "The pages use another detector, “Bundled: small”. Choose one in the side bar"
        in warnings(app)
    )
    assert app.selectbox(key="pick-detector").value == "small"
    assert app.dataframe
    assert not app.toast
    app.switch_page("pages/overview.py").run()
    assert "gone" in warnings(app)
    assert link(app)["detector"] == "run:gone"  # a reload says it again
    app.button(key="forget-lost-detector").click().run()
    assert not warnings(app)
    assert "detector" not in link(app)


def test_what_a_link_names_is_shown_as_it_is_written() -> None:
    app = open_app("dataset", detector="run:**big** $x$ [a](http://b.c)")
    assert r"\*\*big\*\* \$x\$ \[a\]" in warnings(app)


def test_a_run_that_is_deleted_while_it_is_in_use_is_told() -> None:
    run = a_run("mine")
    app = open_app("dataset", detector="run:mine")
    assert not warnings(app)
    delete_run(run)
    app.run()
    assert "The run “mine” was deleted." in warnings(app)
    assert "The run can be brought back on the page Training." in warnings(app)
    app.button(key="forget-lost-detector").click().run()
    assert not warnings(app)


def test_a_run_that_got_another_name_elsewhere_is_told() -> None:
    run = a_run("mine")
    app = open_app("dataset", detector="run:mine")
    rename_run(run, "other")
    app.run()
    assert "There is no run “mine” here: it was renamed or deleted" in warnings(app)
    app.selectbox(key="pick-detector").set_value("run:other").run()
    assert not warnings(app)


def test_who_renames_the_run_in_use_goes_on_using_it() -> None:
    a_run("mine")
    app = open_app("training", detector="run:mine", run="mine")
    app.text_input(key="rename-mine").set_value("other").run()
    app.button(key="rename").click().run()
    assert app.selectbox(key="pick-detector").value == "run:other"
    assert not warnings(app)


def test_a_run_without_a_checkpoint_is_told_and_used_when_it_has_one() -> None:
    run = a_run("young", trained=False)
    app = open_app("dataset", detector="run:young")
    assert "The run “young” has no checkpoint yet." in warnings(app)
    (run.folder / "checkpoints" / "step-000001").mkdir(parents=True)
    app.run()
    assert not warnings(app)
    assert app.selectbox(key="pick-detector").value == "run:young"


def test_without_any_detector_the_way_out_is_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "BUNDLED_FOLDER", tmp_path / "nowhere")
    app = open_app("dataset", detector="efficientnet")
    assert "There is no detector “efficientnet” here. Train a detector" in warnings(app)
    assert not [element for element in app.button if element.key == "forget-lost-detector"]
