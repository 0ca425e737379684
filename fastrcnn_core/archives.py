"""Unpacking of untrusted zip files: no file lands outside the folder, and none fills the disk."""

from __future__ import annotations

import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from fastrcnn_core.errors import DataError, is_disk_full

# What zipfile raises on a damaged, encrypted or exotic archive, besides its own BadZipFile.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError)


class ArchiveError(DataError):
    """A zip file that is unusable: damaged, harmful, or with other contents than expected."""


def unpack(
    archive: Path,
    folder: Path,
    *,
    max_bytes: int,
    wanted: Callable[[PurePosixPath], bool] = lambda path: True,
) -> None:
    """Unpack a zip file into a new folder.

    Args:
        archive: the zip file.
        folder: is created; after an error it may hold some of the files, and the caller removes it.
        max_bytes: limit of the unpacked files' total size.
        wanted: whether the file of this path in the zip is unpacked, or stays inside.

    Raises:
        ArchiveError: no zip file or a damaged one; an entry that points outside or is no plain file; more than
            `max_bytes`.
        DataError: the disk is full or cannot be written to.
    """
    try:
        folder.mkdir(parents=True)
        with zipfile.ZipFile(archive) as file:
            _expect_harmless(file.infolist(), max_bytes)
            for entry in filter(lambda item: wanted(PurePosixPath(item.filename)), file.infolist()):
                _unpack_one(file, entry, folder / entry.filename)
    except _DAMAGE as error:
        raise ArchiveError(
            f"{archive.name} is damaged or no zip file ({error}).", hint="Download it again."
        ) from error
    except OSError as error:
        raise DataError(
            f"{archive.name} cannot be unpacked to {folder.parent} ({error.strerror or error}).",
            hint="Free some space."
            if is_disk_full(error)
            else "Choose a folder that can be written to, or another zip file.",
        ) from error


def _expect_harmless(entries: Iterable[zipfile.ZipInfo], max_bytes: int) -> None:
    """Check all entries before anything is written; reading an entry never gives more bytes than it declares here."""
    total = 0
    for entry in entries:
        total += entry.file_size
        if not _stays_inside(entry.filename) or not _is_plain(entry):
            raise ArchiveError(
                f"The zip file has an entry that points outside of it or is no plain file: {entry.filename!r}.",
                hint="Nothing was unpacked. Do not use this file; get it from its authors' page.",
            )
    if total > max_bytes:
        raise ArchiveError(
            f"The zip file would unpack to {total:,} bytes, more than the {max_bytes:,} that are plausible.",
            hint="Nothing was unpacked. Do not use this file; get it from its authors' page.",
        )


def _stays_inside(name: str) -> bool:
    """Tell whether a name is relative on every system and never climbs up."""
    path = PurePosixPath(name)
    return (
        bool(path.parts)
        and not path.is_absolute()
        and not {"\\", ":", "\0"} & set(name)
        and ".." not in path.parts
    )


def _is_plain(entry: zipfile.ZipInfo) -> bool:
    """Tell whether an entry is a folder or an ordinary file (or 0, without modes): no symlink, no device."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    return kind in (0, stat.S_IFREG, stat.S_IFDIR)


def _unpack_one(file: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with file.open(entry) as packed, target.open("xb") as unpacked:
        shutil.copyfileobj(packed, unpacked)
