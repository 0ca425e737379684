"""Download of Penn-Fudan from its authors: fetched, unpacked in a temporary folder, checked, then moved into place."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from fastrcnn_core.archives import ArchiveError, unpack
from fastrcnn_core.datasets.checking import check
from fastrcnn_core.datasets.fetching import Cancelled, FetchStoppedError, Progress, fetch
from fastrcnn_core.datasets.pennfudan import IMAGES, NAME, PennFudanDataset, find_pennfudan
from fastrcnn_core.errors import DataError
from fastrcnn_core.files import cache_folder


@dataclass(frozen=True)
class Release:
    """The archive to fetch and the content it must have.

    Args:
        url: the zip file.
        size: of the file, in bytes.
        images, boxes: the data set's counts.
    """

    url: str
    size: int
    images: int
    boxes: int


# Source of the counts: the data set's page; its readme counts the people added after the paper, too.
OFFICIAL = Release(
    url="https://www.cis.upenn.edu/~jshi/ped_html/PennFudanPed.zip",
    size=53_723_336,
    images=170,
    boxes=423,
)
MAX_UNPACKED = 500_000_000  # chosen here: nine times what the data set has


def downloaded_folder() -> Path:
    """Return the folder to which the data set is downloaded by default."""
    return cache_folder() / "data" / NAME


def is_downloaded() -> bool:
    """Tell whether the data set was downloaded to the default folder, where it appears atomically."""
    return (downloaded_folder() / IMAGES).is_dir()


def bytes_fetched(folder: Path) -> int:
    """Return the bytes that an interrupted `download` to this folder left, from which the next one resumes."""
    archive = _archive(_target(folder))
    return archive.stat().st_size if archive.is_file() else 0


def download(
    folder: Path, *, progress: Progress, cancelled: Cancelled, release: Release = OFFICIAL
) -> Path:
    """Download Penn-Fudan and return its folder.

    Args:
        folder: the parent folder for PennFudanPed, or a folder of that name itself.
        progress: called with (bytes so far, bytes in all).
        cancelled: called before each piece; once it returns True, the download stops and can be resumed.
        release: the archive to fetch.

    Raises:
        FetchStoppedError: `cancelled` returned True.
        DataError: no network, an unexpected file, a full disk, a folder with other content, or another process that
            downloads to it. Says what to do by hand.
    """
    target = _target(folder)
    with _locked(target):
        try:
            if target.exists():
                _expect_complete(target, release)
            else:
                _fetch_and_unpack(target, progress, cancelled, release)
        except FetchStoppedError:
            raise
        except DataError as error:
            hint = f"{error.hint} {by_hand(target, release)}"
            raise DataError(error.problem, hint=hint) from error
    return target


def by_hand(target: Path, release: Release = OFFICIAL) -> str:
    """Describe how to install the data set without this program's download."""
    return (
        f"By hand: get {release.url} with a browser and unzip it into {target.parent}; or unzip it "
        f"anywhere and set FASTRCNN_DATA to its folder {NAME}."
    )


def _target(folder: Path) -> Path:
    return (folder if folder.name == NAME else folder / NAME).expanduser().absolute()


def _archive(target: Path) -> Path:
    return target.with_name(f"{NAME}.zip.partial")


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Lock the target, so that only one download at a time writes to it."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f".{NAME}.lock"), timeout=0):
            yield
    except Timeout as error:
        raise DataError(
            f"Another process is downloading to {target.parent} right now.",
            hint="Wait until that has finished, then open the data set.",
        ) from error
    except OSError as error:
        raise DataError(
            f"{target.parent} cannot be written to ({error.strerror or error}).",
            hint="Free some space, or choose another folder.",
        ) from error


def _fetch_and_unpack(
    target: Path, progress: Progress, cancelled: Cancelled, release: Release
) -> None:
    archive = _archive(target)
    fetch(release.url, archive, size=release.size, progress=progress, cancelled=cancelled)
    try:
        with _temporary_folder(target) as folder:
            unpack(archive, folder, max_bytes=MAX_UNPACKED)
            _expect_complete(folder / NAME, release)
            (folder / NAME).rename(target)
    except ArchiveError:
        archive.unlink()  # so that the next try does not go on from this one
        raise
    archive.unlink()


@contextmanager
def _temporary_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `target`; remove it afterwards, and those that a crash left behind."""
    for leftover in target.parent.glob(f".{NAME}.*.unpacking"):
        shutil.rmtree(leftover)
    folder = target.with_name(f".{NAME}.{uuid.uuid4().hex}.unpacking")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _expect_complete(folder: Path, release: Release) -> None:
    """Check that all images are there, can be read, and have masks of their size with the expected number of people."""
    if find_pennfudan(folder) != folder:
        raise ArchiveError(f"There is no {NAME} in {folder.parent}.", hint="Download it again.")
    report = check(PennFudanDataset(folder))
    boxes = len(report.boxes)
    problems = [f"{name}: {problem}" for name, problem in report.problems]
    if problems or (report.images, boxes) != (release.images, release.boxes):
        found = f"{report.images} images with {boxes} people instead of {release.images} with {release.boxes}"
        raise ArchiveError(
            f"The data set in {folder} is not whole: {' '.join(problems[:1]) or found}.",
            hint=f"Move {folder} away, then download it.",
        )
