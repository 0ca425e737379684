"""Every knob has its bounds and its source, and the `notebook` preset is the notebook, number for number."""

import dataclasses
import json
from typing import Any

import pytest

from fastrcnn_core.config import (
    EVALUATION_SCORE_THRESHOLD,
    PRESETS,
    Config,
    DetectionConfig,
    ImageConfig,
    LossConfig,
    ModelConfig,
    OptimiserConfig,
    ProposalConfig,
    SamplingConfig,
    TrainingConfig,
    preset,
    stored_config,
)
from fastrcnn_core.errors import ConfigError
from fastrcnn_core.knobs import from_dict, knobs, to_dict

ROOMS: list[type] = [
    ProposalConfig,
    ImageConfig,
    SamplingConfig,
    ModelConfig,
    LossConfig,
    OptimiserConfig,
    TrainingConfig,
    DetectionConfig,
]

# The method's table, row by row: knob → the notebook's value, the paper's value (`...`: measured here, not given).
TABLE: list[tuple[str, Any, Any]] = [
    # Selective Search: package `selectivesearch`, scale 450, sigma 0.8, min_size 30 | our own engine, `fast`
    ("proposals.method", "package", "fast"),
    ("proposals.scale", 450.0, ...),
    ("proposals.sigma", 0.8, 0.8),
    ("proposals.min_size", 30, ...),
    # proposal filters: sides ≥ 16, aspect ≤ 4, largest first, ≤ 2000 | sides ≥ 16, no aspect limit, ranked, ≤ 2000
    ("proposals.min_side", 16, 16),
    ("proposals.max_aspect", 4.0, None),
    ("proposals.order", "area", "rank"),
    ("proposals.limit", 2000, 2000),
    ("proposals.distinct_iou", None, ...),
    # image size: as it is | shorter side 600, longer ≤ 1000
    ("image.shorter_side", None, 600),
    ("image.longer_side", None, 1000),
    # images per step × RoIs: 1 × 128 | 2 × 64
    ("sampling.images_per_step", 1, 2),
    ("sampling.rois_per_image", 128, 64),
    # foreground share, IoU: 0.25, ≥ 0.5 | the same
    ("sampling.foreground_share", 0.25, 0.25),
    ("sampling.foreground_iou", 0.5, 0.5),
    # background IoU: [0.1, 0.5) | [0.1, 0.5) or [0, 0.5), the measured better one
    ("sampling.background_iou_low", 0.1, ...),
    ("sampling.background_iou_high", 0.5, 0.5),
    # ground truth among the candidates
    ("sampling.add_ground_truth", True, True),
    # augmentation: none | horizontal flip, p = 0.5
    ("training.flip", 0.0, 0.5),
    # delta targets: raw | divided by (0.1, 0.1, 0.2, 0.2)
    ("model.delta_std", (1.0, 1.0, 1.0, 1.0), (0.1, 0.1, 0.2, 0.2)),
    # box loss: mean over the foreground's coordinates | sum over foreground / number of sampled RoIs
    ("loss.box_mean", "foreground_coordinates", "sampled_rois"),
    # decode: unclamped | dw, dh ≤ log(1000/16)
    ("model.max_log_growth", None, pytest.approx(4.135166556742356)),
    # init of the deltas: N(0, 0.01) | N(0, 0.001)
    ("model.deltas_init_std", 0.01, 0.001),
    # backbone: ResNet-50 trained throughout | how many stages train is a knob
    ("model.backbone", "resnet50", ...),
    ("model.trainable_stages", 4, ...),
    # RoIAlign 7×7, sampling ratio 2; two fully connected layers of 1024 with dropout
    ("model.roi_cells", 7, 7),
    ("model.sampling_ratio", 2, 2),
    ("model.hidden", 1024, 1024),
    # optimiser: SGD 0.003, momentum 0.9, decay 1e-4, ÷10 every 4 epochs, 50 epochs | SGD, warm-up, one drop at 3/4
    ("optimiser.optimiser", "sgd", "sgd"),
    ("optimiser.learning_rate", 0.003, ...),
    ("optimiser.momentum", 0.9, 0.9),
    ("optimiser.weight_decay", 1e-4, ...),
    ("optimiser.warmup", 0.0, ...),
    ("optimiser.drop_at", tuple(epoch / 50 for epoch in (4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48)), (0.75,)),
    ("training.epochs", 50.0, ...),
    # detection: score ≥ 0.5, NMS 0.5, ≤ 50 | 0.5 on the page, NMS 0.3, ≤ 100
    ("detection.score_threshold", 0.5, 0.5),
    ("detection.nms_iou", 0.5, 0.3),
    ("detection.limit", 50, 100),
    # what successors learned is there to be chosen, and off
    ("sampling.hard_examples", False, False),
    ("model.roi_layer", "align", "align"),
    ("model.class_agnostic", False, False),
    ("optimiser.schedule", "step", "step"),
    ("optimiser.backbone_rate", 1.0, 1.0),
    ("training.jitter", 0.0, 0.0),
    ("training.colour_jitter", 0.0, 0.0),
    ("training.average", None, None),
    # precision: float32 | bfloat16 where the device has it
    ("training.mixed_precision", False, True),
    ("detection.box_passes", 1, 1),
    ("detection.tta_flip", False, False),
    ("detection.tta_scales", (1.0,), (1.0,)),
    ("detection.nms", "greedy", "greedy"),
    # boxes of masks under 4 px: dropped | kept
    ("training.min_box_side", 4, 0),
]  # fmt: skip


def value_of(config: Config, knob: str) -> Any:
    room, name = knob.split(".")
    return getattr(getattr(config, room), name)


@pytest.mark.parametrize(("knob", "value"), [(row[0], row[1]) for row in TABLE])
def test_the_notebook_preset_is_the_notebook(knob: str, value: Any) -> None:
    assert value_of(preset("notebook"), knob) == value


@pytest.mark.parametrize(
    ("knob", "value"), [(row[0], row[2]) for row in TABLE if row[2] is not ...]
)
def test_the_paper_preset_is_the_paper(knob: str, value: Any) -> None:
    assert value_of(preset("paper"), knob) == value


def test_the_paper_warms_up_and_evaluation_keeps_the_tail_of_the_curve() -> None:
    assert 0 < preset("paper").optimiser.warmup < 0.5
    assert EVALUATION_SCORE_THRESHOLD == 0.05


def test_fault_learning_rate_of_1e_15_is_what_the_notebook_did_and_the_paper_does_not() -> None:
    def last_rate(config: OptimiserConfig) -> float:
        return config.learning_rate / 10 ** len(config.drop_at)

    assert last_rate(preset("notebook").optimiser) == pytest.approx(3e-15)
    assert last_rate(preset("paper").optimiser) > 1e-5


def test_the_paper_is_the_default_and_a_minute_is_spent_on_a_frozen_backbone() -> None:
    assert preset("paper") == Config()
    assert preset("minute").model.trainable_stages == 0


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="paper, notebook, minute"):
        preset("papre")


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_every_field_is_a_knob_with_a_sentence_and_a_source(room: type) -> None:
    assert list(knobs(room)) == [field.name for field in dataclasses.fields(room)]
    for knob in (knob for _, knob in knobs(room).values()):
        assert knob.help.endswith(".")
        assert knob.source


def test_a_label_names_one_knob() -> None:
    labels = [knob.label for room in ROOMS for _, knob in knobs(room).values()]
    assert all(labels)
    assert len(set(labels)) == len(labels)


def test_an_axis_names_the_knob_and_its_unit() -> None:
    assert knobs(ProposalConfig)["min_side"][1].label_with_unit == "Smallest proposal side (pixels)"
    assert knobs(DetectionConfig)["nms_iou"][1].label_with_unit == "NMS IoU"


def test_a_stored_config_with_former_names_of_knobs_is_read() -> None:
    stored = {"detection": {"zooms": [1.0, 1.5], "flip_average": True}}
    expected = DetectionConfig(tta_scales=(1.0, 1.5), tta_flip=True)
    assert stored_config(stored).detection == expected
    stored["detection"]["tta_scales"] = [2.0]
    assert stored_config(stored).detection.tta_scales == (2.0,)


def test_a_knob_has_one_name_in_the_whole_config() -> None:
    names = [name for room in ROOMS for name in knobs(room)]
    repeated = {name for name in names if names.count(name) > 1}
    assert repeated <= {
        "limit",
        "seed",
    }  # of proposals and detections; of their rank and of the run


BOUNDED = [
    (room, name, bound)
    for room in ROOMS
    for name, (_, knob) in knobs(room).items()
    for bound in (
        None if knob.low is None else knob.low - 1,
        None if knob.high is None else knob.high + 1,
    )
    if bound is not None
]


@pytest.mark.parametrize(("room", "name", "outside"), BOUNDED)
def test_a_value_outside_its_bounds_is_refused(room: type, name: str, outside: float) -> None:
    kind = type(getattr(room(), name))
    value: Any = (float(outside),) if kind is tuple else int(outside) if kind is int else outside
    with pytest.raises(ConfigError, match=name):
        room(**{name: value})


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: SamplingConfig(rois_per_image=1.5), "rois_per_image"),  # type: ignore[arg-type]
        (lambda: SamplingConfig(rois_per_image=True), "rois_per_image"),
        (lambda: ImageConfig(shorter_side="600"), "shorter_side"),  # type: ignore[arg-type]
        (lambda: DetectionConfig(nms_iou=float("nan")), "nms_iou"),
        (lambda: ModelConfig(backbone="resnet18"), "efficientnet_lite0, resnet50, vgg16"),  # type: ignore[arg-type]
        (lambda: ModelConfig(delta_std=(0.1, 0.1)), "delta_std"),  # type: ignore[arg-type]
    ],
)
def test_a_value_of_another_kind_is_refused(make: Any, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        make()


def test_background_reaches_at_most_up_to_foreground() -> None:
    with pytest.raises(ConfigError, match="both"):
        SamplingConfig(foreground_iou=0.4)
    with pytest.raises(ConfigError, match="nothing is background"):
        SamplingConfig(background_iou_low=0.5, background_iou_high=0.4)


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_config_survives_json(name: str) -> None:
    config = preset(name)
    assert from_dict(Config, json.loads(json.dumps(to_dict(config)))) == config


def test_test_time_augmentation_has_at_least_one_scale() -> None:
    with pytest.raises(ConfigError, match="no image is predicted"):
        DetectionConfig(tta_scales=())


def test_fields_left_out_keep_their_defaults() -> None:
    config = from_dict(Config, {"detection": {"nms_iou": 0.4}})
    assert config == Config(detection=DetectionConfig(nms_iou=0.4))


def test_a_config_that_is_older_than_a_knob_has_what_it_was_trained_with() -> None:
    written = to_dict(preset("paper"))
    assert stored_config(json.loads(json.dumps(written))) == preset("paper")
    del written["training"]["mixed_precision"]
    assert not stored_config(written).training.mixed_precision
    assert stored_config({}) == Config()


def test_an_unknown_knob_is_named_with_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError, match=r"no knob 'nms_iuo'.*'nms_iou'"):
        from_dict(Config, {"detection": {"nms_iuo": 0.4}})
    with pytest.raises(ConfigError, match="The knobs are box_weight"):
        from_dict(LossConfig, {"zzz": 1})


def test_a_value_from_json_is_checked_too() -> None:
    with pytest.raises(ConfigError, match="nms_iou is 7"):
        from_dict(Config, {"detection": {"nms_iou": 7}})
