"""Every knob of the method: its default, its bounds, what it does, and where the default comes from.

A config is a frozen dataclass. The command line and the pages are generated from these fields; `preset` names three
whole settings: `paper` (the default), `notebook` (the notebook that the app grew out of, number for
number) and `minute` (a minute of training on a CPU).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from fastrcnn_core.errors import ConfigError
from fastrcnn_core.knobs import Checked, Knob, from_dict, knobs

ProposalMethod = Literal["single", "fast", "quality", "package"]
ProposalOrder = Literal["rank", "pseudo_random", "area"]
BackboneName = Literal["efficientnet_lite0", "resnet50", "vgg16"]
OptimiserName = Literal["sgd", "adamw"]
Schedule = Literal["step", "cosine"]
RoILayer = Literal["align", "pool"]
NMS = Literal["greedy", "linear", "gaussian"]
PresetName = Literal["paper", "notebook", "minute"]


@dataclass(frozen=True, kw_only=True)
class ProposalConfig(Checked):
    """Which boxes are worth looking at?"""

    method: Annotated[
        ProposalMethod,
        Knob(
            "Selective Search's strategies: more of them find more people and take longer.",
            "Uijlings et al., IJCV 2013, table 5: `single`, `fast` and `quality`",
        ),
    ] = "fast"
    scale: Annotated[
        float,
        Knob(
            "k of the first segmentation, for `package` only: higher gives fewer, larger regions.",
            "the notebook's value",
            low=1,
            high=2000,
            step=10,
        ),
    ] = 450.0
    search_side: Annotated[
        int,
        Knob(
            "Larger pictures are searched at a size whose longer side has this many pixels; higher finds "
            "smaller things and takes longer. Not for `package`.",
            "chosen here: no picture of Penn-Fudan or COCO is larger, but a phone's has 12 megapixels",
            low=64,
            high=4000,
            step=20,
        ),
    ] = 1024
    sigma: Annotated[
        float,
        Knob(
            "Gaussian blur before the first segmentation, in pixels: higher ignores finer detail.",
            "Felzenszwalb & Huttenlocher, IJCV 2004, section 4",
            low=0.0,
            high=5.0,
            step=0.1,
        ),
    ] = 0.8
    min_size: Annotated[
        int,
        Knob(
            "Smallest region of the first segmentation, in pixels, for `package` only.",
            "the notebook's value",
            low=1,
            high=2000,
            step=10,
        ),
    ] = 30
    min_side: Annotated[
        int,
        Knob(
            "Both sides of a proposal are at least this many pixels: higher drops small people.",
            "the notebook's value; Fast R-CNN's own code drops below 16 too",
            low=1,
            high=200,
            step=1,
        ),
    ] = 16
    max_aspect: Annotated[
        float | None,
        Knob(
            "The longer side is at most this many times the shorter; none keeps thin standing people.",
            "measured: 12 of Penn-Fudan's 423 pedestrians are taller than 4:1",
            low=1.0,
            high=20.0,
            step=0.5,
        ),
    ] = None
    distinct_iou: Annotated[
        float | None,
        Knob(
            "Of two proposals above this IoU only the better ranked one stays; none keeps all but exact repeats.",
            "chosen here: near-duplicates cost places among the limit",
            low=0.5,
            high=1.0,
            step=0.01,
        ),
    ] = 0.85
    order: Annotated[
        ProposalOrder,
        Knob(
            "What comes first when there are too many: boxes from the top of the hierarchies that repeat no better one "
            "(rank), the same times a random number (pseudo_random), or the largest (area).",
            "rank: chosen here, worth more than pseudo_random of Uijlings et al., IJCV 2013, section 4.3; "
            "area: the notebook",
        ),
    ] = "rank"
    limit: Annotated[
        int,
        Knob(
            "At most this many proposals an image: higher misses fewer people and takes longer.",
            "Girshick, ICCV 2015, section 5.5: about 2000",
            low=1,
            high=20000,
            step=100,
        ),
    ] = 2000
    seed: Annotated[
        int,
        Knob("Seed of the order `pseudo_random`.", "chosen here: any number", low=0),
    ] = 0


@dataclass(frozen=True, kw_only=True)
class ImageConfig(Checked):
    """How large does the network see the picture?"""

    shorter_side: Annotated[
        int | None,
        Knob(
            "The picture is scaled until its shorter side has this many pixels; none leaves it as it is.",
            "Girshick, ICCV 2015, section 5.3: 600",
            low=64,
            high=1200,
            step=20,
        ),
    ] = 600
    longer_side: Annotated[
        int | None,
        Knob(
            "But the longer side gets no longer than this.",
            "Girshick, ICCV 2015, section 5.3: 1000",
            low=64,
            high=2000,
            step=20,
        ),
    ] = 1000


@dataclass(frozen=True, kw_only=True)
class SamplingConfig(Checked):
    """Which RoIs does a training step look at?"""

    images_per_step: Annotated[
        int,
        Knob(
            "Pictures in one training step.",
            "Girshick, ICCV 2015, section 2.3: N = 2",
            low=1,
            high=16,
            step=1,
        ),
    ] = 2
    rois_per_image: Annotated[
        int,
        Knob(
            "RoIs sampled from each picture: higher learns more from a picture and takes longer.",
            "Girshick, ICCV 2015, section 2.3: R/N = 128/2 = 64",
            low=1,
            high=2048,
            step=8,
        ),
    ] = 64
    foreground_share: Annotated[
        float,
        Knob(
            "At most this share of a picture's RoIs is foreground; higher shows the head more people.",
            "Girshick, ICCV 2015, section 2.3: 25 %",
            low=0.0,
            high=1.0,
            step=0.05,
        ),
    ] = 0.25
    foreground_iou: Annotated[
        float,
        Knob(
            "A candidate is foreground (positive) from this IoU with a person; higher asks for better boxes.",
            "Girshick, ICCV 2015, section 2.3: ≥ 0.5",
            low=0.05,
            high=1.0,
            step=0.05,
        ),
    ] = 0.5
    background_iou_low: Annotated[
        float,
        Knob(
            "A candidate is background (negative) from this IoU; below it is ignored.",
            "Girshick, ICCV 2015, section 2.3: 0.1 mines hard examples; its successors take 0",
            low=0.0,
            high=1.0,
            step=0.05,
        ),
    ] = 0.0
    background_iou_high: Annotated[
        float,
        Knob(
            "A candidate is background below this IoU.",
            "Girshick, ICCV 2015, section 2.3: [0.1, 0.5)",
            low=0.05,
            high=1.0,
            step=0.05,
        ),
    ] = 0.5
    add_ground_truth: Annotated[
        bool,
        Knob(
            "The ground-truth boxes are candidates too, so that foreground always exists.",
            "Fast R-CNN's own code",
        ),
    ] = True
    hard_examples: Annotated[
        bool,
        Knob(
            "The RoIs are not drawn: all candidates go through the head, and those with the highest losses are learned "
            "from, foreground_share or not. A step takes several times as long.",
            "Girshick, ICCV 2015: drawn; hardest: Shrivastava et al., OHEM, CVPR 2016, section 4",
        ),
    ] = False

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
    """What is the network made of?"""

    backbone: Annotated[
        BackboneName,
        Knob(
            "The network that turns pixels into features, pretrained on ImageNet.",
            "chosen here: its weights come with the app; `resnet50` is the notebook's",
        ),
    ] = "efficientnet_lite0"
    trainable_stages: Annotated[
        int,
        Knob(
            "How many of the backbone's last stages train; 0 freezes it, so that features are computed once.",
            "Girshick, ICCV 2015, section 4.5: conv3_1 and up",
            low=0,
            high=6,
            step=1,
        ),
    ] = 3
    roi_layer: Annotated[
        RoILayer,
        Knob(
            "How each RoI is cut out of the features: means at exact points (align), or maxima of whole cells (pool).",
            "pool: Girshick, ICCV 2015, section 2.1; align: He et al., Mask R-CNN, ICCV 2017, section 3",
        ),
    ] = "align"
    roi_cells: Annotated[
        int,
        Knob(
            "RoIAlign's grid has this many cells a side.",
            "Girshick, ICCV 2015, section 2.1: 7 × 7",
            low=1,
            high=28,
        ),
    ] = 7
    sampling_ratio: Annotated[
        int,
        Knob(
            "Points a side that RoIAlign averages in each cell.",
            "He et al., Mask R-CNN, ICCV 2017, section 3",
            low=1,
            high=8,
        ),
    ] = 2
    hidden: Annotated[
        int,
        Knob(
            "Width of the head's two fully connected layers.",
            "the notebook's value",
            low=8,
            high=4096,
        ),
    ] = 1024
    dropout: Annotated[
        float,
        Knob(
            "Share of the head's units that a training step leaves out.",
            "Fast R-CNN's own code: 0.5 after both layers",
            low=0.0,
            high=0.9,
            step=0.05,
        ),
    ] = 0.5
    delta_std: Annotated[
        tuple[float, float, float, float],
        Knob("Box targets are divided by these.", "Fast R-CNN's own code: 0.1, 0.1, 0.2, 0.2"),
    ] = (0.1, 0.1, 0.2, 0.2)
    class_agnostic: Annotated[
        bool,
        Knob(
            "All classes share one box correction instead of one each; the same thing where there is one class.",
            "Girshick, ICCV 2015, section 2.1: one each; shared: Dai et al., R-FCN, NeurIPS 2016, section 2",
        ),
    ] = False
    max_log_growth: Annotated[
        float | None,
        Knob(
            "dw and dh are cut off here; none trusts every delta.",
            "Detectron: log(1000/16)",
            low=0.1,
            high=20.0,
        ),
    ] = 4.135166556742356
    deltas_init_std: Annotated[
        float,
        Knob(
            "Spread of the box layer's first weights.",
            "Girshick, ICCV 2015, section 2.3: 0.001",
            low=0.0,
            high=1.0,
        ),
    ] = 0.001


@dataclass(frozen=True, kw_only=True)
class LossConfig(Checked):
    """What does the network pay for?"""

    box_weight: Annotated[
        float,
        Knob(
            "λ, the weight of the box loss beside the classification loss.",
            "Girshick, ICCV 2015, section 2.3: 1",
            low=0.0,
            high=100.0,
            step=0.1,
        ),
    ] = 1.0
    box_mean: Annotated[
        Literal["sampled_rois", "foreground_coordinates"],
        Knob(
            "By what the sum over the foreground is divided: all sampled RoIs, or the foreground's coordinates.",
            "Fast R-CNN's own code: all sampled RoIs; the notebook: the foreground's coordinates",
        ),
    ] = "sampled_rois"
    smooth_l1_beta: Annotated[
        float,
        Knob(
            "Where smooth L1 turns from square to line.",
            "Girshick, ICCV 2015, equation 3: 1",
            low=0.01,
            high=10.0,
        ),
    ] = 1.0


@dataclass(frozen=True, kw_only=True)
class OptimiserConfig(Checked):
    """How does the network learn? The schedule is counted in fractions of the run."""

    optimiser: Annotated[
        OptimiserName,
        Knob(
            "The rule that turns gradients into steps; adamw sizes the step of every weight by itself.",
            "the paper: SGD; `minute` takes adamw: measured, AP50 0.82 against 0.75 on the validation part of "
            "Penn-Fudan's training split after 8 epochs",
        ),
    ] = "sgd"
    learning_rate: Annotated[
        float,
        Knob(
            "Size of a step: higher learns faster until it breaks.",
            "chosen here: measured on the validation part of Penn-Fudan's training split",
            low=1e-7,
            high=1.0,
        ),
    ] = 0.005
    momentum: Annotated[
        float,
        Knob(
            "SGD's memory of earlier gradients.",
            "Girshick, ICCV 2015, section 2.3: 0.9",
            low=0.0,
            high=0.999,
        ),
    ] = 0.9
    weight_decay: Annotated[
        float,
        Knob(
            "Pull of every weight towards 0.",
            "Girshick, ICCV 2015, section 2.3: 0.0005",
            low=0.0,
            high=1.0,
        ),
    ] = 5e-4
    backbone_rate: Annotated[
        float,
        Knob(
            "The backbone's learning rate is this many times the head's: higher changes more of what ImageNet taught.",
            "Girshick, ICCV 2015, section 4.5: the same, 1",
            low=0.0,
            high=10.0,
            step=0.05,
        ),
    ] = 1.0
    schedule: Annotated[
        Schedule,
        Knob(
            "How the learning rate falls after the warm-up: by 10 at each of `drop_at` (step), or along half a "
            "cosine down to 0 (cosine).",
            "step: Girshick, ICCV 2015, section 4.2; cosine: Loshchilov & Hutter, SGDR, ICLR 2017, equation 5",
        ),
    ] = "step"
    warmup: Annotated[
        float,
        Knob(
            "Share of the run in which the learning rate climbs from 1/100.",
            "Goyal et al., 2017, section 2.2",
            low=0.0,
            high=0.9,
            step=0.01,
        ),
    ] = 0.05
    drop_at: Annotated[
        tuple[float, ...],
        Knob(
            "The learning rate is divided by 10 at these fractions of the run, if the schedule is `step`.",
            "Girshick, ICCV 2015: 30k of 40k",
            low=0.0,
            high=1.0,
        ),
    ] = (0.75,)
    clip_gradient: Annotated[
        float | None,
        Knob(
            "Longest gradient that a step believes; none believes all.",
            "chosen here",
            low=0.01,
            high=1000.0,
        ),
    ] = 10.0


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Checked):
    """How long, on what, and what is kept?"""

    epochs: Annotated[
        float,
        Knob(
            "How often each training picture is seen.",
            "chosen here: the loss is flat by then",
            low=0.01,
            high=1000.0,
        ),
    ] = 12.0
    flip: Annotated[
        float,
        Knob(
            "Probability that a picture is mirrored, its boxes and proposals too.",
            "Girshick, ICCV 2015, section 4.1: 0.5",
            low=0.0,
            high=1.0,
            step=0.1,
        ),
    ] = 0.5
    jitter: Annotated[
        float,
        Knob(
            "Each step sees a picture at a size between 1 / (1 + jitter) and 1 + jitter times its own: higher shows "
            "people in more sizes. The frozen stages are computed anew at every step then.",
            "Girshick, ICCV 2015, section 5.3: one scale, 0; more in a run: He et al., SPP-net, ECCV 2014, section 2.3",
            low=0.0,
            high=1.0,
            step=0.05,
        ),
    ] = 0.0
    colour_jitter: Annotated[
        float,
        Knob(
            "Each step multiplies brightness, contrast and saturation by factors within 1 ± this: higher is more "
            "colourful. The frozen stages are computed anew at every step then.",
            "Girshick, ICCV 2015, section 4.1: none but the flip, 0; more: Howard, 2013, arXiv:1312.5402, section 2.2",
            low=0.0,
            high=0.9,
            step=0.05,
        ),
    ] = 0.0
    mixed_precision: Annotated[
        bool,
        Knob(
            "Steps compute in bfloat16 where that is faster, on CUDA and x86 CPUs that have it; weights stay float32.",
            "Girshick, ICCV 2015: float32; Kalamkar et al., 2019, arXiv:1905.12322",
        ),
    ] = True
    average: Annotated[
        float | None,
        Knob(
            "The weights that detect are a moving average over the steps that decays by this factor: higher remembers "
            "longer; none takes the last step's weights.",
            "none: Girshick, ICCV 2015; 0.99 and more: Tarvainen & Valpola, Mean teachers, NeurIPS 2017, section 3",
            low=0.0,
            high=0.99999,
        ),
    ] = None
    min_box_side: Annotated[
        int,
        Knob(
            "Ground truth with a shorter side is not trained on; it always counts in evaluation.",
            "the notebook drops masks under 4 px",
            low=0,
            high=100,
        ),
    ] = 0
    validation_share: Annotated[
        float,
        Knob(
            "Share of the training pictures, by name, that is kept out for choosing.",
            "chosen here: 0 trains on the whole training split",
            low=0.0,
            high=0.5,
            step=0.05,
        ),
    ] = 0.0
    checkpoint_every: Annotated[
        float,
        Knob(
            "Epochs between two checkpoints.",
            "chosen here: a crash loses at most this",
            low=0.01,
            high=100.0,
        ),
    ] = 1.0
    checkpoints_kept: Annotated[
        int,
        Knob(
            "At most this many checkpoints stay, spread over the run; more take more disk space.",
            "chosen here: enough to watch a detector grow",
            low=1,
            high=1000,
            step=1,
        ),
    ] = 12
    seed: Annotated[
        int, Knob("The one source of everything random.", "chosen here: any number", low=0)
    ] = 0
    device: Annotated[
        str,
        Knob("cuda, mps or cpu; auto takes the first that is there.", "chosen here: the fastest"),
    ] = "auto"

    @property
    def sees_pictures_as_they_are(self) -> bool:
        """No step changes a picture but for mirroring it, so that the frozen stages' results can be kept."""
        return not (self.jitter or self.colour_jitter)


@dataclass(frozen=True, kw_only=True)
class PredictionConfig(Checked):
    """How often does the network look at a picture? These knobs ask the network again; the thresholds do not."""

    box_passes: Annotated[
        int,
        Knob(
            "How often the head looks: from 2 on, each RoI's corrected box is looked at again unless it is plainly "
            "background; higher places boxes better and takes longer.",
            "Girshick, ICCV 2015: once; again: Gidaris & Komodakis, ICCV 2015, section 5; measured on a validation "
            "part of Penn-Fudan: AP 0.451, twice 0.504, thrice 0.503",
            low=1,
            high=4,
            step=1,
        ),
    ] = 1
    flip_average: Annotated[
        bool,
        Knob(
            "The network looks at the mirror image too, and what it says of both is averaged, but for proposals that "
            "are plainly background; takes longer.",
            "Girshick, ICCV 2015: not; for features: He et al., SPP-net, ECCV 2014, section 3.1",
        ),
    ] = False
    zooms: Annotated[
        tuple[float, ...],
        Knob(
            "The network looks at the picture at each of these multiples of its size, and what it says is averaged; "
            "higher ones see smaller people; each takes its time.",
            "Girshick, ICCV 2015, section 5.3: one scale",
            low=0.25,
            high=4.0,
        ),
    ] = (1.0,)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.zooms:
            raise ConfigError("zooms is empty, so that no picture is seen.", hint="Write 1.")

    @property
    def looks_once(self) -> bool:
        """The network's own words are all there is: one size, one pass, no mirror image."""
        return self.box_passes == 1 and len(self.zooms) == 1 and not self.flip_average

    @property
    def slow_half(self) -> PredictionConfig:
        """These knobs alone, without the thresholds: what the network says depends on nothing else in here."""
        return PredictionConfig(**{name: getattr(self, name) for name in knobs(PredictionConfig)})


@dataclass(frozen=True, kw_only=True)
class DetectionConfig(PredictionConfig):
    """Which predictions count as detections?"""

    score_threshold: Annotated[
        float,
        Knob(
            "Confidence: a box stays from this score; higher shows fewer, surer boxes.",
            "the notebook's 0.5; evaluation takes 0.05, Fast R-CNN's own code",
            low=0.0,
            high=1.0,
            step=0.01,
        ),
    ] = 0.5
    nms_iou: Annotated[
        float,
        Knob(
            "NMS IoU: a box is suppressed if its IoU with a better one is above this; "
            "higher keeps more overlapping boxes.",
            "Fast R-CNN's own code: 0.3",
            low=0.0,
            high=1.0,
            step=0.01,
        ),
    ] = 0.3
    nms: Annotated[
        NMS,
        Knob(
            "What a better box does to those that overlap it: it removes them (greedy), or lowers their scores, from "
            "nms_iou up by the IoU (linear) or always by its square (gaussian), and only those that fall below the "
            "confidence go.",
            "greedy: Fast R-CNN's own code; the others: Bodla et al., Soft-NMS, ICCV 2017, section 3",
        ),
    ] = "greedy"
    nms_sigma: Annotated[
        float,
        Knob(
            "Width of the Gaussian by which scores are lowered, if nms is `gaussian`; higher lowers them less.",
            "Bodla et al., Soft-NMS, ICCV 2017, section 6: 0.5",
            low=0.01,
            high=10.0,
            step=0.01,
        ),
    ] = 0.5
    limit: Annotated[
        int,
        Knob(
            "At most this many detections an image.",
            "Fast R-CNN's own code: 100",
            low=1,
            high=2000,
        ),
    ] = 100


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything on which a trained detector depends, but for the data."""

    proposals: ProposalConfig = field(default_factory=ProposalConfig)
    image: ImageConfig = field(default_factory=ImageConfig)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    detection: DetectionConfig = field(default_factory=DetectionConfig)

    def __post_init__(self) -> None:
        if not (self.model.trainable_stages or self.training.sees_pictures_as_they_are):
            raise ConfigError(
                "jitter and colour_jitter change every picture at every step, but trainable_stages is 0, "
                "which is fast because each picture's features are computed only once.",
                hint="Set both to 0, or let at least one stage of the backbone train.",
            )


def stored_config(values: dict[str, Any]) -> Config:
    """A config that was written by this release or an older one, from JSON's plain values.

    Knobs left out have their defaults; but where a knob is younger than the file, the value under which it was trained.

    Raises:
        ConfigError: a knob that does not exist, or a value that makes no sense.
    """
    younger = {"mixed_precision": False} if "training" in values else {}
    return from_dict(Config, values | {"training": younger | values.get("training", {})})


# What evaluation keeps, so that the precision-recall curve has its tail. Source: Fast R-CNN's own code.
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
        # Ten epochs of a frozen backbone's features are too few to be learned by heart: README, "What the knobs do".
        model=ModelConfig(trainable_stages=0, dropout=0.0),
        optimiser=OptimiserConfig(optimiser="adamw", learning_rate=3e-4),
        training=TrainingConfig(epochs=10.0),
    ),
}


def preset(name: str) -> Config:
    """One of the named settings.

    Raises:
        ConfigError: there is no such preset.
    """
    for known, config in PRESETS.items():
        if known == name:
            return config
    raise ConfigError(f"There is no preset {name!r}.", hint=f"Take one of {', '.join(PRESETS)}.")
