"""A detector with fixed predictions for the tests of the Detection page, and what the page shows."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from fastrcnn_core import detection
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.structures import Image, RoIPredictions
from tests.support.app import open_app


def predictions(
    *rows: tuple[list[float], float], moved: float = 0.0, classes: tuple[str, ...] = ("person",)
) -> RoIPredictions:
    """Make predictions from proposals with the score of the first class; boxes are the proposals moved right."""
    rois = torch.tensor([box for box, _ in rows], dtype=torch.float32).reshape(-1, 4)
    scores = torch.zeros(len(rows), len(classes) + 1)
    scores[:, 1] = torch.tensor([score for _, score in rows])
    scores[:, 0] = 1 - scores[:, 1]
    boxes = (rois + torch.tensor([moved, 0, moved, 0]))[:, None].repeat(1, len(classes), 1)
    return RoIPredictions(rois, boxes, scores, classes, 64, 96)


@pytest.fixture
def predicted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the names of the pictures that were predicted, by a stand-in for the network.

    It finds the red figure surely, again two pixels beside it less surely, and a box at the left edge.
    """
    names: list[str] = []

    def predict(model: FastRCNN, image: Image, *_: object) -> RoIPredictions:
        names.append(image.name)
        return _answer(image, model.classes)

    monkeypatch.setattr(detection, "predict", predict)
    return names


def _answer(image: Image, classes: tuple[str, ...]) -> RoIPredictions:
    red = np.argwhere(image.pixels[:, :, 0] > 200)
    if not len(red):
        return predictions(classes=classes)
    (y1, x1), (y2, x2) = red.min(axis=0), red.max(axis=0) + 1
    person = [float(element) for element in (x1, y1, x2, y2)]
    beside = [person[0] + 2, person[1], person[2] + 2, person[3]]
    return predictions(
        (person, 0.9), (beside, 0.8), ([0.0, 40, 9, 60], 0.6), (person, 0.3), classes=classes
    )


@pytest.fixture
def app(street: Path, bundle: Callable[..., Path], predicted: list[str]) -> AppTest:
    bundle()
    return open_app("detection")


def move(app: AppTest, knob: str, value: float) -> AppTest:
    return app.slider(key=knob).set_value(value).run()


def caption(app: AppTest) -> str:
    """Return the caption under the picture."""
    return next(
        str(element.value) for element in app.caption if "boxes survive" in str(element.value)
    )


def tiny_setting() -> str:
    return os.environ["FASTRCNN_DATA"]


def figures_of(app: AppTest, column: str) -> dict[str, str]:
    return {str(name): str(value) for name, value in app.table[0].value[column].items()}
