"""Activations: how strongly the backbone's feature map, RoIAlign's grids and the head's hidden layer respond.

Shape letters: H, W the network's input, C, h, w its features, R RoIs, S cells a side, D hidden units.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from fastrcnn_core.detection import inference
from fastrcnn_core.model import FastRCNN, image_tensor, input_size
from fastrcnn_core.structures import FloatArray, Image


@dataclass(frozen=True, eq=False)
class Activations:
    """The activations for one image, averaged over channels.

    Args:
        height, width: of the network's input.
        channels: C.
        energy: (h, w) float32, the mean absolute activation of each cell of the feature map.
        roi_energy: (R, S, S) float32, the same for each cell of the RoIs' grids.
        hidden: (R, D) float32, the head's last hidden layer, ≥ 0.
    """

    height: int
    width: int
    channels: int
    energy: FloatArray
    roi_energy: FloatArray
    hidden: FloatArray


def capture_activations(model: FastRCNN, image: Image, rois: FloatArray) -> Activations:
    """Run the network on an image and capture its intermediate activations.

    Args:
        rois: (R, 4) float32 in the image's pixels; R may be 0.

    Raises:
        DeviceError: the device failed or is out of memory.
    """
    height, width = input_size(image.height, image.width, model.image_config)
    with inference(model):
        features = model.features(image_tensor(image).to(model.device))
        roi_features = model.roi_features(features, torch.tensor(rois).to(model.device))
        return Activations(
            height=height,
            width=width,
            channels=len(features.map),
            energy=_array(features.map.float().abs().mean(dim=0)),
            roi_energy=_array(roi_features.float().abs().mean(dim=1)),
            hidden=_array(model.head.hidden(roi_features)),
        )


def _array(values: torch.Tensor) -> FloatArray:
    array: FloatArray = values.float().cpu().numpy()
    return array
