"""Small runs: folders as a run's process leaves them, and a stand-in for that process."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from fastrcnn_core.config import Config
from fastrcnn_core.runs import Run
from fastrcnn_core.runs.control import claim_run
from fastrcnn_core.runs.folder import MODEL_FILE, TRAINER_FILE
from fastrcnn_core.runs.writer import create_run
from fastrcnn_core.structures import Losses, SampledRoIs, StepReport


def new_run(name: str = "first") -> Run:
    """Create a run that has a config and nothing else."""
    return create_run(name, config=Config(), data="synthetic:4:0", preset="paper")


def hold_lock(run: Run) -> int:
    """Hold the run's lock until the test process ends or closes the file descriptor: the test plays its process."""
    with claim_run(run.folder) as lock:
        return os.dup(lock)


def step_report(step: int, loss: float = 1.0) -> StepReport:
    """Report a step on one image with a foreground and a background RoI."""
    rois = SampledRoIs(
        boxes=torch.tensor([[0.0, 0, 10, 20], [5, 5, 15, 15]]),
        labels=torch.tensor([1, 0]),
        targets=torch.zeros(2, 4),
        iou=torch.tensor([0.8, 0.2]),
        gt_index=torch.tensor([0, 0]),
        candidate_index=torch.tensor([3, 4]),
    )
    tensor = torch.tensor(1.0)
    return StepReport(
        step=step,
        epoch=step / 2,
        images=("street",),
        flipped=(True,),
        loss=loss,
        classification_loss=0.5,
        box_loss=0.5,
        learning_rate=0.01,
        foreground=1,
        background=1,
        accuracy=0.5,
        foreground_accuracy=None,
        foreground_called_background=None,
        gradient_norm=2.0,
        seconds=0.1,
        rois=(rois,),
        losses=Losses(tensor, tensor, torch.tensor([0.1, 0.2]), torch.tensor([0.3, 0.0])),
        scores=torch.tensor([[0.2, 0.8], [0.9, 0.1]]),
    )


def write_checkpoint_files(folder: Path) -> None:
    """Write files with the names of a checkpoint's, a word in each."""
    (folder / MODEL_FILE).write_text("weights")
    (folder / TRAINER_FILE).write_text("memory")
