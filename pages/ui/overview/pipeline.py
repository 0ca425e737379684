"""Pipeline cards: each stage with this picture's shapes and a thumbnail.

Stages without a network are shown at once; the network's stages are filled in on request, or when it is loaded already.
A number that is not computed yet is a letter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from fastrcnn_core import palette
from fastrcnn_core.config import Config, ProposalConfig, SamplingConfig
from fastrcnn_core.structures import FloatArray
from pages.ui.cache import networks, renderings, searches
from pages.ui.cache.networks import DetectorChoice
from pages.ui.overview import thumbnails
from pages.ui.overview.pipeline_cards import Card, cards
from pages.ui.shell import header
from pages.ui.state import devices
from pages.ui.state.overview import OverviewSelection
from pages.ui.state.selected_picture import Picture

# As many proposals as a thumbnail can show, and as many RoIs as its grid.
_SHOWN_PROPOSALS, _SHOWN_ROIS, _ROI_COLUMNS = 100, 12, 4


def show(picture: Picture, detector: DetectorChoice | None) -> None:
    """Show all stages; those without a network at once."""
    button = st.empty()
    stages = cards(networks.card(detector) if detector else None)
    _fill_picture(stages, picture)
    # As on the page Detection: a picture has one answer, however the detector was trained.
    trained = networks.trained_config(detector) if detector else Config()
    boxes = _fill_proposals(stages, picture, trained.proposals)
    if detector is None:
        with button:
            header.link("training", "There is no trained detector yet: train one")
    elif _wanted(button):
        _fill_network(stages, picture, detector, trained, boxes)


def _fill_picture(stages: dict[str, Card], picture: Picture) -> None:
    nothing_known = np.zeros((0, 4), np.float32)
    stages["picture"].fill(
        f"{picture.image.height} × {picture.image.width} × 3",
        picture=renderings.small_jpeg(picture.image, nothing_known, colour=palette.GREEN),
        alt=f"{picture.name}, the bare picture",
    )


def _fill_proposals(
    stages: dict[str, Card], picture: Picture, config: ProposalConfig
) -> FloatArray:
    card = stages["proposals"]
    with card.picture:
        boxes = searches.proposals(picture.image, config)
    card.fill(
        f"{len(boxes)} × 4",
        picture=renderings.small_jpeg(picture.image, boxes[:_SHOWN_PROPOSALS], colour=palette.SKY),
        alt=f"The first {_SHOWN_PROPOSALS} of {len(boxes)} proposals",
    )
    return boxes


def _wanted(place: Any) -> bool:
    """Tell whether the network's stages were requested, or the network is already loaded."""
    if devices.network_is_loaded() or OverviewSelection.current().runs_network:
        return True
    return bool(
        place.button(
            "Send this picture through the network",
            key=OverviewSelection.key("runs_network"),
            type="primary",
            icon=":material/play_arrow:",
            help="Loads PyTorch and the detector: a few seconds, once.",
        )
    )


def _fill_network(
    stages: dict[str, Card],
    picture: Picture,
    detector: DetectorChoice,
    trained: Config,
    boxes: FloatArray,
) -> None:
    """Fill stages 3 to 7 and RoI sampling with the network's values."""
    from fastrcnn_core.detection import select

    with stages["features"].picture:
        predictions = networks.predictions(
            picture.image,
            detector,
            trained.proposals,
            trained.detection.prediction,
            device=devices.chosen_device(),
        )
    surest, labels = predictions.scores[:, 1:].max(dim=1)
    best = surest.argsort(descending=True)[:_SHOWN_ROIS]
    with stages["roi_align"].picture:
        inside = networks.activations(
            picture.image, detector, predictions.rois[best].numpy(), device=devices.chosen_device()
        )
    detections = select(predictions, trained.detection)
    count, classes = len(boxes), len(predictions.classes)
    cells, channels = inside.roi_energy.shape[-1], inside.channels
    stages["features"].fill(
        f"{channels} × {inside.energy.shape[0]} × {inside.energy.shape[1]}",
        picture=thumbnails.heat(inside.energy),
        alt="Where the features are strong",
    )
    stages["roi_align"].fill(
        f"{count} × {channels} × {cells} × {cells}",
        picture=thumbnails.tiles(inside.roi_energy, columns=_ROI_COLUMNS) if len(best) else None,
        alt=f"Features of the {len(best)} most confident RoIs",
    )
    stages["head"].fill(
        f"{count} × {inside.hidden.shape[1]}",
        picture=thumbnails.units(inside.hidden[0]) if len(best) else None,
        alt="The hidden units for the most confident RoI",
    )
    sure = predictions.boxes[best, labels[best]].numpy()
    stages["scores"].fill(
        f"{count} × {classes + 1}",
        f"{count} × {classes} × 4",
        picture=renderings.small_jpeg(picture.image, sure, colour=palette.ORANGE),
        alt=f"The {len(best)} most confident boxes, corrected",
    )
    stages["detections"].fill(
        f"{len(detections.boxes)}",
        picture=renderings.small_jpeg(
            picture.image, detections.boxes.numpy(), colour=palette.YELLOW
        ),
        alt=f"{len(detections.boxes)} detections",
    )
    _fill_sampling(stages["roi_sampling"], picture, boxes)


def _fill_sampling(card: Card, picture: Picture, boxes: FloatArray) -> None:
    """Fill RoI sampling with a draw of seed 0; an upload has no ground truth to sample by."""
    if picture.annotated is None:
        return
    import torch

    from fastrcnn_core.config import ModelConfig
    from fastrcnn_core.roi_sampling import sample_rois

    sampled = sample_rois(
        proposals=torch.tensor(boxes),
        gt_boxes=torch.tensor(picture.annotated.boxes),
        gt_labels=torch.tensor(picture.annotated.labels),
        config=SamplingConfig(),
        delta_std=ModelConfig().delta_std,
        generator=torch.Generator().manual_seed(0),
    )
    positive = sampled.boxes[sampled.is_foreground].numpy()
    card.fill(
        f"{len(sampled.boxes)} of {len(boxes)} + {len(picture.annotated.boxes)}",
        f"{len(positive)} positive",
        picture=renderings.small_jpeg(picture.image, positive, colour=palette.BLUE),
        alt=f"{len(positive)} positive RoIs",
    )
