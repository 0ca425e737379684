"""Devices on the pages: which there are, changing to another, and what to do when one fails.

The graphics card is pretended: it computes on the CPU and fails where a real one would fail.
"""

import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from fastrcnn_core import activations, checkpoints, detection, devices
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.structures import RoIPredictions
from pages.ui.cache import networks
from tests.support.app import complaints, link, open_app, visit, words
from tests.support.builders import write_untrained
from tests.support.datasets import write_tiny
from tests.support.pretended_cuda import PretendedCuda

OUT_OF_MEMORY = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
ON_THE_CPU = "way-out-Compute on the CPU"
HALF_THE_SIZE = "way-out-Look at it at half the size"
TOLD = "The device ran out of memory."


@pytest.fixture(autouse=True)
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny pictures, and a small untrained detector where the bundled ones lie."""
    monkeypatch.setenv("FASTRCNN_DATA", str(write_tiny(tmp_path / "tiny street")))
    monkeypatch.setattr(networks, "BUNDLED_FOLDER", tmp_path)
    write_untrained(tmp_path / "small.safetensors")


@pytest.fixture
def devices_used(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pretend a machine with a graphics card; return on which device the network was asked, each time."""
    where: list[str] = []
    load, predict = checkpoints.load_checkpoint, detection.predict
    capture_activations = activations.capture_activations

    def load_there(path: Path, *, device: torch.device) -> FastRCNN:
        with PretendedCuda():
            return load(path, device=device)

    def predict_there(model: FastRCNN, *rest: Any) -> RoIPredictions:
        where.append(model.device.type)
        with PretendedCuda():
            return predict(model, *rest)

    def look_there(*words: Any) -> activations.Activations:
        with PretendedCuda():
            return capture_activations(*words)

    monkeypatch.setattr(devices, "available_devices", lambda: ("cuda", "cpu"))
    monkeypatch.setattr(devices, "describe", lambda device: f"The {device.type.upper()}")
    monkeypatch.setattr(checkpoints, "load_checkpoint", load_there)
    monkeypatch.setattr(detection, "predict", predict_there)
    monkeypatch.setattr(activations, "capture_activations", look_there)
    return where


def fail_on(kind: str, monkeypatch: pytest.MonkeyPatch, *, above: float = 0.0) -> None:
    """Make the network run out of memory on a kind of device, at scales above a number, inside its forward half."""
    features = FastRCNN.features

    def failing(model: FastRCNN, pixels: torch.Tensor, *, scale: float = 1.0) -> Any:
        if model.device.type == kind and scale > above:
            raise OUT_OF_MEMORY
        return features(model, pixels, scale=scale)

    monkeypatch.setattr(FastRCNN, "features", failing)


def asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch is loaded by this test already; the pages shall not see that."""
    monkeypatch.setattr("pages.ui.state.devices.network_is_loaded", lambda: False)


def survivors(app: AppTest) -> str:
    """Return the caption under the picture."""
    return next(
        str(element.value) for element in app.caption if "boxes survive" in str(element.value)
    )


def buttons(app: AppTest) -> set[str]:
    return {str(element.key) for element in app.button if str(element.key).startswith("way-out")}


def choose(app: AppTest, device: str) -> AppTest:
    return app.selectbox(key="pick-device").set_value(device).run()


def test_changing_the_device_computes_there_and_coming_back_is_known(
    devices_used: list[str],
) -> None:
    app = open_app("detection")
    assert not complaints(app)
    assert devices_used == ["cuda"]
    on_the_card = survivors(app)
    choose(app, "cpu")
    assert not complaints(app)
    assert devices_used == ["cuda", "cpu"]
    assert survivors(app) == on_the_card
    assert link(app)["device"] == "cpu"
    choose(app, "auto")
    assert devices_used == ["cuda", "cpu"]
    assert "device" not in link(app)


def test_the_overview_says_where_the_network_computes(devices_used: list[str]) -> None:
    app = open_app()
    assert "The CUDA" in words(app)
    choose(app, "cpu")
    assert "The CPU" in words(app)
    assert devices_used == ["cuda", "cpu"]


@pytest.mark.parametrize("page", ["", "detection"])
def test_out_of_memory_on_a_card_is_told_and_the_cpu_is_one_click_away(
    devices_used: list[str], monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    fail_on("cuda", monkeypatch)
    app = open_app(page)
    assert not app.exception
    assert TOLD in words(app)
    assert "or compute on the CPU" in words(app)
    app.button(key=ON_THE_CPU).click().run()
    assert not complaints(app)
    assert TOLD not in words(app)
    assert (devices_used[0], devices_used[-1]) == ("cuda", "cpu")
    assert app.selectbox(key="pick-device").value == "cpu"


def test_weights_that_do_not_fit_on_a_card_are_out_of_memory_too(
    devices_used: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    move = FastRCNN.to

    def failing(model: FastRCNN, device: torch.device) -> Any:
        if device.type == "cuda":
            raise OUT_OF_MEMORY
        return move(model, device)

    monkeypatch.setattr(FastRCNN, "to", failing)
    app = open_app("detection")
    assert TOLD in words(app)
    app.button(key=ON_THE_CPU).click().run()
    assert survivors(app)
    assert devices_used == ["cpu"]


def test_a_smaller_picture_is_a_way_out_where_even_the_cpu_has_no_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fail_on("cpu", monkeypatch, above=0.5)
    app = open_app("detection")
    assert TOLD in words(app)
    assert buttons(app) == {HALF_THE_SIZE}  # it computes on the CPU already
    app.button(key=HALF_THE_SIZE).click().run()
    assert not complaints(app)
    assert survivors(app)
    assert link(app)["tta-scales"] == "0.5"


def test_no_picture_is_offered_that_is_smaller_than_the_network_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fail_on("cpu", monkeypatch)
    app = open_app("detection", **{"tta-scales": "0.25"})
    assert TOLD in words(app)
    assert buttons(app) == set()


def test_a_split_that_runs_out_of_memory_goes_on_on_the_cpu(
    devices_used: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app("detection")
    fail_on("cuda", monkeypatch)
    judge(app)
    assert not app.exception
    assert TOLD in words(app)
    app.button(key=ON_THE_CPU).click().run()
    judge(app)
    assert TOLD not in words(app)
    assert "Test split (2 pictures)" in [str(name) for name in app.table[0].value.columns]


def test_a_card_that_fails_is_told_in_its_own_words(
    devices_used: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any, **__: Any) -> Any:
        raise RuntimeError("CUDA error: device-side assert triggered\nCompile with TORCH_USE_DSA")

    monkeypatch.setattr(FastRCNN, "features", failing)
    app = open_app("detection")
    assert "The device failed: CUDA error: device-side assert triggered" in words(app)
    assert buttons(app) == {ON_THE_CPU}


def test_roi_sampling_needs_no_network_on_any_device(devices_used: list[str]) -> None:
    app = open_app("roi_sampling")
    devices_used.clear()
    choose(app, "cpu")
    assert not complaints(app)
    assert any("RoIs drawn of" in str(element.value) for element in app.caption)
    assert devices_used == []


def test_before_pytorch_is_loaded_the_list_says_how_to_find_the_cards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[bool] = []

    def available() -> tuple[str, ...]:
        loaded.append(True)
        return ("cuda", "cuda:1", "cpu")

    monkeypatch.setattr(devices, "available_devices", available)
    monkeypatch.setattr(devices, "describe", lambda device: f"The {device}")
    monkeypatch.setattr("pages.ui.state.devices.network_is_loaded", lambda: bool(loaded))
    app = open_app()
    picker = app.selectbox(key="pick-device")
    assert picker.options == ["Fastest there is", "CPU", "Look for graphics cards…"]
    monkeypatch.setattr(
        "pages.ui.overview.pipeline.show", lambda *_: None
    )  # it would ask the network
    choose(app, "look")
    picker = app.selectbox(key="pick-device")
    assert picker.options == ["Fastest: The cuda", "The cuda", "The cuda:1", "The cpu"]
    assert picker.value == "auto"


@pytest.mark.parametrize(
    ("word", "chosen"), [("cuda:1", "cuda:1"), ("cuda:0", "cuda"), ("cpu", "cpu")]
)
def test_a_link_carries_any_device(monkeypatch: pytest.MonkeyPatch, word: str, chosen: str) -> None:
    asleep(monkeypatch)
    app = open_app(device=word)
    assert not app.warning
    assert app.selectbox(key="pick-device").value == chosen
    assert link(app)["device"] == chosen
    assert visit(**link(app)).selectbox(key="pick-device").value == chosen


@pytest.mark.parametrize("word", ["gpu", "cuda:", "cuda:-1", "cuda:1; rm", "meta", "look"])
def test_a_link_chooses_nothing_that_is_no_device(
    monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    asleep(monkeypatch)
    app = open_app(device=word)
    assert word in app.warning[0].value
    assert app.selectbox(key="pick-device").value == "auto"


def test_a_device_of_another_machine_is_told_and_the_cpu_is_one_click_away(
    devices_used: list[str],
) -> None:
    app = open_app("detection", device="cuda:1")
    assert not app.exception
    assert "This machine has no device 'cuda:1'" in words(app)
    assert "CUDA:1, not on this machine" in app.selectbox(key="pick-device").options
    assert buttons(app) == {ON_THE_CPU}
    app.button(key=ON_THE_CPU).click().run()
    assert survivors(app)


def judge(app: AppTest) -> None:
    """Start the evaluation of the split and wait until it is done or has failed."""
    app.button(key="judge-split").click().run()
    wait_for_thread("splitevaluationjob")
    app.run()


def wait_for_thread(name: str) -> None:
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(60)
