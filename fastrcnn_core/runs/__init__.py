"""A run is a folder: config, status, metrics, checkpoints. Its process writes it, everybody else reads it.

runs/NAME/config.json       what it was begun with
          status.json       how it is doing, replaced as a whole
          metrics.jsonl     one line a training step
          validation.jsonl  one line a checkpoint, if a validation part was kept out
          live.json         a recent step with its RoIs
          steps/000040.json the steps that stay to be looked at
          environment.json  code version, libraries, data, split, device, times
          control.json      what somebody asked of it: pause, run, stop
          log.txt           what its process printed
          tensorboard/      event files
          checkpoints/step-000136/  model.safetensors, trainer.safetensors
"""

from fastrcnn_core.runs.anatomy import Anatomy, anatomy
from fastrcnn_core.runs.archive import export_run, import_run
from fastrcnn_core.runs.deleting import (
    delete_run,
    deleted_run,
    empty_bin,
    rename_run,
    restore_run,
)
from fastrcnn_core.runs.estimating import Estimate, estimate_run
from fastrcnn_core.runs.finding import find_run, free_name, list_runs, run_path
from fastrcnn_core.runs.folder import Run, RunCheckpoint
from fastrcnn_core.runs.live import LivePicture, LiveStep, pictures_of
from fastrcnn_core.runs.metrics import Columns
from fastrcnn_core.runs.pace import Pace, doing_the_same, pace_of
from fastrcnn_core.runs.starting import resume_run, start_run, training_command
from fastrcnn_core.runs.status import RunState, RunStatus
from fastrcnn_core.runs.writing import create_run

__all__ = [
    "Anatomy",
    "Columns",
    "Estimate",
    "LivePicture",
    "LiveStep",
    "Pace",
    "Run",
    "RunCheckpoint",
    "RunState",
    "RunStatus",
    "anatomy",
    "create_run",
    "delete_run",
    "deleted_run",
    "doing_the_same",
    "empty_bin",
    "estimate_run",
    "export_run",
    "find_run",
    "free_name",
    "import_run",
    "list_runs",
    "pace_of",
    "pictures_of",
    "rename_run",
    "restore_run",
    "resume_run",
    "run_path",
    "start_run",
    "training_command",
]
