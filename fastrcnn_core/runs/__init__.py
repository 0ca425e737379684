"""A run is a folder: config, status, metrics, checkpoints. Its process writes it; everything else reads it.

runs/NAME/config.json       its config, data set and preset
          status.json       its state and progress, replaced as a whole
          metrics.jsonl     one line a training step
          validation.jsonl  one line a checkpoint, if part of the training pictures was held out for validation
          live.json         a recent step with its RoIs
          steps/000040.json the step history
          environment.json  code version, libraries, data, split, device, times
          control.json      a request to its process: pause, run, stop
          log.txt           the output of its process
          tensorboard/      event files
          checkpoints/step-000136/  model.safetensors, trainer.safetensors
          .lock             held by its process as long as that lives
"""

from fastrcnn_core.runs.archive import (
    RunPresentError,
    export_run,
    exported_checkpoints,
    import_run,
)
from fastrcnn_core.runs.catalogue import (
    delete_run,
    deleted_run,
    empty_trash,
    find_run,
    free_name,
    list_runs,
    rename_run,
    restore_run,
    run_path,
)
from fastrcnn_core.runs.cost_estimate import (
    Estimate,
    comparable_runs,
    estimate_run,
    median_step_seconds,
)
from fastrcnn_core.runs.folder import Run, RunCheckpoint
from fastrcnn_core.runs.metrics import Columns
from fastrcnn_core.runs.process import resume_run, start_run, training_command
from fastrcnn_core.runs.status import RunState, RunStatus
from fastrcnn_core.runs.step_snapshots import (
    ImageSnapshot,
    LossBreakdown,
    StepSnapshot,
    break_down_loss,
)
from fastrcnn_core.runs.writer import create_run

__all__ = [
    "Columns",
    "Estimate",
    "ImageSnapshot",
    "LossBreakdown",
    "Run",
    "RunCheckpoint",
    "RunPresentError",
    "RunState",
    "RunStatus",
    "StepSnapshot",
    "break_down_loss",
    "comparable_runs",
    "create_run",
    "delete_run",
    "deleted_run",
    "empty_trash",
    "estimate_run",
    "export_run",
    "exported_checkpoints",
    "find_run",
    "free_name",
    "import_run",
    "list_runs",
    "median_step_seconds",
    "rename_run",
    "restore_run",
    "resume_run",
    "run_path",
    "start_run",
    "training_command",
]
