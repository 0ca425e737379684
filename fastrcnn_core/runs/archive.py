"""Runs leave and arrive: export to one zip, import of one."""

from __future__ import annotations

import shutil
import time
import uuid
import zipfile
from contextlib import suppress
from pathlib import Path, PurePosixPath

from fastrcnn_core.archives import ArchiveError, unpack
from fastrcnn_core.errors import DataError, RunError
from fastrcnn_core.files import atomic_write, runs_folder
from fastrcnn_core.runs.brought import mark_as_brought
from fastrcnn_core.runs.contents import whole_files
from fastrcnn_core.runs.finding import free_name, run_path, taken
from fastrcnn_core.runs.folder import Run
from fastrcnn_core.runs.left_overs import SECONDS_OF_AN_IMPORT, remove_left_overs
from fastrcnn_core.runs.status import settle

FILE_ENDINGS = {".json", ".jsonl", ".safetensors", ".txt"}
MAX_UNPACKED_BYTES = 20 * 2**30
_AGAIN = "Have the run exported again (*The whole run as a zip*), and bring that file."


def export_run(run: Run, path: Path) -> Path:
    """Write the run as one zip file, every whole file below a folder of its name; returns the path."""
    with atomic_write(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for file in whole_files(run.folder):
            weights = file.suffix == ".safetensors"  # numbers that do not compress
            kind = zipfile.ZIP_STORED if weights else zipfile.ZIP_DEFLATED
            inside = PurePosixPath(run.name, *file.relative_to(run.folder).parts)
            with suppress(
                FileNotFoundError
            ):  # a run that goes makes room for its newest checkpoint
                archive.write(file, str(inside), compress_type=kind)
    return path


def import_run(path: Path, *, name: str | None = None, folder: Path | None = None) -> Run:
    """Unpack a run that `export_run` wrote; it appears whole or not at all.

    Args:
        name: what to call it; None keeps its own, or the next one that is free: a class has many called "minute".

    Raises:
        RunError: the file is no exported run, is damaged or dangerous, does not fit on the disk, or there is a run of
            this name already.
    """
    runs = (folder or runs_folder()).resolve()
    if name is not None and run_path(name, folder=runs).exists():
        raise taken(name)
    remove_left_overs(runs, older_than=SECONDS_OF_AN_IMPORT)
    partial = runs / f".{uuid.uuid4().hex}.partial"
    try:
        unpack(path, partial, max_bytes=MAX_UNPACKED_BYTES, wanted=_is_of_a_run)
        brought = _only_run(partial, path)
        settle(brought.folder)
        mark_as_brought(brought.folder)
        return _move_in(brought, name, runs)
    except ArchiveError as error:
        raise RunError(error.problem, hint=_AGAIN) from error
    except DataError as error:  # of the disk
        raise RunError(error.problem, hint=error.hint) from error
    except OSError as error:
        raise RunError(
            f"The run cannot be kept ({error.strerror or error}).", hint="Free some space."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _move_in(brought: Run, name: str | None, runs: Path) -> Run:
    """The run under its name among the others; the next free name if somebody else takes that at the same moment."""
    while True:
        chosen = run_path(name or free_name(brought.name, folder=runs), folder=runs)
        try:
            brought.folder.rename(chosen)
        except OSError:
            if not chosen.exists():
                raise
            if name is not None:
                raise taken(name) from None
        else:
            return Run(chosen)


def _is_of_a_run(path: PurePosixPath) -> bool:
    """Only what a run writes is taken out of a zip that somebody sent; not what macOS adds when it packs one again."""
    if "__MACOSX" in path.parts or path.name.startswith("._"):
        return False
    return path.suffix in FILE_ENDINGS or "tensorboard" in path.parts


def _only_run(folder: Path, archive: Path) -> Run:
    """The one run that was in the zip, with settings that are understood here. Raises RunError."""
    found = [Run(it) for it in folder.iterdir()]
    if len(found) != 1 or not found[0].has_settings:
        raise RunError(f"{archive.name} is not a run that was exported from here.", hint=_AGAIN)
    try:
        _read_once(found[0])
    except Exception as error:  # what somebody sent can fail to be read in any way
        raise RunError(
            f"The run in {archive.name} has files that are not understood here ({error}).",
            hint="It may come from another version of this app: use that one to look at it.",
        ) from error
    return found[0]


def _read_once(run: Run) -> None:
    """Whatever a page reads before anybody has chosen the run, so that no run takes a page away."""
    run.config()
    run.data_setting()
    time.localtime(run.settings()["created"])
    run.data_hash()
    run.checkpoints()
    for columns in (run.metrics(), run.validation()):
        for name in ("step", "epoch", "loss", "AP", "AP50"):
            sum(value for value in columns[name] if value is not None)
