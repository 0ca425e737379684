"""Loaded networks, their cards, and what they predicted for pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from fastrcnn_core.checkpoints import CheckpointHeader, read_header
from fastrcnn_core.config import (
    Config,
    PredictionConfig,
    ProposalConfig,
    stored_config,
)
from fastrcnn_core.files import asset_folder
from fastrcnn_core.runs import Run
from fastrcnn_core.structures import FloatArray, Image, RoIPredictions
from pages.ui.cache.searches import proposals

if TYPE_CHECKING:
    from fastrcnn_core.activations import Activations
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
class DetectorChoice:
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


def card(detector: DetectorChoice) -> CheckpointHeader:
    """Read a checkpoint's card. Raises CheckpointError."""
    return _card(detector.path, _stamp(detector.path))


def trained_config(detector: DetectorChoice) -> Config:
    """Return the config that a detector was trained with; `paper` where its card does not say. Raises UserError."""
    return stored_config(card(detector).card.get("config", {}))


def model(detector: DetectorChoice, device: str) -> FastRCNN:
    """Load the network with its weights; shared by all visitors, so it must not be changed.

    Args:
        device: a setting as in `fastrcnn_core.devices.choose_device`, such as "auto".

    Raises:
        CheckpointError: the file is missing or damaged. DeviceError: no such device.
    """
    return _model(detector.path, _stamp(detector.path), device)


def predictions(
    image: Image,
    detector: DetectorChoice,
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


def activations(
    image: Image, detector: DetectorChoice, rois: FloatArray, *, device: str
) -> Activations:
    """Capture what the network's middle stages make of a picture and of (R, 4) RoIs.

    Raises:
        CheckpointError, DeviceError.
    """
    return _activations(image, _Network(model(detector, device)), rois)


@st.cache_resource(max_entries=16, show_spinner=False)
def _card(path: Path, stamp: float) -> CheckpointHeader:
    return read_header(path)


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
def _activations(image: Image, network: _Network, rois: FloatArray) -> Activations:
    from fastrcnn_core.activations import capture_activations

    return capture_activations(network.model, image, rois)


def _stamp(path: Path) -> float:
    return path.stat().st_mtime if path.is_file() else 0.0
