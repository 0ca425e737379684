"""One training step: from images and proposals to updated weights and a report.

Shape letters: P proposals, N ground-truth boxes, R RoIs of all images of the step, K classes without the background.
Source: Girshick, Fast R-CNN, ICCV 2015, section 2.3.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from fastrcnn_core.config import Config
from fastrcnn_core.devices import autocast, device_errors
from fastrcnn_core.errors import ConfigError, TrainingError
from fastrcnn_core.features import FeatureStore
from fastrcnn_core.losses import losses
from fastrcnn_core.model import FastRCNN, Features
from fastrcnn_core.structures import (
    AnnotatedImage,
    Losses,
    RoIOutputs,
    SampledRoIs,
    StepReport,
)
from fastrcnn_core.training.augmentation import (
    Augmentation,
    dropout_mask,
    sample_augmentations,
    seeded_generator,
)
from fastrcnn_core.training.data_loader import Example
from fastrcnn_core.training.distributed import SINGLE_PROCESS, ProcessGroup
from fastrcnn_core.training.optimiser import (
    ExponentialMovingAverage,
    TrainerState,
    build_optimiser,
    learning_rate_at,
    restore_tensors,
    state_tensors,
)
from fastrcnn_core.training.rois import ohem_rois, training_rois


@dataclass(frozen=True, eq=False)
class StepPart:
    """Results of one process's part of a step's batch, on the CPU and without gradient.

    Args:
        images, flipped, rois: of each image. scores: (R, K + 1) of all RoIs in order. losses: of these RoIs.
    """

    images: tuple[str, ...]
    flipped: tuple[bool, ...]
    rois: tuple[SampledRoIs, ...]
    scores: Tensor
    losses: Losses


class Trainer:
    """Trains a model step by step.

    The random draws of a step (flips, RoIs, dropout) are a function of the seed, the step's number and the image's
    position in the batch, so that a run resumed from a checkpoint draws what an uninterrupted one would have drawn,
    and several processes what one would have drawn.

    Args:
        model: trained in place, on the device where it is.
        config: all knobs.
        total_steps: of the whole run, for the learning-rate schedule.
        features: the store of the frozen stages' feature maps; None computes them at every step.
        processes: those that train the same model together, each on its shard of a step's batch.
    """

    def __init__(
        self,
        model: FastRCNN,
        config: Config,
        *,
        total_steps: int,
        features: FeatureStore | None = None,
        processes: ProcessGroup = SINGLE_PROCESS,
    ) -> None:
        self.model = model
        self.config = config
        self.total_steps = total_steps
        self.steps_done = 0
        self.optimiser = build_optimiser(model, config.optimiser)
        self.features = features
        self.processes = processes
        self._device = model.device
        self._trainable = [weight for weight in model.parameters() if weight.requires_grad]
        self._ema: ExponentialMovingAverage | None = None
        self._start_ema()
        if features is not None and not config.training.reuses_features:
            raise ConfigError(
                "Cached features cannot be used with jitter or colour_jitter, which change every image.",
                hint="Set both to 0, or train without a feature store.",
            )

    @property
    def detector(self) -> FastRCNN:
        """The model that is evaluated and saved: the EMA of the weights if there is one, else the weights."""
        return self.model if self._ema is None else self._ema.model

    def step(self, batch: Sequence[Example], *, first: int = 0) -> StepReport:
        """Train one step on a batch: forward, losses, backward, gradient clipping, optimiser, EMA.

        Args:
            batch: images, each with its (P, 4) proposals; P, or the number of ground-truth boxes, may be 0. With
                several processes, this one's shard; the report covers the whole batch.
            first: position in the whole batch of the shard's first image.

        Raises:
            TrainingError: the loss or its gradient is NaN or infinite; the weights are unchanged.
            DeviceError: the device failed or is out of memory.
        """
        started = time.perf_counter()
        if not self.model.training:  # walking through all of its modules takes as long as RoIAlign
            self.model.train()
        step = self.steps_done + 1
        seed = self.config.training.seed
        places = range(first, first + len(batch))
        generators = [seeded_generator(seed, "picture", step, place) for place in places]
        share = self.config.training.flip
        flipped = tuple(float(torch.rand((), generator=each)) < share for each in generators)
        augmentations = sample_augmentations(flipped, self.config.training, step=step, first=first)
        rois = [
            training_rois(example, flip, self.config, generator)
            for example, flip, generator in zip(batch, flipped, generators, strict=True)
        ]
        images = tuple(annotated.name for annotated, _ in batch)
        rate = learning_rate_at(step, total_steps=self.total_steps, config=self.config.optimiser)
        with device_errors():
            features = [
                self._features(annotated, augmentation)
                for (annotated, _), augmentation in zip(batch, augmentations, strict=True)
            ]
            if self.config.sampling.hard_examples:
                rois = [
                    ohem_rois(self.model, *pair, self.config)
                    for pair in zip(features, rois, strict=True)
                ]
            outputs, loss = self._forward(features, rois, self._dropout_mask(rois, generators))
            parts = self.processes.all_gather(_step_part(images, flipped, rois, outputs, loss))
            norm = self._update_weights(loss, rate, _image_list(images, flipped))
        self.steps_done = step
        if self._ema is not None:
            self._ema.update(self.model, step=step)
        return _build_report(
            _merge_parts(parts),
            step=step,
            epoch=self.config.training.epochs * step / self.total_steps,
            learning_rate=rate,
            gradient_norm=norm,
            seconds=time.perf_counter() - started,
        )

    def state(self) -> TrainerState:
        """Save everything besides the detector's weights that the next step depends on."""
        with_weights = self._ema is not None
        tensors = state_tensors(self.model, self.optimiser, with_weights=with_weights)
        return TrainerState(self.steps_done, tensors)

    def restore(self, state: TrainerState) -> None:
        """Restore a state; the weights of its `detector` have been loaded into the model before.

        Raises:
            CheckpointError: the state belongs to another model or optimiser.
        """
        self._start_ema()
        with_weights = self._ema is not None
        restore_tensors(self.model, self.optimiser, state.tensors, with_weights=with_weights)
        self.steps_done = state.step

    def _start_ema(self) -> None:
        decay = self.config.training.average
        self._ema = None if decay is None else ExponentialMovingAverage(self.model, decay)

    def _autocast(self) -> AbstractContextManager[None]:
        return autocast(self._device, mixed=self.config.training.mixed_precision)

    def _dropout_mask(
        self, rois: Sequence[SampledRoIs], generators: Sequence[torch.Generator]
    ) -> tuple[Tensor, Tensor] | None:
        config = self.config.model
        counts = [len(sampled.boxes) for sampled in rois]
        return dropout_mask(counts, generators, width=config.hidden, dropout=config.dropout)

    def _features(self, annotated: AnnotatedImage, augmentation: Augmentation) -> Features:
        with self._autocast():
            if self.features is not None:
                frozen = self.features.get(annotated.image, flipped=augmentation.flipped)
                return self.model.trained_features(frozen)
            pixels = augmentation.apply(annotated.image).to(self._device)
            return self.model.features(pixels, scale=augmentation.scale)

    def _forward(
        self,
        features: Sequence[Features],
        rois: Sequence[SampledRoIs],
        mask: tuple[Tensor, Tensor] | None,
    ) -> tuple[RoIOutputs, Losses]:
        boxes = [sampled.boxes.to(self._device) for sampled in rois]
        with self._autocast():
            outputs = self.model.outputs(features, boxes, mask)
        return outputs, losses(
            outputs,
            labels=torch.cat([sampled.labels for sampled in rois]).to(self._device),
            targets=torch.cat([sampled.targets for sampled in rois]).to(self._device),
            config=self.config.loss,
            totals=self._batch_counts(rois),
        )

    def _batch_counts(self, rois: Sequence[SampledRoIs]) -> tuple[int, int]:
        """Count the RoIs, and the foreground RoIs, of the whole batch over all processes."""
        total = sum(len(sampled.boxes) for sampled in rois)
        foreground = sum(int(sampled.is_foreground.sum()) for sampled in rois)
        counts = self.processes.all_gather((total, foreground))
        return sum(count for count, _ in counts), sum(count for _, count in counts)

    def _update_weights(self, loss: Losses, rate: float, images: str) -> float:
        """Backpropagate, clip the gradient and take the optimiser's step; returns the norm before clipping."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.total.backward()
        total = self.processes.all_reduce_gradients(loss.total, self._trainable)
        _expect_finite(total, "loss", self.steps_done + 1, images)
        norm = get_total_norm(
            [weight.grad for weight in self._trainable if weight.grad is not None]
        )
        _expect_finite(norm, "gradient", self.steps_done + 1, images)
        limit = self.config.optimiser.clip_gradient
        if (
            limit is not None and norm > limit
        ):  # PyTorch's clip_grad_norm_ would multiply by 1 otherwise
            clip_grads_with_norm_(self._trainable, limit, norm)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["factor"]
        self.optimiser.step()
        return float(norm)


def _expect_finite(value: Tensor, name: str, step: int, images: str) -> None:
    if not math.isfinite(float(value.detach())):
        raise TrainingError(
            f"NaN or infinite {name} at step {step} ({float(value.detach())}); the images of the batch: {images}.",
            hint="Train again with a lower learning_rate or a smaller clip_gradient, and check the boxes of these "
            "images.",
        )


def _image_list(images: Sequence[str], flipped: Sequence[bool]) -> str:
    pairs = zip(images, flipped, strict=True)
    return ", ".join(f"{name} (flipped)" if flip else name for name, flip in pairs)


def _step_part(
    images: tuple[str, ...],
    flipped: tuple[bool, ...],
    rois: Sequence[SampledRoIs],
    outputs: RoIOutputs,
    losses: Losses,
) -> StepPart:
    """Detach a part of a step from the graph and move it to the CPU."""
    scores = outputs.class_logits.detach().softmax(dim=1).cpu()
    on_cpu = Losses(*(value.detach().cpu() for value in vars(losses).values()))
    return StepPart(images, flipped, tuple(rois), scores, on_cpu)


def _merge_parts(parts: Sequence[StepPart]) -> StepPart:
    """Merge the parts of a step; their losses are divided by the whole batch's counts already, so they are summed."""
    if len(parts) == 1:
        return parts[0]
    return StepPart(
        sum((part.images for part in parts), ()),
        sum((part.flipped for part in parts), ()),
        sum((part.rois for part in parts), ()),
        torch.cat([part.scores for part in parts]),
        Losses(
            torch.stack([part.losses.classification for part in parts]).sum(),
            torch.stack([part.losses.box for part in parts]).sum(),
            torch.cat([part.losses.classification_per_roi for part in parts]),
            torch.cat([part.losses.box_per_roi for part in parts]),
        ),
    )


def _build_report(batch: StepPart, **fields: Any) -> StepReport:
    """Build the report of a step from all of its parts, merged.

    Args:
        fields: those of `StepReport` that are not computed here.
    """
    labels = torch.cat([rois.labels for rois in batch.rois])
    predicted, is_foreground = batch.scores.argmax(dim=1), labels > 0
    return StepReport(
        images=batch.images,
        flipped=batch.flipped,
        loss=float(batch.losses.total),
        classification_loss=float(batch.losses.classification),
        box_loss=float(batch.losses.box),
        foreground=int(is_foreground.sum()),
        background=int((~is_foreground).sum()),
        accuracy=_mean(predicted == labels) or 0.0,
        foreground_accuracy=_mean((predicted == labels)[is_foreground]),
        foreground_called_background=_mean((predicted == 0)[is_foreground]),
        rois=batch.rois,
        losses=batch.losses,
        scores=batch.scores,
        **fields,
    )


def _mean(values: Tensor) -> float | None:
    return float(values.float().mean()) if len(values) else None
