"""Penn-Fudan from its authors' server: fetched, unpacked beside its place, checked, and only then put there."""

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
from fastrcnn_core.datasets.pennfudan.reading import IMAGES, NAME, find_pennfudan, open_pennfudan
from fastrcnn_core.errors import DataError
from fastrcnn_core.files import cache_folder


@dataclass(frozen=True)
class Release:
    """What is fetched, and what must be in it.

    Args:
        url: the zip file.
        size: its bytes.
        images, boxes: how many the data set has.
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
    """Where `download` puts the data set if nobody names a place."""
    return cache_folder() / "data" / NAME


def is_downloaded() -> bool:
    """Whether the data set is there; it appears whole or not at all."""
    return (downloaded_folder() / IMAGES).is_dir()


def bytes_fetched(folder: Path) -> int:
    """How much an earlier `download` to this folder has left to go on from."""
    archive = _archive(_target(folder))
    return archive.stat().st_size if archive.is_file() else 0


def download(
    folder: Path, *, progress: Progress, cancelled: Cancelled, release: Release = OFFICIAL
) -> Path:
    """Fetch Penn-Fudan, and answer with the folder that it is in.

    Args:
        folder: where to put it; the data set is in its subfolder PennFudanPed, unless it is called so itself.
        progress: called with (bytes so far, bytes in all).
        cancelled: asked again and again; once it says yes, the download stops and can be gone on with.
        release: what to fetch.

    Raises:
        FetchStoppedError: `cancelled` said so.
        DataError: no network, a file that is not the expected one, a full disk, a place that is taken, or another
            process that is at it right now. Says what to do by hand.
    """
    target = _target(folder)
    with _alone(target):
        try:
            if target.exists():
                _expect_whole(target, release)
            else:
                _bring(target, progress, cancelled, release)
        except FetchStoppedError:
            raise
        except DataError as error:
            hint = f"{error.hint} {by_hand(target, release)}"
            raise DataError(error.problem, hint=hint) from error
    return target


def by_hand(target: Path, release: Release = OFFICIAL) -> str:
    """What a person does without this program's download."""
    return (
        f"By hand: get {release.url} with a browser and unzip it into {target.parent}; or unzip it "
        f"anywhere and set FASTRCNN_DATA to its folder {NAME}."
    )


def _target(folder: Path) -> Path:
    return (folder if folder.name == NAME else folder / NAME).expanduser().absolute()


def _archive(target: Path) -> Path:
    return target.with_name(f"{NAME}.zip.partial")


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """One process at a time, and one download in each, works on this target."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f".{NAME}.lock"), timeout=0):
            yield
    except Timeout as error:
        raise DataError(
            f"Somebody else is downloading to {target.parent} right now.",
            hint="Wait until that has finished, then open the data set.",
        ) from error
    except OSError as error:
        raise DataError(
            f"{target.parent} cannot be written to ({error.strerror or error}).",
            hint="Free some space, or choose another folder.",
        ) from error


def _bring(target: Path, progress: Progress, cancelled: Cancelled, release: Release) -> None:
    archive = _archive(target)
    fetch(release.url, archive, size=release.size, progress=progress, cancelled=cancelled)
    try:
        with _workshop(target) as folder:
            unpack(archive, folder, max_bytes=MAX_UNPACKED)
            _expect_whole(folder / NAME, release)
            (folder / NAME).rename(target)
    except ArchiveError:
        archive.unlink()  # so that the next try does not go on from this one
        raise
    archive.unlink()


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """The path of a folder beside `target` to make things in; it is gone afterwards, and so are forgotten ones."""
    for forgotten in target.parent.glob(f".{NAME}.*.unpacking"):
        shutil.rmtree(forgotten)
    folder = target.with_name(f".{NAME}.{uuid.uuid4().hex}.unpacking")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _expect_whole(folder: Path, release: Release) -> None:
    """All images are there, can be read, and have masks of their size with as many people as there should be."""
    if find_pennfudan(folder) != folder:
        raise ArchiveError(f"There is no {NAME} in {folder.parent}.", hint="Download it again.")
    report = check(open_pennfudan(folder))
    boxes = len(report.boxes)
    if report.problems or (report.images, boxes) != (release.images, release.boxes):
        found = f"{report.images} images with {boxes} people instead of {release.images} with {release.boxes}"
        raise ArchiveError(
            f"The data set in {folder} is not whole: {' '.join(report.problems[:1]) or found}.",
            hint=f"Move {folder} away, then download it.",
        )
