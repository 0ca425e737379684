"""Metrics of a run: JSON lines that are appended one by one and read while they grow, and TensorBoard files."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastrcnn_core.files import atomic_write
from fastrcnn_core.structures import StepReport

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

METRICS_FILE = "metrics.jsonl"
VALIDATION_FILE = "validation.jsonl"
TENSORBOARD_FOLDER = "tensorboard"
Row = dict[str, Any]


@dataclass(frozen=True)
class Columns:
    """Columns of equal length of the rows that were read so far, and the position from which to read on.

    Args:
        values: each name's values, in the order of the steps; None where a row lacks the name.
        length: number of rows.
        position: byte up to which the file was read. file: its inode, so that a replaced file is read anew.
    """

    values: dict[str, list[Any]] = field(default_factory=dict)
    length: int = 0
    position: int = 0
    file: int = 0

    def __getitem__(self, name: str) -> list[Any]:
        return self.values.get(name, [None] * self.length)

    def __len__(self) -> int:
        return self.length


def metrics_row(report: StepReport) -> Row:
    """Return a step's report as values for JSON, without its tensors; None for NaN and infinite numbers."""
    tensors = ("rois", "losses", "scores")
    names = [item.name for item in dataclasses.fields(report) if item.name not in tensors]
    values = {name: getattr(report, name) for name in names}
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in values.items()
    }


def append_row(path: Path, row: Row) -> None:
    """Append one line; a line that a crash truncated before is closed first."""
    line = json.dumps(row, allow_nan=False) + "\n"
    with path.open("a+b") as file:  # reads anywhere, writes at the end
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(line.encode())


def read_columns(path: Path, earlier: Columns | None = None) -> Columns:
    """Read the file's rows as columns; with an earlier result, only what was appended since.

    A truncated last line is left for the next time; a truncated line in the middle (a crash) is skipped.
    """
    if not path.exists():
        return Columns()
    file = path.stat().st_ino
    if earlier is None or earlier.file != file or path.stat().st_size < earlier.position:
        earlier = Columns(file=file)
    with path.open("rb") as stream:
        stream.seek(earlier.position)
        lines, newline, _ = stream.read().rpartition(b"\n")
    position = earlier.position + len(lines + newline)
    return _extended(earlier, list(_rows(lines)), position=position)


def filter_rows(path: Path, keep: Callable[[Row], bool]) -> None:
    """Rewrite the file with these rows alone: a resumed run takes back what came after its checkpoint."""
    if not path.exists():
        return
    rows = [row for row in _rows(path.read_bytes()) if keep(row)]
    with atomic_write(path) as partial:
        partial.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


class TensorBoardWriter:
    """Writer of TensorBoard event files: each number of a row becomes a curve; a file begins with the first row."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / TENSORBOARD_FOLDER
        self._first_step: int | None = None
        self._writer: SummaryWriter | None = None

    def add(self, group: str, row: Row, *, step: int) -> None:
        """Add a row's numbers to their curves; names, lists and missing numbers have none."""
        for name, value in row.items():
            if isinstance(value, int | float) and name not in ("step", "epoch"):
                self._open().add_scalar(f"{group}/{name}", value, step)

    def rewind(self, step: int) -> None:
        """Make readers of the next file forget the steps after this one in earlier files."""
        self._first_step = step + 1

    def close(self) -> None:
        """Write what waits in the background."""
        if self._writer is not None:
            self._writer.close()

    def _open(self) -> SummaryWriter:
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self._folder), purge_step=self._first_step)
        return self._writer


def _extended(earlier: Columns, rows: list[Row], *, position: int) -> Columns:
    names = dict.fromkeys([*earlier.values, *(name for row in rows for name in row)])
    values = {name: [*earlier[name], *(row.get(name) for row in rows)] for name in names}
    return Columns(values, earlier.length + len(rows), position, earlier.file)


def _rows(text: bytes) -> Iterator[Row]:
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:  # truncated by a crash
            continue
        if isinstance(row, dict):
            yield row
