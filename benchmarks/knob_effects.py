"""Effect of each knob on AP: one run for each value and seed, evaluated on the same validation images.

    python benchmarks/knob_effects.py --data DIR [--seeds 5] [--out FILE] [--only NAME ...]

Every run is the preset `minute` with one knob moved; a quarter of the training pictures is kept out and judges it, so
that the test split is not looked at. Seeds differ in the head's first weights, the order of the pictures, mirroring,
RoIs and dropout. A knob's effect is the mean, over the seeds, of its AP minus that of the unmoved run with the same
seed, with the standard error of that mean. Knobs of detection ask the unmoved runs' networks again. Every finished run
is a line of FILE, so that the same command goes on where it was stopped.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import tyro

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fastrcnn_core.config import Config, preset
from fastrcnn_core.datasets import default_dataset_setting, open_dataset, validation_split
from fastrcnn_core.detector import Detector
from fastrcnn_core.devices import keep_freed_memory
from fastrcnn_core.evaluation import evaluate
from fastrcnn_core.runs import Run
from fastrcnn_core.runs.writer import create_run
from fastrcnn_core.training import train

SHARE = 0.25
UNMOVED = "minute"
Knobs = dict[str, Any]
Row = dict[str, Any]

TRAINED: dict[str, Knobs] = {
    UNMOVED: {},
    "flip 0": {"training.flip": 0.0},
    "images_per_step 1": {"sampling.images_per_step": 1},
    "shorter_side 400": {"image.shorter_side": 400},
    "shorter_side 800": {"image.shorter_side": 800, "image.longer_side": 1333},
    "delta_std 1 (targets not normalised)": {"model.delta_std": (1.0, 1.0, 1.0, 1.0)},
    "background_iou_low 0.1": {"sampling.background_iou_low": 0.1},
    "hard_examples (OHEM)": {"sampling.hard_examples": True},
    "proposals limit 500": {"proposals.limit": 500},
    "proposals limit 1000": {"proposals.limit": 1000},
    "proposals single": {"proposals.method": "single"},
    "roi_layer pool": {"model.roi_layer": "pool"},
    "dropout 0.5 (the paper's)": {"model.dropout": 0.5},
    "optimiser sgd": {"optimiser.optimiser": "sgd", "optimiser.learning_rate": 0.005},
    "schedule cosine": {"optimiser.schedule": "cosine"},
    "average 0.99": {"training.average": 0.99},
    "float32": {"training.mixed_precision": False},
    "trainable_stages 1": {"model.trainable_stages": 1},
}
DETECTED: dict[str, Knobs] = {
    "box_passes 2": {"box_passes": 2},
    "tta_flip": {"tta_flip": True},
    "tta_scales 1 1.5": {"tta_scales": (1.0, 1.5)},
    "nms linear": {"nms": "linear"},
    "nms gaussian": {"nms": "gaussian"},
}


def main(
    data: Annotated[str | None, tyro.conf.arg(help="As `train` takes it.")] = None,
    seeds: Annotated[int, tyro.conf.arg(help="Runs of each value.")] = 5,
    out: Annotated[Path, tyro.conf.arg(help="Lines of JSON.")] = Path("knob_effects.jsonl"),
    only: Annotated[tuple[str, ...], tyro.conf.arg(help="These values alone.")] = (),
) -> None:
    """Train what is not in the file yet, then print the table."""
    keep_freed_memory()  # as `train` does
    setting = data or default_dataset_setting()
    done = _read(out)
    for seed in range(seeds):
        for name, knobs in TRAINED.items():
            wanted = not only or name in {UNMOVED, *only}  # every effect is a difference to it
            if wanted and (name, seed) not in done:
                rows = list(measure(setting, name, knobs, seed))
                done |= {(row["name"], seed): row for row in rows}
                with out.open("a", encoding="utf-8") as lines:
                    lines.write("".join(json.dumps(row) + "\n" for row in rows))
    tell(done)


def measure(setting: str, name: str, knobs: Knobs, seed: int) -> Iterator[Row]:
    """Evaluate the run; of the unmoved one those of each knob of detection too."""
    config = moved(knobs, seed)
    with tempfile.TemporaryDirectory() as scratch:
        run = create_run("run", config=config, data=setting, preset="minute", folder=Path(scratch))
        train(config, open_dataset(setting), run)
        yield {"name": name, "seed": seed} | judge(run, setting, {})
        for second, detection in DETECTED.items() if name == UNMOVED else ():
            yield {"name": second, "seed": seed} | judge(run, setting, detection)


def moved(knobs: Knobs, seed: int) -> Config:
    """Build the preset with these knobs, its validation part, and this seed."""
    config = preset("minute")
    always = {"training.validation_share": SHARE, "training.checkpoint_every": 100.0}
    for place, value in {**always, "training.seed": seed, **knobs}.items():
        group, knob = place.split(".")
        changed = dataclasses.replace(getattr(config, group), **{knob: value})
        config = dataclasses.replace(config, **{group: changed})
    return config


def judge(run: Run, setting: str, detection: Knobs) -> Row:
    """AP and AP50 on the validation part."""
    dataset, config = open_dataset(setting), run.config()
    names = validation_split(dataset.split.train, SHARE)[1]
    knobs = dataclasses.replace(config.detection, **detection)
    evaluation = evaluate(Detector(run.load_model(), config.proposals, knobs), dataset, names)
    return {"AP": evaluation.AP, "AP50": evaluation.AP50, "step_seconds": _pace(run)}


def _pace(run: Run) -> float:
    return statistics.median(run.metrics()["seconds"])


def tell(done: dict[tuple[str, int], Row]) -> None:
    """Print the table, in Markdown."""
    base = {seed: row for (name, seed), row in done.items() if name == UNMOVED}
    print(f"| knob | AP | AP50 | seeds |\n| --- | --- | --- | --- |\n{_unmoved(base)}")
    for name in [*list(TRAINED)[1:], *DETECTED]:
        rows = {seed: row for (item, seed), row in done.items() if item == name and seed in base}
        if rows:
            cells = [_difference(rows, base, figure) for figure in ("AP", "AP50")]
            print(f"| {name} | {' | '.join(cells)} | {len(rows)} |")


def _unmoved(base: dict[int, Row]) -> str:
    means = [statistics.mean(row[item] for row in base.values()) for item in ("AP", "AP50")]
    return f"| {UNMOVED} | {means[0]:.3f} | {means[1]:.3f} | {len(base)} |"


def _difference(rows: dict[int, Row], base: dict[int, Row], figure: str) -> str:
    """Mean and standard error of the paired differences."""
    values = [row[figure] - base[seed][figure] for seed, row in rows.items()]
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{statistics.mean(values):+.3f} ± {error:.3f}"


def _read(path: Path) -> dict[tuple[str, int], Row]:
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {(row["name"], row["seed"]): row for row in rows}


if __name__ == "__main__":
    tyro.cli(main)
