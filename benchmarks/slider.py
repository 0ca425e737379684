"""Server time of a slider move on the Detection page, beside running the network again.
`python benchmarks/slider.py`

The page runs under AppTest, without a browser: from the move of the slider until the last element of the page
is there. A picture of 560×536 has 2,000 predictions of an untrained `efficientnet_lite0`; the scores of the 400 RoIs
around its people are made up, so that NMS has work. A split of 34 such pictures is judged too. Bar: a median of 100 ms.
"""

from __future__ import annotations

import dataclasses
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image as Pillow

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

HEIGHT, WIDTH, PEOPLE, PICTURES, ROIS = 536, 560, 4, 170, 2000
CONFIDENCES = (0.4, 0.6, 0.2, 0.8, 0.1, 0.7, 0.3, 0.9, 0.05, 0.55)
NMS_IOUS = (0.4, 0.2, 0.6, 0.5, 0.35, 0.7, 0.1, 0.45, 0.25, 0.8)


def main() -> None:
    """Print the medians and the ratio."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.environ |= {
            "FASTRCNN_CACHE": str(folder / "cache"),
            "FASTRCNN_RUNS": str(folder / "runs"),
            "FASTRCNN_DATA": str(_street(folder / "street")),
        }
        _run(folder)


def _run(folder: Path) -> None:
    from fastrcnn_core import detection
    from pages.ui.cache import networks

    networks.BUNDLED_FOLDER = _checkpoint(folder / "checkpoints")
    network = detection.predict
    seconds: list[float] = []

    def predict(model: Any, image: Any, proposals: Any, config: Any) -> Any:
        began = time.perf_counter()
        predictions = network(model, image, _rois(image), config)
        seconds.append(time.perf_counter() - began)
        return _surer_near_people(predictions, image)

    detection.predict = predict  # type: ignore[assignment]
    app = _open()
    print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {ROIS:,} predictions")
    confidence = _median(app, "score-threshold", CONFIDENCES)
    nms = _median(app, "nms-iou", NMS_IOUS)
    print(
        f"confidence   {1000 * confidence:5.0f} ms   NMS IoU {1000 * nms:5.0f} ms   this picture alone"
    )
    _judge(app)
    split_confidence = _median(app, "score-threshold", CONFIDENCES)
    split_nms = _median(app, "nms-iou", NMS_IOUS[::-1])
    print(
        f"confidence   {1000 * split_confidence:5.0f} ms   NMS IoU {1000 * split_nms:5.0f} ms   and the split"
    )
    every = statistics.median([confidence, nms, split_confidence, split_nms])
    again = statistics.median(seconds)
    print(f"a move, median of all: {1000 * every:.0f} ms (bar: 100 ms)")
    print(f"asking the network again: {1000 * again:.0f} ms more, {again / every:.1f} × a move")


def _open() -> Any:
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.testing.v1 import AppTest, app_test

    class VisitedBefore(PagesManager):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)  # type: ignore[arg-type]
            PagesManager.uses_pages_directory = False

    app_test.PagesManager = VisitedBefore  # type: ignore[attr-defined]
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=600)
    app.run()
    return app.switch_page("pages/detection.py").run()


def _median(app, knob: str, values: tuple[float, ...]) -> float:  # type: ignore[no-untyped-def]
    seconds = []
    for value in values:
        slider = app.slider(key=knob).set_value(value)
        began = time.perf_counter()
        slider.run()
        seconds.append(time.perf_counter() - began)
    assert not app.exception, app.exception
    return statistics.median(seconds)


def _judge(app) -> None:  # type: ignore[no-untyped-def]
    app.button(key="judge-split").click().run()
    while any(item.key == "stop-judging" for item in app.button):
        time.sleep(1)
        app.run()


def _street(folder: Path) -> Path:
    """Noise with bright figures on it, in Penn-Fudan's layout."""
    chance = np.random.default_rng(0)
    for kind in ("PNGImages", "PedMasks"):
        (folder / kind).mkdir(parents=True)
    for number in range(PICTURES):
        pixels = chance.integers(60, 90, (HEIGHT, WIDTH, 3)).astype(np.uint8)
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        for person in range(PEOPLE):
            left, top = 20 + 130 * person, int(chance.integers(100, 200))
            pixels[top : top + 300, left : left + 100] = (230, 40, 30)
            mask[top : top + 300, left : left + 100] = person + 1
        Pillow.fromarray(pixels).save(
            folder / "PNGImages" / f"scene{number:03}.png", compress_level=1
        )
        Pillow.fromarray(mask).save(
            folder / "PedMasks" / f"scene{number:03}_mask.png", compress_level=1
        )
    return folder


def _checkpoint(folder: Path) -> Path:
    from fastrcnn_core.checkpoints import save_checkpoint
    from fastrcnn_core.config import Config
    from fastrcnn_core.knobs import to_dict
    from fastrcnn_core.model import FastRCNN

    config = Config()
    model = FastRCNN(
        config.model,
        config.image,
        ("person",),
        generator=torch.Generator().manual_seed(0),
        pretrained=False,
    )
    folder.mkdir()
    save_checkpoint(folder / "untrained.safetensors", model, card={"config": to_dict(config)})
    return folder


def _people(image) -> np.ndarray:  # type: ignore[no-untyped-def]
    """(PEOPLE, 4) boxes of the red figures."""
    red = image.pixels[:, :, 0] > 200
    boxes = []
    for person in range(PEOPLE):
        left = 20 + 130 * person
        rows = np.flatnonzero(red[:, left])
        boxes.append([left, rows[0], left + 100, rows[-1] + 1])
    return np.asarray(boxes, np.float32)


def _rois(image) -> np.ndarray:  # type: ignore[no-untyped-def]
    """(ROIS, 4) boxes, a fifth of them scattered around people."""
    chance = np.random.default_rng(1)
    people = _people(image)[chance.integers(0, PEOPLE, ROIS // 5)]
    near = people + chance.normal(0, 25, people.shape).astype(np.float32)
    corner = chance.uniform(0, [WIDTH - 60, HEIGHT - 60], (ROIS - len(near), 2))
    far = np.concatenate([corner, corner + chance.uniform(16, 60, corner.shape)], axis=1)
    return np.concatenate([near, far]).astype(np.float32)


def _surer_near_people(predictions: Any, image: Any) -> Any:
    """Replace the untrained network's scores by scores that fall with the distance from people: many are confident."""
    from fastrcnn_core.boxes import pairwise_iou

    best = pairwise_iou(predictions.rois.numpy(), _people(image)).max(axis=1)
    noise = np.random.default_rng(2).normal(0, 0.1, len(best)) * (best > 0.2)
    score = torch.tensor(np.clip(best - 0.2 + noise, 0.001, 0.999), dtype=torch.float32)
    scores = torch.stack([1 - score, score], dim=1)
    return dataclasses.replace(predictions, scores=scores)


if __name__ == "__main__":
    main()
