"""Runs leave and arrive: export to one zip, import of one."""

from __future__ import annotations

import shutil
import uuid
import zipfile
from contextlib import suppress
from pathlib import Path, PurePosixPath

from fastrcnn_core.errors import RunError
from fastrcnn_core.files import appearing_whole, runs_folder
from fastrcnn_core.runs.contents import whole_files
from fastrcnn_core.runs.finding import check_name, run_path
from fastrcnn_core.runs.folder import CONFIG_FILE, Run
from fastrcnn_core.runs.starting import taken

# Only what a run writes is taken out of a zip that somebody sent.
FILE_ENDINGS = {".json", ".jsonl", ".safetensors", ".txt"}
MAX_UNPACKED_BYTES = 20 * 2**30


def export_run(run: Run, path: Path) -> Path:
    """Write the run as one zip file, every whole file below a folder of its name; returns the path."""
    with appearing_whole(path) as partial, zipfile.ZipFile(partial, "w") as archive:
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
        name: what to call it; None keeps its own.

    Raises:
        RunError: the file is no exported run, is damaged, or there is a run of this name already.
    """
    runs = (folder or runs_folder()).resolve()
    partial = runs / f".{uuid.uuid4().hex}.partial"
    try:
        with zipfile.ZipFile(path) as archive:
            chosen = run_path(name or _root(archive), folder=runs)
            if chosen.exists():
                raise taken(chosen.name)
            for entry in archive.infolist():
                _unpack(archive, entry, partial)
        if not (partial / CONFIG_FILE).exists():
            raise _no_run(path)
        partial.rename(chosen)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError) as error:
        raise _no_run(path) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Run(chosen)


def _root(archive: zipfile.ZipFile) -> str:
    """The one folder that holds everything in the zip."""
    roots = {PurePosixPath(it.filename).parts[0] for it in archive.infolist() if it.filename}
    if len(roots) != 1:
        raise _no_run(Path(archive.filename or "the zip"))
    return check_name(roots.pop())


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    """One entry, if it is a file of a run and lies inside."""
    parts = PurePosixPath(entry.filename).parts[1:]
    outside = entry.filename.startswith(("/", "\\")) or ".." in parts or "\\" in entry.filename
    if outside or ":" in entry.filename:
        raise RunError(
            f"The zip has an entry that points outside: {entry.filename!r}.",
            way_out="Do not trust it; ask for a zip that this app exported.",
        )
    if entry.is_dir() or not parts:
        return
    if PurePosixPath(entry.filename).suffix not in FILE_ENDINGS and "tensorboard" not in parts:
        return
    if sum(it.file_size for it in archive.infolist()) > MAX_UNPACKED_BYTES:
        raise RunError("The zip would unpack to more than 20 GB.", way_out="Ask for a smaller run.")
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file, length=2**20)


def _no_run(path: Path) -> RunError:
    return RunError(
        f"{path.name} is not a run that was exported from here, or it is damaged.",
        way_out="Export the run again and import that file.",
    )
