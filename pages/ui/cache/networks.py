"""Loaded networks, their cards, and what they predicted for pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from fastrcnn_core.config import (
    Config,
    ImageConfig,
    ModelConfig,
    PredictionConfig,
    ProposalConfig,
    stored_config,
)
from fastrcnn_core.errors import CheckpointError, ConfigError
from fastrcnn_core.files import asset_folder
from fastrcnn_core.knobs import from_dict
from fastrcnn_core.runs import Run
from fastrcnn_core.structures import FloatArray, Image, RoIPredictions
from pages.ui.cache.searches import proposals

if TYPE_CHECKING:
    from fastrcnn_core.insides import Insides
    from fastrcnn_core.model import FastRCNN

BUNDLED_FOLDER = asset_folder() / "checkpoints"
_ONE_PASS = PredictionConfig()


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


def card(detector: Detector) -> DetectorCard:
    """What the checkpoint says of itself. Raises CheckpointError."""
    return _card(detector.path, _stamp(detector.path))


def trained_config(detector: Detector) -> Config:
    """Return the config that a detector was trained with; `paper` where its card does not say. Raises UserError."""
    return stored_config(card(detector).about.get("config", {}))


def model(detector: Detector, device: str) -> FastRCNN:
    """Load the network with its weights; shared by all visitors, so it must not be changed.

    Args:
        device: a setting as in `fastrcnn_core.devices.choose_device`, such as "auto".

    Raises:
        CheckpointError: the file is missing or damaged. DeviceError: no such device.
    """
    return _model(detector.path, _stamp(detector.path), device)


def predictions(
    image: Image,
    detector: Detector,
    config: ProposalConfig,
    passes: PredictionConfig = _ONE_PASS,
    *,
    device: str,
) -> RoIPredictions:
    """Predict the picture's proposals, once for each picture, weights, device and configs.

    Args:
        passes: test-time augmentation; not a `DetectionConfig`, whose thresholds would run the network again.

    Raises:
        CheckpointError, DeviceError.
    """
    return _predictions(image, _Network(model(detector, device)), config, passes)


def activations(image: Image, detector: Detector, rois: FloatArray, *, device: str) -> Insides:
    """Capture what the network's middle stages make of a picture and of (R, 4) RoIs.

    Raises:
        CheckpointError, DeviceError.
    """
    return _activations(image, _Network(model(detector, device)), rois)


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
    image: Image, network: _Network, config: ProposalConfig, passes: PredictionConfig
) -> RoIPredictions:
    from fastrcnn_core.detection import predict

    return predict(network.model, image, proposals(image, config), passes)


@st.cache_resource(max_entries=16, show_spinner="Looking inside the network…", hash_funcs=_BY_KEY)
def _activations(image: Image, network: _Network, rois: FloatArray) -> Insides:
    from fastrcnn_core.insides import look_inside

    return look_inside(network.model, image, rois)


def _stamp(path: Path) -> float:
    return path.stat().st_mtime if path.is_file() else 0.0


def _product(shape: list[int]) -> int:
    total = 1
    for side in shape:
        total *= side
    return total
