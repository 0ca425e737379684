"""Which trained detector a visitor uses, and what it said of pictures: remembered by content."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from fastrcnn_core.config import ImageConfig, ModelConfig, PredictionConfig, ProposalConfig
from fastrcnn_core.errors import CheckpointError, ConfigError
from fastrcnn_core.knobs import from_dict
from fastrcnn_core.runs import Run, list_runs
from fastrcnn_core.structures import FloatArray, Image, RoIPredictions
from pages.ui.resources.devices import chosen_device
from pages.ui.resources.pictures import proposals

if TYPE_CHECKING:
    from fastrcnn_core.insides import Insides
    from fastrcnn_core.model import FastRCNN

BUNDLED_FOLDER = Path(__file__).resolve().parents[3] / "assets" / "checkpoints"
_ONE_LOOK = PredictionConfig()


@dataclass(frozen=True, eq=False)
class _Network:
    """A model in the hand of Streamlit's cache, which shall not look at its weights to know it."""

    model: FastRCNN

    @property
    def key(self) -> str:
        """Its weights, and where it computes: a graphics card's last digits are not the CPU's."""
        return f"{self.model.weights_key} {self.model.device}"


_BY_KEY: dict[str | type, Callable[[Any], Any]] = {
    Image: lambda image: image.key,
    ProposalConfig: repr,
    PredictionConfig: repr,
    _Network: lambda network: network.key,
    np.ndarray: lambda boxes: (boxes.shape, boxes.tobytes()),
}
_DETECTOR = "chosen-detector"
_RUN = "run:"  # before a run's name in the link


@dataclass(frozen=True)
class Detector:
    """A trained detector that can be chosen; its weights are not read yet.

    Args:
        token: its word in the link. label: its words on screen.
        path: of the checkpoint, a file in safetensors format.
        run: the run that it belongs to; None for one that came with the app.
    """

    token: str
    label: str
    path: Path
    run: Run | None = None


@dataclass(frozen=True)
class DetectorCard:
    """What a checkpoint says of itself, read without its weights and without PyTorch.

    Args:
        model, image: how it is made, and how large it sees pictures.
        classes: the K names. parameters: how many numbers it learned or was given.
        about: what was written down for people: command, data, figures.
    """

    model: ModelConfig
    image: ImageConfig
    classes: tuple[str, ...]
    parameters: int
    about: dict[str, Any]


def detectors() -> tuple[Detector, ...]:
    """What came with the app, then every run's newest checkpoint, newest run first."""
    bundled = (
        Detector(path.stem, f"Bundled: {path.stem}", path)
        for path in sorted(BUNDLED_FOLDER.glob("*.safetensors"))
    )
    trained = (_newest(run) for run in list_runs())
    return (*bundled, *(it for it in trained if it is not None))


def chosen_detector() -> Detector:
    """The visitor's, or the one that came with the app; `lost_detector` tells whether the visitor's is not here.

    Raises:
        CheckpointError: there is none at all.
    """
    offered = detectors()
    if not offered:
        raise CheckpointError(
            "There is no trained detector here yet.", hint="Train one on the page Training."
        )
    return next((it for it in offered if it.token == chosen_token()), offered[0])


def choose_detector(token: str) -> None:
    """Use this detector from now on."""
    st.session_state[_DETECTOR] = token


def choose_default_detector() -> None:
    """Back to the one that came with the app."""
    st.session_state.pop(_DETECTOR, None)


def chosen_token() -> str | None:
    """The chosen detector's word in the link; None for the default."""
    token: str | None = st.session_state.get(_DETECTOR)
    return token


def adopt_token(token: str) -> bool:
    """Choose what a link names. If it is not here, `lost_detector` says so until another one is chosen."""
    choose_detector(token)
    return True


def lost_detector() -> str | None:
    """The word of a detector that was chosen and is not here, or not any more; None where nothing is amiss."""
    token = chosen_token()
    return None if any(it.token == token for it in detectors()) else token


def follow_renamed_run(old: str, new: str) -> None:
    """Who uses a run's detector goes on using it when the run has got another name."""
    if chosen_token() == f"{_RUN}{old}":
        choose_detector(f"{_RUN}{new}")


def card(detector: Detector) -> DetectorCard:
    """What the checkpoint says of itself. Raises CheckpointError."""
    return _card(detector.path, _stamp(detector.path))


def model(detector: Detector) -> FastRCNN:
    """The network with its weights, on the chosen device; shared by all visitors, so nobody may change it.

    Raises:
        CheckpointError: the file is missing or damaged. DeviceError: no such device.
    """
    return _model(detector.path, _stamp(detector.path), chosen_device())


def predictions(
    image: Image,
    detector: Detector,
    config: ProposalConfig,
    looks: PredictionConfig = _ONE_LOOK,
) -> RoIPredictions:
    """What the network says of the picture's proposals: computed once for each picture, weights and configs.

    Args:
        looks: how often it looks; not a `DetectionConfig`, whose thresholds would ask the network again.

    Raises:
        CheckpointError, DeviceError.
    """
    return _predictions(image, _Network(model(detector)), config, looks)


def insides(image: Image, detector: Detector, rois: FloatArray) -> Insides:
    """What the network's middle stages make of the picture and of (R, 4) RoIs, remembered by content.

    Raises:
        CheckpointError, DeviceError.
    """
    return _insides(image, _Network(model(detector)), rois)


@st.cache_resource(max_entries=16, show_spinner=False)
def _card(path: Path, stamp: float) -> DetectorCard:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as contents:
            words = contents.metadata() or {}
            shapes = [contents.get_slice(name).get_shape() for name in contents.keys()]  # noqa: SIM118
        return DetectorCard(
            from_dict(ModelConfig, json.loads(words["model"])),
            from_dict(ImageConfig, json.loads(words["image"])),
            tuple(json.loads(words["classes"])),
            sum(_product(shape) for shape in shapes),
            json.loads(words["card"]),
        )
    except (SafetensorError, OSError, KeyError, ValueError, ConfigError) as error:
        raise CheckpointError(
            f"{path.name} is damaged or is no checkpoint of this app.", hint="Choose another."
        ) from error


@st.cache_resource(max_entries=2, show_spinner="Waking the network…")
def _model(path: Path, stamp: float, device: str) -> FastRCNN:
    from fastrcnn_core.checkpoints import load_checkpoint
    from fastrcnn_core.devices import choose_device as device_of

    return load_checkpoint(path, device=device_of(device))


@st.cache_resource(
    max_entries=32,
    show_spinner="The network looks at the picture…",
    hash_funcs=_BY_KEY,
)
def _predictions(
    image: Image, network: _Network, config: ProposalConfig, looks: PredictionConfig
) -> RoIPredictions:
    from fastrcnn_core.detection import predict

    return predict(network.model, image, proposals(image, config), looks)


@st.cache_resource(max_entries=16, show_spinner="Looking inside the network…", hash_funcs=_BY_KEY)
def _insides(image: Image, network: _Network, rois: FloatArray) -> Insides:
    from fastrcnn_core.insides import look_inside

    return look_inside(network.model, image, rois)


def _newest(run: Run) -> Detector | None:
    found = run.checkpoints()
    if not found:
        return None
    last = found[-1]
    return Detector(f"{_RUN}{run.name}", f"{run.name}, step {last.step}", last.model_file, run)


def _stamp(path: Path) -> float:
    return path.stat().st_mtime if path.is_file() else 0.0


def _product(shape: list[int]) -> int:
    total = 1
    for side in shape:
        total *= side
    return total
