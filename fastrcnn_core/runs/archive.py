"""Export of a run to one zip file, and import of such a file from an untrusted source."""

from __future__ import annotations

import shutil
import time
import uuid
import zipfile
from contextlib import suppress
from pathlib import Path, PurePosixPath

from fastrcnn_core.archives import ArchiveError, unpack
from fastrcnn_core.errors import DataError, RunError
from fastrcnn_core.files import (
    atomic_write,
    complete_files,
    remove_partial_files,
    runs_folder,
    write_text,
)
from fastrcnn_core.runs.catalogue import free_name, list_runs, name_taken, run_path
from fastrcnn_core.runs.folder import CHECKPOINTS, IMPORTED_FILE, Run, RunCheckpoint
from fastrcnn_core.runs.status import mark_stopped

FILE_ENDINGS = {".json", ".jsonl", ".safetensors", ".txt"}
MAX_UNPACKED_BYTES = 20 * 2**30
MAX_IMPORT_SECONDS = 24 * 60 * 60.0  # chosen here: no zip file takes that long to unpack
_EXPORT_AGAIN = "Have the run exported again (the button “Run as a zip”), and import that file."


class RunPresentError(RunError):
    """A zip file with a run that is on this machine already: `run`."""

    run: Run


def exported_checkpoints(run: Run) -> tuple[RunCheckpoint, ...]:
    """Select the checkpoints that an export holds: the newest, from which to resume, and the best by validation AP."""
    checkpoints = run.checkpoints()
    validation = run.validation()
    quality = dict(zip(validation["step"], validation["AP"], strict=True))
    rated = [checkpoint for checkpoint in checkpoints if quality.get(checkpoint.step) is not None]
    best = max(rated, key=lambda checkpoint: quality[checkpoint.step], default=None)
    return tuple(checkpoint for checkpoint in checkpoints if checkpoint in (best, checkpoints[-1]))


def exported_files(run: Run) -> list[Path]:
    """List the files of an export: all but half-written ones and the checkpoints between."""
    folders = {checkpoint.folder for checkpoint in exported_checkpoints(run)}
    files = complete_files(run.folder)
    return [
        file for file in files if file.parent.parent.name != CHECKPOINTS or file.parent in folders
    ]


def export_run(run: Run, path: Path) -> Path:
    """Export the run to a zip file, below a folder of its name, without the checkpoints between; return the path.

    A run of 78 steps with five checkpoints of 29 MB is thereby half as large. The receiver can look at every page of it
    and resume it from the last checkpoint.
    """
    with atomic_write(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for file in exported_files(run):
            is_compressible = file.suffix != ".safetensors"
            kind = zipfile.ZIP_DEFLATED if is_compressible else zipfile.ZIP_STORED
            inside = PurePosixPath(run.name, *file.relative_to(run.folder).parts)
            with suppress(FileNotFoundError):  # an active run thins out its checkpoints
                archive.write(file, str(inside), compress_type=kind)
    return path


def import_run(path: Path, *, name: str | None = None, folder: Path | None = None) -> Run:
    """Import a run that `export_run` wrote; it appears whole or not at all.

    Args:
        name: of the new run, which may be a copy; None keeps its own or takes the next free one ("minute-2").

    Raises:
        RunPresentError: no name is given, and this run is here already with as many steps.
        RunError: the file is no exported run, is damaged or dangerous, does not fit on the disk, or there is a run of
            this name already.
    """
    runs = (folder or runs_folder()).resolve()
    if name is not None and run_path(name, folder=runs).exists():
        raise name_taken(name)
    remove_partial_files(runs, older_than=MAX_IMPORT_SECONDS)
    partial = runs / f".{uuid.uuid4().hex}.partial"
    try:
        unpack(path, partial, max_bytes=MAX_UNPACKED_BYTES, wanted=_is_file_of_run)
        run = _only_run(partial, path)
        if name is None:
            _expect_absent(run, runs)
        mark_stopped(run.folder)
        write_text(run.folder / IMPORTED_FILE, "{}")
        return _move_in(run, name, runs)
    except DataError as error:  # of the file, or of the disk
        is_archive = isinstance(error, ArchiveError)
        raise RunError(error.problem, hint=_EXPORT_AGAIN if is_archive else error.hint) from error
    except OSError as error:
        raise RunError(
            f"The run cannot be stored ({error.strerror or error}).", hint="Free some space."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _expect_absent(run: Run, runs: Path) -> None:
    """Raise RunPresentError if a run with the same config, begun at the same time, has done as many steps here."""
    for present in list_runs(runs):
        try:
            is_same = all(
                present.settings()[item] == run.settings()[item] for item in ("created", "config")
            )
        except (RunError, KeyError):  # a damaged run
            continue
        if is_same and present.status().step >= run.status().step:
            error = RunPresentError(
                f"This run is here already: {present.name!r}.",
                hint="Choose it in the list of runs.",
            )
            error.run = present
            raise error


def _move_in(run: Run, name: str | None, runs: Path) -> Run:
    """Move the run to its name; to the next free one if another process takes that at the same moment."""
    while True:
        target = run_path(name or free_name(run.name, folder=runs), folder=runs)
        try:
            run.folder.rename(target)
        except OSError:
            if not target.exists():
                raise
            if name is not None:
                raise name_taken(name) from None
        else:
            return Run(target)


def _is_file_of_run(path: PurePosixPath) -> bool:
    """Tell whether a run writes such a file. Others stay in the zip file, such as those that macOS adds."""
    if "__MACOSX" in path.parts or path.name.startswith("._"):
        return False
    return path.suffix in FILE_ENDINGS or "tensorboard" in path.parts


def _only_run(folder: Path, archive: Path) -> Run:
    """Return the run in the unpacked zip file, with settings that this version reads. Raises RunError."""
    runs = [Run(path) for path in folder.iterdir()]
    if len(runs) != 1 or not runs[0].has_settings:
        raise RunError(
            f"{archive.name} is not a run that was exported from this app.", hint=_EXPORT_AGAIN
        )
    try:
        _read_all(runs[0])
    except Exception as error:  # untrusted files can fail to be read in any way
        raise RunError(
            f"The run in {archive.name} has files that this version cannot read ({error}).",
            hint="It may come from another version of this app: use that one to look at it.",
        ) from error
    return runs[0]


def _read_all(run: Run) -> None:
    """Read everything that pages read of runs that are not selected, so that no imported run breaks a page."""
    run.config()
    run.data_setting()
    time.localtime(run.settings()["created"])
    run.data_hash()
    run.checkpoints()
    for columns in (run.metrics(), run.validation()):
        for name in ("step", "epoch", "loss", "AP", "AP50"):
            sum(value for value in columns[name] if value is not None)
