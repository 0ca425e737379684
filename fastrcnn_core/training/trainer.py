"""One training step: from pictures and proposals to a better network and a report.

Shape letters: P proposals, N ground-truth boxes, R RoIs of all pictures of the step, K classes without the background.
Source: Girshick, Fast R-CNN, ICCV 2015, section 2.3.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager

import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from fastrcnn_core.config import Config
from fastrcnn_core.devices import autocast, device_errors
from fastrcnn_core.errors import ConfigError, RunError
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
from fastrcnn_core.training.averaging import WeightAverage
from fastrcnn_core.training.pictures import Picture
from fastrcnn_core.training.randomness import draw_kept, generator_of
from fastrcnn_core.training.report import report_of, seen, together
from fastrcnn_core.training.rois import draw_rois, hardest_rois
from fastrcnn_core.training.schedule import build_optimiser, learning_rate_at
from fastrcnn_core.training.state import (
    TrainerState,
    optimiser_tensors,
    restore_optimiser,
    restore_weights,
    weight_tensors,
)
from fastrcnn_core.training.team import ALONE, Team
from fastrcnn_core.training.views import View, draw_views


class Trainer:
    """Improves a model step by step.

    What a step draws at random (mirroring, RoIs, dropout) is a function of the seed, the step's number and the
    picture's place in it, so that a run that goes on from a checkpoint draws what an unbroken one would have drawn,
    and several processes what one would have drawn.

    Args:
        model: trained in place, on the device where it is.
        config: every knob.
        total_steps: of the whole run, for the schedule.
        features: where the frozen stages' results are kept; None computes them at every step.
        team: the processes that train the same model with it, each with its share of a step's pictures.
    """

    def __init__(
        self,
        model: FastRCNN,
        config: Config,
        *,
        total_steps: int,
        features: FeatureStore | None = None,
        team: Team = ALONE,
    ) -> None:
        self.model = model
        self.config = config
        self.total_steps = total_steps
        self.steps_done = 0
        self.optimiser = build_optimiser(model, config.optimiser)
        self.features = features
        self.team = team
        self._device = model.device
        self._trained = [weight for weight in model.parameters() if weight.requires_grad]
        self._average: WeightAverage | None = None
        self._start_average()
        if features is not None and not config.training.sees_pictures_as_they_are:
            raise ConfigError(
                "Features are remembered, but jitter or colour_jitter change every picture.",
                hint="Set both to 0, or train without a store of features.",
            )

    @property
    def detector(self) -> FastRCNN:
        """The model that is judged and kept: the average of the weights if there is one, else the weights."""
        return self.model if self._average is None else self._average.model

    def step(self, pictures: Sequence[Picture], *, first: int = 0) -> StepReport:
        """Look at the pictures once, and learn.

        Args:
            pictures: each with its (P, 4) proposals; P, or the number of ground-truth boxes, may be 0. Of several
                processes, each hands in its share, and the first one's report tells of all.
            first: the place in the step of the first of them.

        Raises:
            RunError: the loss or its gradient is no finite number; the weights stay as they were.
            DeviceError: the device failed or is out of memory.
        """
        began = time.perf_counter()
        if not self.model.training:  # walking through all of its modules takes as long as RoIAlign
            self.model.train()
        step = self.steps_done + 1
        places = range(first, first + len(pictures))
        generators = [generator_of(self.config.training.seed, "picture", step, it) for it in places]
        flipped = tuple(self._draw_flip(it) for it in generators)
        views = draw_views(flipped, self.config.training, step=step, first=first)
        rois = [
            draw_rois(picture, mirror, self.config, generator)
            for picture, mirror, generator in zip(pictures, flipped, generators, strict=True)
        ]
        images = tuple(annotated.name for annotated, _ in pictures)
        rate = learning_rate_at(step, total_steps=self.total_steps, config=self.config.optimiser)
        with device_errors():
            features = [
                self._features(annotated, view)
                for (annotated, _), view in zip(pictures, views, strict=True)
            ]
            if self.config.sampling.hard_examples:
                rois = [
                    hardest_rois(self.model, *pair, self.config)
                    for pair in zip(features, rois, strict=True)
                ]
            outputs, paid = self._forward(features, rois, self._draw_kept(rois, generators))
            parts = self.team.gather(seen(images, flipped, rois, outputs, paid))
            norm = self._learn(paid, rate, _names(images, flipped))
        self.steps_done = step
        if self._average is not None:
            self._average.follow(self.model, step=step)
        return report_of(
            together(parts),
            step=step,
            epoch=self.config.training.epochs * step / self.total_steps,
            learning_rate=rate,
            gradient_norm=norm,
            seconds=time.perf_counter() - began,
        )

    def state(self) -> TrainerState:
        """Everything besides the detector's weights that the next step depends on."""
        tensors = optimiser_tensors(self.optimiser, self.model)
        if self._average is not None:
            tensors |= weight_tensors(self.model)
        return TrainerState(self.steps_done, tensors)

    def restore(self, state: TrainerState) -> None:
        """Go on where `state` was taken; its `detector`'s weights are loaded into the model before.

        Raises:
            CheckpointError: the state belongs to another model or optimiser.
        """
        self._start_average()
        if self._average is not None:
            restore_weights(self.model, state.tensors)
        restore_optimiser(self.optimiser, self.model, state.tensors)
        self.steps_done = state.step

    def _start_average(self) -> None:
        decay = self.config.training.average
        self._average = None if decay is None else WeightAverage(self.model, decay)

    def _autocast(self) -> AbstractContextManager[None]:
        return autocast(self._device, mixed=self.config.training.mixed_precision)

    def _draw_flip(self, generator: torch.Generator) -> bool:
        return float(torch.rand((), generator=generator)) < self.config.training.flip

    def _draw_kept(
        self, rois: Sequence[SampledRoIs], generators: Sequence[torch.Generator]
    ) -> tuple[Tensor, Tensor] | None:
        """What dropout leaves of the head's hidden layers in this step."""
        config = self.config.model
        counts = [len(it.boxes) for it in rois]
        return draw_kept(counts, generators, width=config.hidden, dropout=config.dropout)

    def _features(self, annotated: AnnotatedImage, view: View) -> Features:
        with self._autocast():
            if self.features is not None:
                frozen = self.features.of(annotated.image, flipped=view.mirrored)
                return self.model.trained_features(frozen)
            return self.model.features(view.of(annotated.image).to(self._device), scale=view.zoom)

    def _forward(
        self,
        features: Sequence[Features],
        rois: Sequence[SampledRoIs],
        kept: tuple[Tensor, Tensor] | None,
    ) -> tuple[RoIOutputs, Losses]:
        with self._autocast():
            outputs = self.model.outputs(features, [it.boxes.to(self._device) for it in rois], kept)
        paid = losses(
            outputs,
            labels=torch.cat([it.labels for it in rois]).to(self._device),
            targets=torch.cat([it.targets for it in rois]).to(self._device),
            config=self.config.loss,
            whole=self._whole(rois),
        )
        return outputs, paid

    def _whole(self, rois: Sequence[SampledRoIs]) -> tuple[int, int]:
        """How many RoIs, and how many foreground ones, the whole step has."""
        own = sum(len(it.boxes) for it in rois), sum(int(it.is_foreground.sum()) for it in rois)
        counts, foregrounds = zip(*self.team.gather_everywhere(own), strict=True)
        return sum(counts), sum(foregrounds)

    def _learn(self, paid: Losses, rate: float, names: str) -> float:
        """Follow the gradient; returns its length before clipping."""
        self.optimiser.zero_grad(set_to_none=True)
        paid.total.backward()
        loss = self.team.add_up(paid.total, self._trained)
        _expect_finite(loss, "loss", self.steps_done + 1, names)
        norm = get_total_norm([it.grad for it in self._trained if it.grad is not None])
        _expect_finite(norm, "gradient", self.steps_done + 1, names)
        longest = self.config.optimiser.clip_gradient
        if longest is not None and norm > longest:  # PyTorch's own would multiply by 1 otherwise
            clip_grads_with_norm_(self._trained, longest, norm)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["factor"]
        self.optimiser.step()
        return float(norm)


def _expect_finite(value: Tensor, what: str, step: int, names: str) -> None:
    if not math.isfinite(float(value.detach())):
        raise RunError(
            f"The {what} of step {step} is no number any more ({float(value.detach())}); its pictures are {names}.",
            hint="Train again with a lower learning_rate or a tighter clip_gradient, and look at these pictures' "
            "boxes. The last checkpoint is intact.",
        )


def _names(images: Sequence[str], flipped: Sequence[bool]) -> str:
    pairs = zip(images, flipped, strict=True)
    return ", ".join(f"{name} (mirrored)" if mirror else name for name, mirror in pairs)
