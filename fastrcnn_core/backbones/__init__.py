"""The networks that turn pixels into features: pretrained on ImageNet, cut at stride 16, BatchNorm frozen."""

from fastrcnn_core.backbones.architectures import STRIDE
from fastrcnn_core.backbones.backbone import Backbone, build_backbone
from fastrcnn_core.backbones.frozen_norm import NormalisedConv2d

__all__ = ["STRIDE", "Backbone", "NormalisedConv2d", "build_backbone"]
