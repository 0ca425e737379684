"""Fast R-CNN: a backbone that runs once an image, RoIAlign or RoIPool, and a head that runs once a RoI.

Shape letters: H, W the image, C, h, w its features, R RoIs, K classes without the background, S cells a side.
Source: Girshick, Fast R-CNN, ICCV 2015, section 2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import roi_align, roi_pool

from fastrcnn_core.backbones import build_backbone
from fastrcnn_core.config import ImageConfig, ModelConfig
from fastrcnn_core.model.head import DropoutMasks, Head
from fastrcnn_core.structures import Image, RoIOutputs


@dataclass(frozen=True, eq=False)
class Features:
    """The backbone's feature map of one image, which all its RoIs share.

    Args:
        map: (C, h, w), floating point of any width.
        scale_x, scale_y: input pixels for each pixel of the original image.
    """

    map: Tensor
    scale_x: float
    scale_y: float


class FastRCNN(nn.Module):
    """The Fast R-CNN network; it resizes and normalises raw pixels itself.

    Args:
        config: backbone, RoI layer and head.
        image_config: the input size.
        classes: the K names, in the order of labels 1..K.
        generator: draws the head's initial weights.
        pretrained: load ImageNet weights into the backbone; False where a checkpoint replaces them.

    Raises:
        ConfigError: the backbone has fewer stages than shall train.
        WeightsError: the ImageNet weights are not on this machine and cannot be downloaded.
    """

    def __init__(
        self,
        config: ModelConfig,
        image_config: ImageConfig,
        classes: Sequence[str],
        *,
        generator: torch.Generator,
        pretrained: bool = True,
    ) -> None:
        super().__init__()
        self.config, self.image_config, self.classes = config, image_config, tuple(classes)
        self.backbone = build_backbone(
            config.backbone, trainable_stages=config.trainable_stages, pretrained=pretrained
        )
        self.head = Head(
            config,
            channels=self.backbone.channels,
            class_count=len(self.classes),
            generator=generator,
        )
        self._key: tuple[tuple[object, ...], str] | None = None

    def forward(self, images: Sequence[Tensor], rois: Sequence[Tensor]) -> RoIOutputs:
        """Run the whole network: backbone, RoI layer and head.

        Args:
            images: (3, H, W) uint8 RGB each, on the model's device; sizes may differ.
            rois: of each image, (R, 4) float32 in its pixels; R may be 0.

        Returns:
            The outputs of all RoIs, in the images' order.
        """
        return self.outputs([self.features(pixels) for pixels in images], rois)

    @property
    def device(self) -> torch.device:
        """The device of its weights."""
        return self.head.class_logits.weight.device

    def features(self, pixels: Tensor, *, scale: float = 1.0) -> Features:
        """Resize, normalise, and run the backbone: (3, H, W) uint8 RGB → features.

        Args:
            scale: multiplies the input size that `image_config` gives.
        """
        return self.trained_features(self.frozen_features(pixels, scale=scale))

    def frozen_features(self, pixels: Tensor, *, scale: float = 1.0) -> Features:
        """Run the backbone's frozen stages, the part of `features` that training never changes."""
        height, width = pixels.shape[1:]
        size = input_size(height, width, self.image_config, scale=scale)
        feature_map = self.backbone.frozen_part(resize(pixels, size)[None])[0]
        return Features(feature_map, scale_x=size[1] / width, scale_y=size[0] / height)

    def trained_features(self, frozen: Features) -> Features:
        """Run the backbone's trainable stages on `frozen_features`' result."""
        return replace(frozen, map=self.backbone.trained_part(frozen.map[None])[0])

    def roi_features(self, features: Features, rois: Tensor) -> Tensor:
        """Pool each RoI's features by RoIAlign or RoIPool: (R, 4) boxes in pixels of the original → (R, C, S, S)."""
        to_input = rois.new_tensor([features.scale_x, features.scale_y] * 2)
        # RoIAlign takes the first cell's center to be half a stride in: shift the boxes by what it is off.
        boxes = rois * to_input + (self.backbone.stride / 2 - self.backbone.first_cell)
        feature_map = features.map[None].to(rois.dtype)
        if self.config.roi_layer == "pool":
            # RoIPool's x2, y2 are inclusive, ours exclusive.
            inclusive = boxes - boxes.new_tensor([0, 0, 1, 1])
            return roi_pool(
                feature_map, [inclusive], self.config.roi_cells, 1 / self.backbone.stride
            )
        return roi_align(
            feature_map,
            [boxes],
            output_size=self.config.roi_cells,
            spatial_scale=1 / self.backbone.stride,
            sampling_ratio=self.config.sampling_ratio,
            aligned=True,
        )

    def outputs(
        self,
        features: Sequence[Features],
        rois: Sequence[Tensor],
        dropout_masks: DropoutMasks | None = None,
    ) -> RoIOutputs:
        """Run the RoI layer and the head on feature maps that are already computed.

        Args:
            features, rois: of each image, as in `forward`.
            dropout_masks: of the head's hidden layers; None lets the head draw them in training mode.
        """
        per_image = [self.roi_features(*pair) for pair in zip(features, rois, strict=True)]
        outputs: RoIOutputs = self.head(torch.cat(per_image), dropout_masks)
        return outputs

    @property
    def weights_key(self) -> str:
        """Hash of the weights, configs and classes: 32 hexadecimal digits, computed again when a weight has changed."""
        versions = tuple((id(tensor), tensor._version) for _, tensor in self._tensors())
        if self._key is None or self._key[0] != versions:
            self._key = versions, self._hash()
        return self._key[1]

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        yield from self.named_parameters()
        yield from self.named_buffers()

    def _hash(self) -> str:
        identity = (self.config, self.image_config, self.classes)
        digest = hashlib.blake2b(repr(identity).encode(), digest_size=16)
        for name, tensor in self._tensors():
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().data)
        return digest.hexdigest()


def image_tensor(image: Image, *, flipped: bool = False) -> Tensor:
    """Convert an image, or its horizontal flip, to the network's input: (3, H, W) uint8 RGB on the CPU."""
    pixels = torch.tensor(image.pixels).permute(2, 0, 1)
    return pixels.flip(2) if flipped else pixels


def input_size(
    height: int, width: int, config: ImageConfig, *, scale: float = 1.0
) -> tuple[int, int]:
    """Compute the (height, width) of the network's input for an image; at least 1 × 1.

    Args:
        scale: multiplies the result, the bound on the longer side included.
    """
    factor = 1.0 if config.shorter_side is None else config.shorter_side / min(height, width)
    if config.longer_side is not None:
        factor = min(factor, config.longer_side / max(height, width))
    return max(1, round(height * factor * scale)), max(1, round(width * factor * scale))


def resize(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize bilinearly with antialiasing: (3, H, W) uint8 → (3, *size) float32 in [0, 1]."""
    unit = pixels.float() / 255
    if tuple(pixels.shape[1:]) == size:
        return unit
    return F.interpolate(unit[None], size, mode="bilinear", antialias=True)[0]
