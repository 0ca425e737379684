"""Configuration: every knob of the method with its default, bounds, label, unit, help and source.

A config is a frozen dataclass of `knob(...)` fields. The command line and the widgets of the pages are generated from
them: to add a knob is to add a field here. `preset` names three whole configs: `paper` (the defaults), `notebook` (the
notebook from which the method came, number for number) and `minute` (one minute of training on a CPU).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from fastrcnn_core.boxes import MAX_LOG_GROWTH
from fastrcnn_core.errors import ConfigError
from fastrcnn_core.knobs import Checked, from_dict, knob, knobs

ProposalMethod = Literal["single", "fast", "quality", "package"]
ProposalOrder = Literal["rank", "pseudo_random", "area"]
BackboneName = Literal["efficientnet_lite0", "resnet50", "vgg16"]
OptimiserName = Literal["sgd", "adamw"]
Schedule = Literal["step", "cosine"]
RoILayer = Literal["align", "pool"]
BoxMean = Literal["sampled_rois", "foreground_coordinates"]
NMS = Literal["greedy", "linear", "gaussian"]
PresetName = Literal["paper", "notebook", "minute"]

# A knob reads as a row of a table: default, label and bounds; help; source.
# fmt: off


@dataclass(frozen=True, kw_only=True)
class ProposalConfig(Checked):
    """Selective Search, and the filters and the ranking of its proposals."""

    method: ProposalMethod = knob("fast", "Method",
        help="Selective Search's strategies: more of them find more people and take longer.",
        source="Uijlings et al., IJCV 2013, table 5: `single`, `fast` and `quality`")
    scale: float = knob(450.0, "Scale k", unit="grey levels × pixels", low=1, high=2000, step=10,
        help="k of the first segmentation, for `package` only: higher gives fewer, larger regions.",
        source="the notebook's value")
    search_side: int = knob(1024, "Longest searched side", unit="pixels", low=64, high=4000, step=20,
        help="Larger images are searched at a size whose longer side has this many pixels; higher finds smaller "
        "objects and takes longer. Not for `package`.",
        source="chosen here: no image of Penn-Fudan or COCO is larger, but a phone's has 12 megapixels")
    sigma: float = knob(0.8, "Blur sigma", unit="pixels", low=0.0, high=5.0, step=0.1,
        help="Standard deviation of the Gaussian blur before the first segmentation: higher ignores finer detail.",
        source="Felzenszwalb & Huttenlocher, IJCV 2004, section 4")
    min_size: int = knob(30, "Smallest region", unit="pixels of area", low=1, high=2000, step=10,
        help="Smallest region of the first segmentation, for `package` only: higher gives fewer regions.",
        source="the notebook's value")
    min_side: int = knob(16, "Smallest proposal side", unit="pixels", low=1, high=200, step=1,
        help="Both sides of a proposal are at least this long: higher drops small people.",
        source="the notebook's value; Fast R-CNN's own code drops below 16 too")
    max_aspect: float | None = knob(None, "Aspect limit", unit="longer side : shorter side", low=1, high=20, step=0.5,
        help="The longer side is at most this many times the shorter; none keeps thin standing people.",
        source="measured: 12 of Penn-Fudan's 423 pedestrians are taller than 4:1")
    distinct_iou: float | None = knob(0.85, "Near-duplicate IoU", low=0.5, high=1.0, step=0.01,
        help="Of two proposals above this IoU only the better ranked one stays; none removes only exact duplicates.",
        source="chosen here: near-duplicates take ranks within the limit")
    order: ProposalOrder = knob("rank", "Ranking",
        help="Which proposals come first when there are too many: boxes from the top of the hierarchies that repeat no "
        "better one (rank), the same times a random number (pseudo_random), or the largest (area).",
        source="rank: chosen here, higher recall than pseudo_random of Uijlings et al., IJCV 2013, section 4.3; area: "
        "the notebook")
    limit: int = knob(2000, "Proposal limit", unit="per image", low=1, high=20000, step=100,
        help="At most this many proposals an image: higher misses fewer people and takes longer.",
        source="Girshick, ICCV 2015, section 5.5: about 2000")
    seed: int = knob(0, "Ranking seed", low=0,
        help="Seed of the ranking `pseudo_random`.",
        source="chosen here: any number")


@dataclass(frozen=True, kw_only=True)
class ImageConfig(Checked):
    """The size of the network's input."""

    shorter_side: int | None = knob(600, "Input's shorter side", unit="pixels", low=64, high=1200, step=20,
        help="The image is resized until its shorter side has this many pixels; none leaves it as it is.",
        source="Girshick, ICCV 2015, section 5.3: 600")
    longer_side: int | None = knob(1000, "Input's longer side, at most", unit="pixels", low=64, high=2000, step=20,
        help="The resized image's longer side is at most this long.",
        source="Girshick, ICCV 2015, section 5.3: 1000")


@dataclass(frozen=True, kw_only=True)
class SamplingConfig(Checked):
    """The sampling of RoIs for a training step.

    In other codebases foreground_share is fg_fraction (Fast R-CNN: FG_FRACTION; torchvision: positive_fraction;
    detectron2: POSITIVE_FRACTION), foreground_iou is fg_iou_thresh (FG_THRESH), background_iou_low and
    background_iou_high are bg_iou_thresh (BG_THRESH_LO, BG_THRESH_HI), and rois_per_image is batch_size_per_image.
    """

    images_per_step: int = knob(2, "Images per step", low=1, high=16, step=1,
        help="The batch size: images in one training step.",
        source="Girshick, ICCV 2015, section 2.3: N = 2")
    rois_per_image: int = knob(64, "RoIs per image", low=1, high=2048, step=8,
        help="RoIs sampled from each image: higher learns more from an image and takes longer.",
        source="Girshick, ICCV 2015, section 2.3: R/N = 128/2 = 64")
    foreground_share: float = knob(0.25, "Foreground share", low=0.0, high=1.0, step=0.05,
        help="At most this fraction of an image's RoIs is foreground; higher shows the head more people.",
        source="Girshick, ICCV 2015, section 2.3: 25 %")
    foreground_iou: float = knob(0.5, "Foreground IoU", low=0.05, high=1.0, step=0.05,
        help="A candidate is foreground (positive) from this IoU with a person; higher asks for better boxes.",
        source="Girshick, ICCV 2015, section 2.3: ≥ 0.5")
    background_iou_low: float = knob(0.0, "Background IoU, from", low=0.0, high=1.0, step=0.05,
        help="A candidate is background (negative) from this IoU; below it is ignored.",
        source="Girshick, ICCV 2015, section 2.3: 0.1 mines hard examples; its successors take 0")
    background_iou_high: float = knob(0.5, "Background IoU, below", low=0.05, high=1.0, step=0.05,
        help="A candidate is background below this IoU.",
        source="Girshick, ICCV 2015, section 2.3: [0.1, 0.5)")
    add_ground_truth: bool = knob(True, "Add ground truth",
        help="The ground-truth boxes are candidates too, so that foreground always exists.",
        source="Fast R-CNN's own code")
    hard_examples: bool = knob(False, "Hard example mining (OHEM)",
        help="RoIs are not drawn at random: all candidates go through the head, and those with the highest losses are "
        "trained on, whatever foreground_share is. A step takes several times as long.",
        source="Girshick, ICCV 2015: drawn; hardest: Shrivastava et al., OHEM, CVPR 2016, section 4")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.background_iou_low > self.background_iou_high:
            raise ConfigError(
                "background_iou_low is above background_iou_high, so that nothing is background.",
                hint="Make it lower.",
            )
        if self.background_iou_high > self.foreground_iou:
            raise ConfigError(
                "background_iou_high is above foreground_iou, so that a box would be both.",
                hint="Make it at most foreground_iou.",
            )


@dataclass(frozen=True, kw_only=True)
class ModelConfig(Checked):
    """The network: backbone, RoI layer and head."""

    backbone: BackboneName = knob("efficientnet_lite0", "Backbone",
        help="The network that computes the features, pretrained on ImageNet.",
        source="chosen here: its weights come with the app; `resnet50` is the notebook's")
    trainable_stages: int = knob(3, "Trainable stages", low=0, high=6, step=1,
        help="How many of the backbone's last stages train; 0 freezes it, so that features are computed once.",
        source="Girshick, ICCV 2015, section 4.5: conv3_1 and up")
    roi_layer: RoILayer = knob("align", "RoI layer",
        help="How each RoI's features are pooled: means at exact points (RoIAlign), or maxima of whole cells "
        "(RoIPool).",
        source="pool: Girshick, ICCV 2015, section 2.1; align: He et al., Mask R-CNN, ICCV 2017, section 3")
    roi_cells: int = knob(7, "RoI cells", unit="a side", low=1, high=28,
        help="The grid into which a RoI is pooled has this many cells a side.",
        source="Girshick, ICCV 2015, section 2.1: 7 × 7")
    sampling_ratio: int = knob(2, "RoIAlign sampling ratio", unit="points a side", low=1, high=8,
        help="RoIAlign averages this many points a side in each cell.",
        source="He et al., Mask R-CNN, ICCV 2017, section 3")
    hidden: int = knob(1024, "Hidden units", low=8, high=4096,
        help="Width of the head's two fully connected layers.",
        source="the notebook's value")
    dropout: float = knob(0.5, "Dropout", low=0.0, high=0.9, step=0.05,
        help="Fraction of the head's hidden units that a training step sets to 0.",
        source="Fast R-CNN's own code: 0.5 after both layers")
    delta_std: tuple[float, float, float, float] = knob((0.1, 0.1, 0.2, 0.2), "Delta standard deviations",
        help="The regression targets dx, dy, dw and dh are divided by these.",
        source="Fast R-CNN's own code: 0.1, 0.1, 0.2, 0.2")
    class_agnostic: bool = knob(False, "Class-agnostic boxes",
        help="Box regression is class-agnostic, one box for all classes, instead of class-specific, one box for each; "
        "the same thing where there is one class.",
        source="Girshick, ICCV 2015, section 2.1: one each; shared: Dai et al., R-FCN, NeurIPS 2016, section 2")
    max_log_growth: float | None = knob(MAX_LOG_GROWTH, "Largest dw and dh", low=0.1, high=20.0,
        help="dw and dh are clamped here; log(1000/16) = 4.135 lets a box grow 62.5-fold, none trusts every delta.",
        source="Detectron: log(1000/16)")
    deltas_init_std: float = knob(0.001, "Initial spread of box weights", low=0.0, high=1.0,
        help="Standard deviation of the box regression layer's initial weights.",
        source="Girshick, ICCV 2015, section 2.3: 0.001")


@dataclass(frozen=True, kw_only=True)
class LossConfig(Checked):
    """The multi-task loss."""

    box_weight: float = knob(1.0, "Box loss weight λ", low=0.0, high=100.0, step=0.1,
        help="λ, the weight of the box loss beside the classification loss.",
        source="Girshick, ICCV 2015, section 2.3: 1")
    box_mean: BoxMean = knob("sampled_rois", "Box loss divided by",
        help="What divides the sum of the foreground's box losses: the number of sampled RoIs, or of the foreground's "
        "coordinates.",
        source="Fast R-CNN's own code: all sampled RoIs; the notebook: the foreground's coordinates")
    smooth_l1_beta: float = knob(1.0, "Smooth L1 β", low=0.01, high=10.0,
        help="The error at which smooth L1 turns from quadratic to linear.",
        source="Girshick, ICCV 2015, equation 3: 1")


@dataclass(frozen=True, kw_only=True)
class OptimiserConfig(Checked):
    """The optimiser and its learning-rate schedule, which is counted in fractions of the run."""

    optimiser: OptimiserName = knob("sgd", "Optimiser",
        help="The rule that turns gradients into steps; adamw adapts the step size of every weight.",
        source="the paper: SGD; `minute` takes adamw: measured, AP50 0.82 against 0.75 on the validation part of "
        "Penn-Fudan's training split after 8 epochs")
    learning_rate: float = knob(0.005, "Learning rate", low=1e-7, high=1.0,
        help="Size of a step: higher learns faster until it diverges.",
        source="chosen here: measured on the validation part of Penn-Fudan's training split")
    momentum: float = knob(0.9, "Momentum", low=0.0, high=0.999,
        help="SGD's memory of earlier gradients.",
        source="Girshick, ICCV 2015, section 2.3: 0.9")
    weight_decay: float = knob(5e-4, "Weight decay", low=0.0, high=1.0,
        help="Pull of every weight towards 0.",
        source="Girshick, ICCV 2015, section 2.3: 0.0005")
    backbone_rate: float = knob(1.0, "Backbone's rate factor", low=0.0, high=10.0, step=0.05,
        help="The backbone's learning rate is this many times the head's: higher changes more of what ImageNet taught.",
        source="Girshick, ICCV 2015, section 4.5: the same, 1")
    schedule: Schedule = knob("step", "Learning-rate schedule",
        help="How the learning rate falls after the warm-up: by 10 at each of `drop_at` (step), or along half a cosine "
        "down to 0 (cosine).",
        source="step: Girshick, ICCV 2015, section 4.2; cosine: Loshchilov & Hutter, SGDR, ICLR 2017, equation 5")
    warmup: float = knob(0.05, "Warm-up", unit="fraction of the run", low=0.0, high=0.9, step=0.01,
        help="Fraction of the run in which the learning rate rises linearly from 1/100.",
        source="Goyal et al., 2017, section 2.2")
    drop_at: tuple[float, ...] = knob((0.75,), "Rate drops at", unit="fractions of the run", low=0.0, high=1.0,
        help="The learning rate is divided by 10 at these fractions of the run, if the schedule is `step`.",
        source="Girshick, ICCV 2015: 30k of 40k")
    clip_gradient: float | None = knob(10.0, "Gradient clipping", unit="L2 norm", low=0.01, high=1000.0,
        help="A longer gradient is scaled down to this norm (gradient clipping); none clips nothing.",
        source="chosen here")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Checked):
    """The length of a run, data augmentation, precision, checkpoints and the device."""

    epochs: float = knob(12.0, "Epochs", low=0.01, high=1000.0,
        help="How often each training image is used.",
        source="chosen here: the loss is flat by then")
    flip: float = knob(0.5, "Horizontal flip", unit="probability", low=0.0, high=1.0, step=0.1,
        help="Probability that an image is flipped horizontally (hflip), its boxes and proposals too.",
        source="Girshick, ICCV 2015, section 4.1: 0.5")
    jitter: float = knob(0.0, "Scale jitter", low=0.0, high=1.0, step=0.05,
        help="Each step resizes an image by a random factor between 1 / (1 + jitter) and 1 + jitter: higher shows "
        "people in more sizes. The frozen stages are computed anew at every step then.",
        source="Girshick, ICCV 2015, section 5.3: one scale, 0; more in a run: He et al., SPP-net, ECCV 2014, section "
        "2.3")
    colour_jitter: float = knob(0.0, "Colour jitter", low=0.0, high=0.9, step=0.05,
        help="Each step multiplies brightness, contrast and saturation by random factors within 1 ± this: higher is "
        "more colourful. The frozen stages are computed anew at every step then.",
        source="Girshick, ICCV 2015, section 4.1: none but the flip, 0; more: Howard, 2013, arXiv:1312.5402, section "
        "2.2")
    mixed_precision: bool = knob(True, "Mixed precision (AMP)",
        help="Steps compute in bfloat16 (autocast) where it is faster, on CUDA and x86 CPUs that have it; weights stay "
        "float32.",
        source="Girshick, ICCV 2015: float32; Kalamkar et al., 2019, arXiv:1905.12322")
    average: float | None = knob(None, "Exponential moving average (EMA)", unit="decay", low=0.0, high=0.99999,
        help="The weights that detect are an exponential moving average (EMA) over the steps with this decay: higher "
        "remembers longer; none takes the last step's weights.",
        source="none: Girshick, ICCV 2015; 0.99 and more: Tarvainen & Valpola, Mean teachers, NeurIPS 2017, section 3")
    min_box_side: int = knob(0, "Smallest trained box side", unit="pixels", low=0, high=100,
        help="Ground truth with a shorter side is not trained on; it always counts in evaluation.",
        source="the notebook drops masks under 4 px")
    validation_share: float = knob(0.0, "Validation share", low=0.0, high=0.5, step=0.05,
        help="Fraction of the training images, by name, that is held out for validation.",
        source="chosen here: 0 trains on the whole training split")
    checkpoint_every: float = knob(1.0, "Checkpoint every", unit="epochs", low=0.01, high=100.0,
        help="Epochs between two checkpoints.",
        source="chosen here: a crash loses at most this")
    checkpoints_kept: int = knob(12, "Checkpoints kept", low=1, high=1000, step=1,
        help="At most this many checkpoints stay, spread over the run; more take more disk space.",
        source="chosen here: enough to watch a detector learn")
    seed: int = knob(0, "Seed", low=0,
        help="Seed of all random numbers of the run.",
        source="chosen here: any number")
    device: str = knob("auto", "Device",
        help="cuda, mps or cpu; auto takes the first that is there.",
        source="chosen here: the fastest")

    @property
    def reuses_features(self) -> bool:
        """No augmentation but the flip, so that the frozen stages' features can be cached."""
        return not (self.jitter or self.colour_jitter)


@dataclass(frozen=True, kw_only=True)
class PredictionConfig(Checked):
    """Box passes and test-time augmentation (TTA): the knobs of detection that change what the network computes."""

    box_passes: int = knob(1, "Box passes", low=1, high=4, step=1,
        help="How often the head runs (iterative box regression): from 2 on, each RoI's predicted box is its next RoI "
        "unless it is plainly background; higher places boxes better and takes longer.",
        source="Girshick, ICCV 2015: once; again: Gidaris & Komodakis, ICCV 2015, section 5; measured on a validation "
        "part of Penn-Fudan: AP 0.451, twice 0.504, thrice 0.503")
    tta_flip: bool = knob(False, "TTA flip", former="flip_average",
        help="Test-time augmentation: the horizontally flipped image is predicted too, and both predictions are "
        "averaged, except for proposals that are plainly background; takes longer.",
        source="Girshick, ICCV 2015: not; for features: He et al., SPP-net, ECCV 2014, section 3.1")
    tta_scales: tuple[float, ...] = knob((1.0,), "TTA scales", unit="times the input size", former="zooms", low=0.25,
        high=4.0,
        help="Test-time augmentation: the image is predicted at each of these multiples of the input size, and the "
        "predictions are averaged; higher ones find smaller people; each takes its time.",
        source="Girshick, ICCV 2015, section 5.3: one scale")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.tta_scales:
            raise ConfigError(
                "tta_scales is empty, so that no image is predicted.", hint="Write 1."
            )

    @property
    def is_single_pass(self) -> bool:
        """No test-time augmentation and one box pass: the predictions are one run of the network."""
        return self.box_passes == 1 and len(self.tta_scales) == 1 and not self.tta_flip

    @property
    def prediction(self) -> PredictionConfig:
        """These knobs alone, without the thresholds, on which the network's predictions do not depend."""
        return PredictionConfig(**{name: getattr(self, name) for name in knobs(PredictionConfig)})


@dataclass(frozen=True, kw_only=True)
class DetectionConfig(PredictionConfig):
    """Post-processing of predictions into detections: score threshold, NMS and limit."""

    score_threshold: float = knob(0.5, "Confidence", low=0.0, high=1.0, step=0.01,
        help="Confidence threshold: a box stays from this score; higher shows fewer, surer boxes.",
        source="the notebook's 0.5; evaluation takes 0.05, Fast R-CNN's own code")
    nms_iou: float = knob(0.3, "NMS IoU", low=0.0, high=1.0, step=0.01,
        help="A box is suppressed if its IoU with a better one is above this; higher keeps more overlapping boxes.",
        source="Fast R-CNN's own code: 0.3")
    nms: NMS = knob("greedy", "Kind of NMS",
        help="Whether a better box suppresses those that overlap it (greedy), or decays their scores (soft-NMS), from "
        "nms_iou up by the IoU (linear) or always by its square (gaussian), and only those that fall below the "
        "confidence are suppressed.",
        source="greedy: Fast R-CNN's own code; the others: Bodla et al., Soft-NMS, ICCV 2017, section 3")
    nms_sigma: float = knob(0.5, "Soft-NMS σ", low=0.01, high=10.0, step=0.01,
        help="Width of the Gaussian that decays scores, if nms is `gaussian`; higher decays them less.",
        source="Bodla et al., Soft-NMS, ICCV 2017, section 6: 0.5")
    limit: int = knob(100, "Detection limit", unit="per image", low=1, high=2000,
        help="At most this many detections an image.",
        source="Fast R-CNN's own code: 100")


# fmt: on


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything on which a trained detector depends, except the data."""

    proposals: ProposalConfig = field(default_factory=ProposalConfig)
    image: ImageConfig = field(default_factory=ImageConfig)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    detection: DetectionConfig = field(default_factory=DetectionConfig)

    def __post_init__(self) -> None:
        if not (self.model.trainable_stages or self.training.reuses_features):
            raise ConfigError(
                "jitter and colour_jitter change every image at every step, but trainable_stages is 0, "
                "which is fast because each image's features are computed only once.",
                hint="Set both to 0, or let at least one stage of the backbone train.",
            )

    def total_steps(self, images: int) -> int:
        """Count the training steps that show each image `epochs` times; at least 1."""
        return max(1, math.ceil(self.training.epochs * images / self.sampling.images_per_step))

    def steps_per_checkpoint(self, images: int) -> int:
        """Count the training steps of `checkpoint_every` epochs of so many images; at least 1."""
        steps = self.training.checkpoint_every * images / self.sampling.images_per_step
        return max(1, round(steps))


def stored_config(values: dict[str, Any]) -> Config:
    """Read a config that this or an older release stored as JSON.

    Missing knobs have their defaults, except those that were added later with a default that changes training.

    Raises:
        ConfigError: an unknown knob, or an invalid value.
    """
    added_later = {"mixed_precision": False} if "training" in values else {}
    return from_dict(Config, values | {"training": added_later | values.get("training", {})})


# The score threshold of evaluation, so that the precision-recall curve has its tail. Source: Fast R-CNN's own code.
EVALUATION_SCORE_THRESHOLD = 0.05

PRESETS: dict[PresetName, Config] = {
    "paper": Config(),
    "notebook": Config(
        proposals=ProposalConfig(method="package", max_aspect=4.0, distinct_iou=None, order="area"),
        image=ImageConfig(shorter_side=None, longer_side=None),
        sampling=SamplingConfig(images_per_step=1, rois_per_image=128, background_iou_low=0.1),
        model=ModelConfig(
            backbone="resnet50",
            trainable_stages=4,
            delta_std=(1.0, 1.0, 1.0, 1.0),
            max_log_growth=None,
            deltas_init_std=0.01,
        ),
        loss=LossConfig(box_mean="foreground_coordinates"),
        optimiser=OptimiserConfig(
            learning_rate=0.003,
            weight_decay=1e-4,
            warmup=0.0,
            drop_at=tuple(epoch / 50 for epoch in range(4, 50, 4)),
            clip_gradient=None,
        ),
        training=TrainingConfig(epochs=50.0, flip=0.0, mixed_precision=False, min_box_side=4),
        detection=DetectionConfig(nms_iou=0.5, limit=50),
    ),
    "minute": Config(
        # Ten epochs on a frozen backbone's features do not overfit: no dropout. README, "What the knobs do".
        model=ModelConfig(trainable_stages=0, dropout=0.0),
        optimiser=OptimiserConfig(optimiser="adamw", learning_rate=3e-4),
        training=TrainingConfig(epochs=10.0),
    ),
}


def preset(name: str) -> Config:
    """Return the named preset. Raises ConfigError if there is none of this name."""
    for preset_name, config in PRESETS.items():
        if preset_name == name:
            return config
    raise ConfigError(f"There is no preset {name!r}.", hint=f"Take one of {', '.join(PRESETS)}.")
