"""A trained detector with its settings: pictures in, detections out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

from fastrcnn_core.checkpoints import load_checkpoint, read_card
from fastrcnn_core.config import Config, DetectionConfig, ProposalConfig, stored_config
from fastrcnn_core.detection import predict, select
from fastrcnn_core.devices import choose_device
from fastrcnn_core.errors import CheckpointError
from fastrcnn_core.files import asset_folder
from fastrcnn_core.images import ImageLike, as_image
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.proposals import ProposalStore
from fastrcnn_core.runs import Run
from fastrcnn_core.structures import Detections, FloatArray, Image


@dataclass(frozen=True, eq=False)
class Detector:
    """A trained Fast R-CNN with its settings: `Detector.load()(picture)` gives `Detections`.

    Args:
        model: the network, on its device.
        proposal_config, detection_config: the knobs of Selective Search and of detection.
        store: where proposals are cached on disk.
        card: the checkpoint's description, such as the run and step that it is from.
    """

    model: FastRCNN
    proposal_config: ProposalConfig = field(default_factory=ProposalConfig)
    detection_config: DetectionConfig = field(default_factory=DetectionConfig)
    store: ProposalStore = field(default_factory=ProposalStore)
    card: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def load(
        cls,
        source: str | Path | None = None,
        *,
        device: str = "auto",
        score_threshold: float | None = None,
        nms_iou: float | None = None,
        proposal_config: ProposalConfig | None = None,
        detection_config: DetectionConfig | None = None,
        classes: Sequence[str] | None = None,
    ) -> Detector:
        """Load a detector with the settings that its checkpoint's card holds.

        Args:
            source: a checkpoint file, or a run's folder, of which the newest checkpoint is taken; None takes the
                detector that is shipped with the package.
            device: "cuda", "cuda:1", "mps" or "cpu"; "auto" takes the fastest that is there.
            score_threshold, nms_iou: replace those of the card.
            proposal_config, detection_config: replace all of the card's.
            classes: the class names that the caller's data has; None takes the checkpoint's.

        Raises:
            CheckpointError: there is no such checkpoint, it is damaged, or it has other classes.
            DeviceError: this machine has no such device, or it failed.
        """
        path = checkpoint_file(source)
        card = read_card(path)
        config = stored_config(card.get("config", {}))
        thresholds = {"score_threshold": score_threshold, "nms_iou": nms_iou}
        changed: dict[str, Any] = {
            name: value for name, value in thresholds.items() if value is not None
        }
        return cls(
            load_checkpoint(path, device=choose_device(device), classes=classes),
            proposal_config or config.proposals,
            dataclasses.replace(detection_config or config.detection, **changed),
            card=card,
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """The K class names; label i > 0 of a detection is `classes[i - 1]`."""
        return self.model.classes

    @overload
    def __call__(self, picture: ImageLike) -> Detections: ...
    @overload
    def __call__(self, picture: list[ImageLike]) -> list[Detections]: ...
    def __call__(self, picture: ImageLike | list[ImageLike]) -> Detections | list[Detections]:
        """Detect on one picture, or on each of a list.

        Args:
            picture: a path, a PIL image, an (H, W, 3) uint8 RGB array, a (3, H, W) tensor that is uint8 or floating
                point in [0, 1], or a list of these.

        Raises:
            ImageError: the picture cannot be read, or has another shape or type. DeviceError: the device failed.
            StorageError: the proposals cannot be cached.
        """
        if isinstance(picture, list):
            return [self(each) for each in picture]
        image = as_image(picture)
        return self.detect(image, self.proposals(image))

    def proposals(self, image: Image) -> FloatArray:
        """Propose boxes by Selective Search, or read those of the store: (P, 4) float32, best first."""
        return self.store.get(image, self.proposal_config)

    def detect(self, image: Image, proposals: FloatArray) -> Detections:
        """Detect among (P, 4) proposals: predict, then score threshold and NMS."""
        return select(
            predict(self.model, image, proposals, self.detection_config), self.detection_config
        )


def checkpoint_file(source: str | Path | None) -> Path:
    """Find the checkpoint file that a path means.

    Args:
        source: a checkpoint file, a run's folder, or None for the detector that is shipped with the package.

    Raises:
        CheckpointError: the run has no checkpoint yet, or no detector was shipped.
    """
    if source is None:
        return bundled_checkpoint()
    path = Path(source)
    return Run(path).latest_checkpoint().model_file if path.is_dir() else path


def bundled_checkpoint() -> Path:
    """Find the checkpoint of the detector that is shipped with the package.

    Raises:
        CheckpointError: it is not there.
    """
    folder = asset_folder() / "checkpoints"
    found = sorted(folder.glob("*.safetensors"))
    if not found:
        raise CheckpointError(
            f"No trained detector came with this copy: {folder} is empty.",
            hint="Name one by --run or --checkpoint, or train one first.",
        )
    return found[0]


def checkpoint_config(file: Path) -> Config:
    """Read the config with which a checkpoint was trained; the preset `paper` where its card does not say.

    Raises:
        CheckpointError: the file is missing or damaged.
    """
    return stored_config(read_card(file).get("config", {}))
