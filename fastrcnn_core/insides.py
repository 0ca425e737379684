"""A look inside the network on its way through one picture: where its features are strong, and what RoIAlign cuts out.

Shape letters: H, W the picture as the network sees it, C, h, w its features, R RoIs, S cells a side, D hidden
units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from fastrcnn_core.detection import inferring
from fastrcnn_core.model import FastRCNN, Features, input_size
from fastrcnn_core.structures import FloatArray, Image


@dataclass(frozen=True, eq=False)
class Insides:
    """What the two middle stages made of a picture, in numbers small enough to keep.

    Args:
        height, width: of the picture as the network saw it.
        channels: C.
        energy: (h, w) float32, the mean size of the features in each cell.
        roi_energy: (R, S, S) float32, the same in each cell of the RoIs' grids.
        hidden: (R, D) float32, what the head's last hidden layer of D units says of each RoI, ≥ 0.
    """

    height: int
    width: int
    channels: int
    energy: FloatArray
    roi_energy: FloatArray
    hidden: FloatArray


def look_inside(model: FastRCNN, image: Image, rois: FloatArray) -> Insides:
    """What the backbone and RoIAlign make of a picture.

    Args:
        model: runs where its weights are.
        image: the picture.
        rois: (R, 4) float32 in its pixels; R may be 0.

    Raises:
        DeviceError: the device failed or is out of memory.
    """
    height, width = input_size(image.height, image.width, model.image_config)
    with inferring(model):
        pixels = torch.tensor(image.pixels).to(model.device).permute(2, 0, 1)
        features: Features = model.features(pixels)
        cut_out = model.roi_features(features, torch.tensor(rois).to(model.device))
        return Insides(
            height=height,
            width=width,
            channels=len(features.map),
            energy=_mean_size(features.map, dim=0),
            roi_energy=_mean_size(cut_out, dim=1),
            hidden=_hidden(model, cut_out),
        )


def _mean_size(values: torch.Tensor, *, dim: int) -> FloatArray:
    sizes: FloatArray = values.float().abs().mean(dim=dim).cpu().numpy().astype(np.float32)
    return sizes


def _hidden(model: FastRCNN, cut_out: torch.Tensor) -> FloatArray:
    """(R, C, S, S) → (R, D), as the head's forward computes it when nothing is dropped."""
    first = F.relu(model.head.layer1(cut_out.flatten(1)))
    hidden: FloatArray = F.relu(model.head.layer2(first)).float().cpu().numpy()
    return hidden
