"""Fast R-CNN: a backbone that looks at a picture once, and a head that looks at each RoI of it.

Shape letters: H, W the picture, C, h, w its features, R RoIs, K classes without the background, S cells a side.
Source: Girshick, Fast R-CNN, ICCV 2015, section 2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torchvision.ops import roi_align, roi_pool

from fastrcnn_core.backbones import build_backbone
from fastrcnn_core.config import ImageConfig, ModelConfig
from fastrcnn_core.model.head import Head
from fastrcnn_core.model.resizing import input_size, resize
from fastrcnn_core.structures import RoIOutputs


@dataclass(frozen=True, eq=False)
class Features:
    """What the backbone makes of one picture: the value between the slow and the fast half of the network.

    Args:
        map: (C, h, w), floating point of any width.
        scale_x, scale_y: input pixels for each pixel of the original picture.
    """

    map: Tensor
    scale_x: float
    scale_y: float


class FastRCNN(nn.Module):
    """The detector's network. It owns all that stands between a picture's raw pixels and its features.

    Args:
        config: what it is made of.
        image_config: how large it sees a picture.
        classes: the K names, in the order of labels 1..K.
        generator: where the head's first weights come from.
        pretrained: whether the backbone starts with its ImageNet weights; False where a checkpoint replaces them.

    Raises:
        ConfigError: the backbone has fewer stages than shall train.
        WeightsError: the ImageNet weights are not here and cannot be fetched.
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

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.head.class_logits.weight.device

    def features(self, pixels: Tensor, *, zoom: float = 1.0) -> Features:
        """Resize, normalise, and run the backbone: (3, H, W) uint8 RGB → features. Once for each picture.

        Args:
            zoom: the network sees it at this multiple of the size that `image_config` gives it.
        """
        return self.trained_features(self.frozen_features(pixels, zoom=zoom))

    def frozen_features(self, pixels: Tensor, *, zoom: float = 1.0) -> Features:
        """The part of `features` that training never changes: the result of the backbone's frozen stages."""
        height, width = pixels.shape[1:]
        size = input_size(height, width, self.image_config, zoom=zoom)
        feature_map = self.backbone.frozen_part(resize(pixels, size)[None])[0]
        return Features(feature_map, scale_x=size[1] / width, scale_y=size[0] / height)

    def trained_features(self, frozen: Features) -> Features:
        """The rest of `features`: from the frozen stages' result to the last stage's."""
        return replace(frozen, map=self.backbone.trained_part(frozen.map[None])[0])

    def roi_features(self, features: Features, rois: Tensor) -> Tensor:
        """RoIAlign or RoIPool of one picture: (R, 4) boxes in pixels of the original → (R, C, S, S)."""
        scale = rois.new_tensor([features.scale_x, features.scale_y] * 2)
        # In input pixels, such that the first cell's center is where RoIAlign expects it: half a stride in.
        boxes = rois * scale + (self.backbone.stride / 2 - self.backbone.first_cell)
        feature_map = features.map[None].to(rois.dtype)
        if self.config.roi_layer == "pool":
            # RoIPool's boxes end with their last pixel, ours behind it.
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
        kept: tuple[Tensor, Tensor] | None = None,
    ) -> RoIOutputs:
        """What the head says of each picture's RoIs, rows in the pictures' order.

        Args:
            features: of each picture.
            rois: of each picture, (R, 4) float32 in pixels of its original; R may be 0.
            kept: what dropout leaves of the head's hidden layers, if the caller has drawn it.
        """
        of_each = [self.roi_features(*pair) for pair in zip(features, rois, strict=True)]
        outputs: RoIOutputs = self.head(torch.cat(of_each), kept)
        return outputs

    @property
    def weights_key(self) -> str:
        """32 hexadecimal digits made of the weights and of all else on which the outputs depend.

        Computed again only when a weight has changed since.
        """
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
