"""A hash of what a data set's files contain, remembered on disk while the files stay as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from fastrcnn_core.files import cache_folder, write_text


def fingerprint(root: Path, files: Iterable[Path]) -> str:
    """32 hexadecimal digits made of the files' contents and their paths below `root`, and of nothing else.

    The same data set gives the same digits in any folder, on any machine and in any order of `files`.
    """
    ordered = sorted(files, key=lambda path: path.relative_to(root).as_posix())
    remembered = cache_folder() / "fingerprints" / f"{_listing(root, ordered)}.txt"
    if remembered.is_file():
        return remembered.read_text(encoding="utf-8")
    digest = hashlib.blake2b(digest_size=16)
    for path in ordered:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}:{len(content)}:".encode())
        digest.update(content)
    write_text(remembered, digest.hexdigest())
    return digest.hexdigest()


def _listing(root: Path, files: list[Path]) -> str:
    """A hash of where the files are, their sizes and times of change: what is cheap to look at."""
    digest = hashlib.blake2b(str(root.resolve()).encode(), digest_size=16)
    for path in files:
        facts = path.stat()
        digest.update(f"\n{path} {facts.st_size} {facts.st_mtime_ns}".encode())
    return digest.hexdigest()
