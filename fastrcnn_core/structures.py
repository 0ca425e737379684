"""Data classes that flow between the stages of the detector: frozen, and validated when they are made.

Images, ground truth and proposals are NumPy arrays, so that they can be viewed without importing PyTorch. From the
sampled RoIs on they are PyTorch tensors; `Trainer.step` and `predict` convert.

Shape letters: H, W image; N ground-truth boxes; P proposals; R RoIs; K classes without the background; D detections.
Boxes are `x1, y1, x2, y2` in pixels of the original image; x2 and y2 are exclusive. Label 0 is the
background, label i > 0 is `classes[i - 1]`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastrcnn_core.boxes import flip_horizontally
from fastrcnn_core.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]

CROWD = "crowd"  # the tag of a box around a group: COCO's iscrowd


def class_key(name: str) -> str:
    """Return what two spellings of one class name share: case and outer spaces do not count."""
    return name.strip().casefold()


def crowd_mask(tags: Sequence[str]) -> BoolArray:
    """Return (N,) bool, True where a box is tagged as a crowd."""
    return np.array([tag == CROWD for tag in tags], dtype=bool)


def as_boxes(values: npt.ArrayLike) -> FloatArray:
    """Convert numbers of any type, an array or a tensor, to (N, 4) float32 boxes, checked.

    Raises:
        DataError: another shape, no numbers, or NaN or infinite ones.
    """
    try:
        boxes = np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise _no_boxes(f"they are no array of numbers ({error})") from error
    if boxes.size == 0:
        return boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise _no_boxes(f"their shape is {boxes.shape}, not (N, 4)")
    if not np.isfinite(boxes).all():
        row = int(np.flatnonzero(~np.isfinite(boxes).all(axis=1))[0])
        raise _no_boxes(f"row {row} is {boxes[row].tolist()}")
    return boxes


def _no_boxes(reason: str) -> DataError:
    return DataError(
        f"These are no boxes: {reason}.", hint="Pass x1, y1, x2, y2 in pixels, finite, a box a row."
    )


@dataclass(frozen=True, eq=False)
class Image:
    """An RGB image, identified by `key`, a hash of its content.

    Args:
        pixels: (H, W, 3) uint8 RGB in [0, 255].
        name: for display, such as the file's stem.
    """

    pixels: Pixels
    name: str = ""

    def __post_init__(self) -> None:
        _expect(self.pixels.dtype == np.uint8, f"pixels are {self.pixels.dtype}, not uint8")
        _expect(
            self.pixels.ndim == 3 and self.pixels.shape[2] == 3,
            f"pixels are {self.pixels.shape}, not (H, W, 3)",
        )
        _expect(min(self.pixels.shape) > 0, "an image has at least one pixel")
        pixels = np.ascontiguousarray(self.pixels)
        if pixels is self.pixels and pixels.flags.writeable:
            pixels = pixels.copy()
        pixels.setflags(write=False)
        object.__setattr__(self, "pixels", pixels)

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @cached_property
    def key(self) -> str:
        """Content hash of the size and the pixels: 32 hexadecimal digits."""
        digest = hashlib.blake2b(f"{self.height}x{self.width}:".encode(), digest_size=16)
        digest.update(self.pixels.data)
        return digest.hexdigest()

    def flipped(self) -> Image:
        """Flip the image horizontally (hflip)."""
        return Image(self.pixels[:, ::-1], self.name)


@dataclass(frozen=True, eq=False)
class AnnotatedImage:
    """An image with its ground truth.

    Args:
        image: the pixels and their name.
        boxes: (N, 4) float32 ground truth, width and height > 0.
        labels: (N,) int64 in 1..K.
        classes: the K names; `classes[label - 1]` is a box's.
        tags: N words: "" for an ordinary box, "added" for one of Penn-Fudan's later list, "crowd" for COCO's iscrowd.
        instances: (H, W) int32 instance masks, 0 for background, i + 1 for box i's object; None without masks.
    """

    image: Image
    boxes: FloatArray
    labels: IntArray
    classes: tuple[str, ...]
    tags: tuple[str, ...]
    instances: npt.NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        count = len(self.boxes)
        _expect_boxes(self.boxes)
        _expect(self.labels.shape == (count,), f"{count} boxes, but labels {self.labels.shape}")
        _expect(len(self.tags) == count, f"{count} boxes, but {len(self.tags)} tags")
        _expect(
            bool(np.all((self.labels >= 1) & (self.labels <= len(self.classes)))),
            "a label names no class",
        )
        _expect(
            bool(np.all(self.boxes[:, 2:] > self.boxes[:, :2])),
            "a ground-truth box has no area",
        )
        if self.instances is not None:
            shape = (self.image.height, self.image.width)
            _expect(
                self.instances.shape == shape,
                f"instances {self.instances.shape}, image {shape}",
            )

    @property
    def name(self) -> str:
        return self.image.name

    @property
    def is_crowd(self) -> BoolArray:
        """(N,) bool: boxes around a group (COCO's iscrowd), neither trained on nor counted as missed."""
        return crowd_mask(self.tags)

    def flipped(self) -> AnnotatedImage:
        """Flip the image and its ground truth horizontally."""
        return AnnotatedImage(
            self.image.flipped(),
            flip_horizontally(self.boxes, width=self.image.width),
            self.labels,
            self.classes,
            self.tags,
            None if self.instances is None else self.instances[:, ::-1],
        )


@dataclass(frozen=True, eq=False)
class SampledRoIs:
    """The sampled RoIs of one image with their labels and regression targets, foreground first.

    Args:
        boxes: (R, 4) float32.
        labels: (R,) int64; 0 is background.
        targets: (R, 4) float32 deltas onto the matched ground truth, divided by `delta_std`; 0 for background.
        iou: (R,) float32 with the matched ground truth.
        gt_index: (R,) int64, row of the matched ground-truth box; -1 where there is none.
        candidate_index: (R,) int64 into the proposals followed by the ground truth.
    """

    boxes: Tensor
    labels: Tensor
    targets: Tensor
    iou: Tensor
    gt_index: Tensor
    candidate_index: Tensor

    def __post_init__(self) -> None:
        _expect_rows(self, self.boxes.shape[0])

    @property
    def is_foreground(self) -> Tensor:
        """(R,) bool."""
        return self.labels > 0

    def take(self, rows: Tensor) -> SampledRoIs:
        """Select RoIs by index, in this order: (M,) int64."""
        return SampledRoIs(**{name: value[rows] for name, value in vars(self).items()})


@dataclass(frozen=True, eq=False)
class RoIOutputs:
    """The head's raw outputs for each RoI.

    Args:
        class_logits: (R, K + 1), before softmax; column 0 is background.
        deltas: (R, K, 4) box deltas of each foreground class, in units of `delta_std`.
    """

    class_logits: Tensor
    deltas: Tensor

    def __post_init__(self) -> None:
        _expect_rows(self, self.class_logits.shape[0])
        expected = (self.class_logits.shape[1] - 1, 4)
        _expect(
            tuple(self.deltas.shape[1:]) == expected,
            f"deltas {tuple(self.deltas.shape)}, classes {expected}",
        )


@dataclass(frozen=True, eq=False)
class Losses:
    """The multi-task loss of a training step.

    Args:
        classification: () mean cross-entropy over the RoIs.
        box: () smooth L1 of the foreground, normalised as `LossConfig.box_mean` says and weighted with λ.
        classification_per_roi: (R,) cross-entropy, detached.
        box_per_roi: (R,) smooth L1 summed over the four deltas, detached; 0 for background.
    """

    classification: Tensor
    box: Tensor
    classification_per_roi: Tensor
    box_per_roi: Tensor

    @property
    def total(self) -> Tensor:
        return self.classification + self.box


@dataclass(frozen=True, eq=False)
class RoIPredictions:
    """The decoded predictions for one image before thresholds and NMS, on the CPU.

    Args:
        rois: (R, 4) float32, the proposals given to the head.
        boxes: (R, K, 4) float32, decoded for each foreground class and clipped to the image.
        scores: (R, K + 1) float32, softmax; column 0 is background.
        classes: the K names.
        height, width: of the image.
    """

    rois: Tensor
    boxes: Tensor
    scores: Tensor
    classes: tuple[str, ...]
    height: int
    width: int

    def __post_init__(self) -> None:
        count, classes = len(self.rois), len(self.classes)
        _expect(tuple(self.boxes.shape) == (count, classes, 4), f"boxes {tuple(self.boxes.shape)}")
        _expect(
            tuple(self.scores.shape) == (count, classes + 1), f"scores {tuple(self.scores.shape)}"
        )


@dataclass(frozen=True, eq=False)
class Suppression:
    """The result of non-maximum suppression (NMS) on N boxes.

    Args:
        keep: (D,) int64 indices of the kept boxes, best score first.
        suppressed_by: (N,) int64 index of the kept box that suppressed each box, or, in soft-NMS, decayed its score
            most; -1 for kept boxes.
        iou: (N,) float32 with the box that suppressed or decayed it; 0 without one.
        scores: (N,) float32 after NMS; greedy NMS leaves them unchanged.
        decayed_by: (N,) int64, as `suppressed_by`, but for kept boxes with a decayed score too; -1 without one.
    """

    keep: Tensor
    suppressed_by: Tensor
    iou: Tensor
    scores: Tensor
    decayed_by: Tensor


@dataclass(frozen=True, eq=False)
class SuppressedBoxes:
    """S boxes above the score threshold that NMS suppressed.

    Args:
        boxes: (S, 4) float32. scores: (S,) float32 before soft-NMS. labels: (S,) int64. roi_index: (S,) int64.
        by: (S,) int64, row of the detection that suppressed it, or, in soft-NMS, decayed its score most; -1 if that
            detection fell to the limit.
        iou: (S,) float32 with that detection.
    """

    boxes: Tensor
    scores: Tensor
    labels: Tensor
    roi_index: Tensor
    by: Tensor
    iou: Tensor

    def __post_init__(self) -> None:
        _expect_rows(self, self.boxes.shape[0])


@dataclass(frozen=True, eq=False)
class DecayedScores:
    """The decay of D detections' scores by soft-NMS.

    Args:
        scores: (D,) float32 before soft-NMS.
        by: (D,) int64, row of the detection that decayed each score most; -1 without one.
        iou: (D,) float32 with that detection; 0 without one.
    """

    scores: Tensor
    by: Tensor
    iou: Tensor

    def __post_init__(self) -> None:
        _expect_rows(self, self.scores.shape[0])


@dataclass(frozen=True, eq=False)
class Detections:
    """The boxes that pass the score threshold, NMS and the limit, best score first.

    Args:
        boxes: (D, 4) float32. scores: (D,) float32 in [0, 1]. labels: (D,) int64 in 1..K.
        roi_index: (D,) int64, row of `RoIPredictions.rois` from which the box was decoded.
        classes: the K names.
        suppressed: the boxes above the score threshold that NMS suppressed.
        decayed: the scores before soft-NMS and what decayed them; None after greedy NMS.
    """

    boxes: Tensor
    scores: Tensor
    labels: Tensor
    roi_index: Tensor
    classes: tuple[str, ...]
    suppressed: SuppressedBoxes
    decayed: DecayedScores | None = None

    def __post_init__(self) -> None:
        count = len(self.boxes)
        for name in ("scores", "labels", "roi_index"):
            _expect(
                len(getattr(self, name)) == count,
                f"{count} boxes, but {len(getattr(self, name))} {name}",
            )


@dataclass(frozen=True)
class StepReport:
    """The metrics of one training step, plain numbers for JSON, and its RoIs, losses and scores.

    Args:
        step: from 1. epoch: a fraction; 1.0 when each image was used once.
        images: their names. flipped: which of them were flipped horizontally.
        rois: each image's sampled RoIs, on the CPU; left out of JSON.
        losses: on the CPU, the RoIs of all images in order; left out of JSON.
        scores: (R, K + 1) softmax of the head's logits, on the CPU; left out of JSON.
    """

    step: int
    epoch: float
    images: tuple[str, ...]
    flipped: tuple[bool, ...]
    loss: float
    classification_loss: float
    box_loss: float
    learning_rate: float
    foreground: int
    background: int
    accuracy: float
    foreground_accuracy: float | None
    foreground_called_background: float | None
    gradient_norm: float
    seconds: float
    rois: tuple[SampledRoIs, ...] = field(default=(), repr=False)
    losses: Losses | None = field(default=None, repr=False)
    scores: Tensor | None = field(default=None, repr=False)


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)


def _expect_boxes(boxes: FloatArray) -> None:
    _expect(boxes.ndim == 2 and boxes.shape[1] == 4, f"boxes are {boxes.shape}, not (N, 4)")
    _expect(boxes.dtype == np.float32, f"boxes are {boxes.dtype}, not float32")


def _expect_rows(value: Any, count: int) -> None:
    """Raise ValueError unless all tensors have this number of rows and are on one device."""
    tensors = vars(value)
    for name, tensor in tensors.items():
        _expect(tensor.shape[0] == count, f"{name} has {tensor.shape[0]} rows, not {count}")
    devices = {tensor.device for tensor in tensors.values()}
    _expect(len(devices) <= 1, f"tensors on several devices: {devices}")
