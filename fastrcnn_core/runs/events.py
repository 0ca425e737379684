"""TensorBoard event files beside the JSON lines, because that is what people already have open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fastrcnn_core.runs.metrics import Row

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

EVENTS = "tensorboard"
NO_CURVE = ("step", "epoch")


class EventFiles:
    """Writes each number of a row as a curve; the file begins with the first row."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / EVENTS
        self._first_step: int | None = None
        self._writer: SummaryWriter | None = None

    def add(self, group: str, row: Row, *, step: int) -> None:
        """Put a row's numbers on their curves; names, lists and numbers that are missing have none."""
        for name, value in row.items():
            if isinstance(value, int | float) and name not in NO_CURVE:
                self._open().add_scalar(f"{group}/{name}", value, step)

    def go_back_to(self, step: int) -> None:
        """Readers of the next file forget what came after this step in earlier ones."""
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
