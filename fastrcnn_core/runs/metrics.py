"""What a run measured: JSON lines that are appended one by one and can be read while they grow."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastrcnn_core.files import atomic_write
from fastrcnn_core.structures import StepReport

METRICS_FILE = "metrics.jsonl"
VALIDATION_FILE = "validation.jsonl"
Row = dict[str, Any]


@dataclass(frozen=True)
class Columns:
    """Rows that were read so far, turned into columns of equal length, and where to go on reading.

    Args:
        values: each name's values, in the order of the steps; None where a row lacks the name.
        length: how many rows.
        position: byte up to which the file was read. file: which file that was, so that a replaced one is read anew.
    """

    values: dict[str, list[Any]] = field(default_factory=dict)
    length: int = 0
    position: int = 0
    file: int = 0

    def __getitem__(self, name: str) -> list[Any]:
        return self.values.get(name, [None] * self.length)

    def __len__(self) -> int:
        return self.length


def numbers_of(report: StepReport) -> Row:
    """A step in plain values for JSON: all of the report but its tensors; None for what is no finite number."""
    left_out = ("rois", "losses", "scores")
    names = [item.name for item in dataclasses.fields(report) if item.name not in left_out]
    values = {name: getattr(report, name) for name in names}
    return {name: None if _is_wild(value) else value for name, value in values.items()}


def append_row(path: Path, row: Row) -> None:
    """Add one line at the end; a line that a crash tore off before is closed first."""
    line = json.dumps(row, allow_nan=False) + "\n"
    with path.open("ab") as file:
        if file.tell() and not _ends_well(path):
            file.write(b"\n")
        file.write(line.encode())


def read_columns(path: Path, known: Columns | None = None) -> Columns:
    """The file's rows as columns; with `known`, only what came since is read.

    A torn last line is left for the next time; a torn line in the middle (a crash) is skipped.
    """
    if not path.exists():
        return Columns()
    file = path.stat().st_ino
    if known is None or known.file != file or path.stat().st_size < known.position:
        known = Columns(file=file)
    with path.open("rb") as stream:
        stream.seek(known.position)
        whole, newline, _ = stream.read().rpartition(b"\n")
    return _extended(known, list(_rows(whole)), position=known.position + len(whole + newline))


def keep_rows(path: Path, keep: Callable[[Row], bool]) -> None:
    """Leave only these rows in the file: a resumed run takes back what came after its checkpoint."""
    if not path.exists():
        return
    rows = [row for row in _rows(path.read_bytes()) if keep(row)]
    with atomic_write(path) as partial:
        partial.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _is_wild(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _extended(known: Columns, rows: list[Row], *, position: int) -> Columns:
    names = dict.fromkeys([*known.values, *(name for row in rows for name in row)])
    values = {name: [*known[name], *(row.get(name) for row in rows)] for name in names}
    return Columns(values, known.length + len(rows), position, known.file)


def _rows(text: bytes) -> Iterator[Row]:
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:  # torn by a crash
            continue
        if isinstance(row, dict):
            yield row


def _ends_well(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
