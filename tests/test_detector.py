"""Detector: every kind of picture in, the same detections out; settings from the checkpoint's card."""

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from fastrcnn_core.config import preset
from fastrcnn_core.detection import predict, select
from fastrcnn_core.detector import Detector, bundled_checkpoint
from fastrcnn_core.errors import CheckpointError, DeviceError, ImageError
from fastrcnn_core.images import as_image, read_image
from fastrcnn_core.runs.folder import CHECKPOINTS, MODEL_FILE
from fastrcnn_core.structures import Detections
from tests.support.builders import noise_image, tiny_config, write_untrained


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return write_untrained(tmp_path / "tiny.safetensors", ("person",))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "noise.png"
    PIL.Image.fromarray(noise_image().pixels).save(path)
    return path


def rows(detections: Detections) -> list[list[float]]:
    return torch.cat([detections.boxes, detections.scores[:, None]], dim=1).tolist()


def every_kind(path: Path) -> dict[str, Any]:
    """Return the picture in each form that a detector takes."""
    pixels = np.asarray(PIL.Image.open(path))
    tensor = torch.tensor(pixels).permute(2, 0, 1)
    return {
        "path": path,
        "text": str(path),
        "PIL image": PIL.Image.open(path),
        "array": pixels,
        "uint8 tensor": tensor,
        "float tensor": tensor / 255,
        "Image": read_image(path),
    }


def test_every_kind_of_picture_gives_the_same_detections(checkpoint: Path, picture: Path) -> None:
    detector = Detector.load(checkpoint, device="cpu", score_threshold=0.0)
    kinds = every_kind(picture)
    found = {kind: rows(detector(value)) for kind, value in kinds.items()}
    assert found["path"]
    assert all(value == found["path"] for value in found.values())
    assert [rows(each) for each in detector(list(kinds.values()))] == list(found.values())
    assert detector([]) == []


def test_a_detector_proposes_predicts_and_selects_as_its_card_says(
    checkpoint: Path, picture: Path
) -> None:
    detector, image = Detector.load(checkpoint, device="cpu"), read_image(picture)
    config = tiny_config()
    assert (detector.proposal_config, detector.detection_config) == (
        config.proposals,
        config.detection,
    )
    proposals = detector.store.get(image, config.proposals)
    predictions = predict(detector.model, image, proposals, config.detection)
    assert rows(detector(picture)) == rows(select(predictions, config.detection))
    assert detector.classes == ("person",)


def test_thresholds_and_configs_replace_those_of_the_card(checkpoint: Path) -> None:
    notebook = preset("notebook")
    detector = Detector.load(
        str(checkpoint),
        device="cpu",
        score_threshold=0.0,
        nms_iou=0.7,
        proposal_config=notebook.proposals,
        detection_config=notebook.detection,
    )
    assert detector.proposal_config == notebook.proposals
    assert (detector.detection_config.score_threshold, detector.detection_config.nms_iou) == (
        0,
        0.7,
    )
    assert detector.detection_config.limit == 50


def test_a_runs_folder_means_its_newest_checkpoint(tmp_path: Path) -> None:
    for step, name in ((8, "dog"), (120, "cat")):
        folder = tmp_path / "run" / CHECKPOINTS / f"step-{step:06}"
        folder.mkdir(parents=True)
        write_untrained(folder / MODEL_FILE, (name,))
    assert Detector.load(tmp_path / "run", device="cpu").classes == ("cat",)
    assert Detector.load(str(tmp_path / "run"), device="cpu").classes == ("cat",)
    (tmp_path / "young").mkdir()
    with pytest.raises(CheckpointError, match="no checkpoint yet"):
        Detector.load(tmp_path / "young")


def test_without_a_source_the_bundled_detector_is_loaded() -> None:
    detector = Detector.load(device="cpu")
    assert detector.classes == ("person",)
    assert bundled_checkpoint().stem == detector.model.config.backbone


def test_what_cannot_be_loaded_is_told(checkpoint: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint"):
        Detector.load("/nowhere.safetensors")
    with pytest.raises(CheckpointError, match="classes"):
        Detector.load(checkpoint, device="cpu", classes=("dog", "cat"))
    with pytest.raises(DeviceError):
        Detector.load(checkpoint, device="abacus")


@pytest.mark.parametrize(
    ("picture", "complaint"),
    [
        ("/nowhere.png", "no file"),
        (np.zeros((8, 8), np.uint8), r"not \(H, W, 3\)"),
        (np.zeros((8, 8, 3), np.float32), "float32, not uint8"),
        (torch.zeros(8, 8, 3), r"not \(3, H, W\)"),
        (torch.full((3, 8, 8), 2.0), r"outside \[0, 1\]"),
        (torch.full((3, 8, 8), float("nan")), r"outside \[0, 1\]"),
        (torch.zeros(3, 8, 8, dtype=torch.int64), "int64, not uint8"),
        (None, "no picture"),
    ],
)
def test_what_is_no_picture_is_told(picture: Any, complaint: str) -> None:
    with pytest.raises(ImageError, match=complaint):
        as_image(picture)


def test_a_pil_image_is_turned_upright_and_put_on_white() -> None:
    wide = PIL.Image.new("RGB", (30, 20), "red")
    wide.getexif()[274] = 6
    assert as_image(wide).pixels.shape == (30, 20, 3)
    assert as_image(PIL.Image.new("RGBA", (4, 4), (0, 0, 0, 0))).pixels.min() == 255
    assert as_image(PIL.Image.new("L", (4, 4), 7)).pixels.tolist() == [[[7] * 3] * 4] * 4
