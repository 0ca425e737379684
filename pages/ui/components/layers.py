"""Boxes of one role that are drawn together.

Shape letters: N boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastrcnn_core.palette import DASHES, Role
from fastrcnn_core.structures import FloatArray


@dataclass(frozen=True, eq=False)
class Layer:
    """Boxes of one role that are drawn, hovered over, chosen, and switched on and off together.

    Args:
        role: from `palette`; its look and its name in the legend.
        boxes: (N, 4) NumPy array or CPU tensor, in pixels of the picture; N may be 0.
        notes: N sentences that appear when the pointer is over a box; `<br>` breaks the line.
        texts: N short words that stand at the boxes, such as "0.97".
        label: another name for the legend than the role's.
        shown: False leaves it for the reader to switch on in the legend.
    """

    role: Role
    boxes: Any
    notes: Sequence[str] = ()
    texts: Sequence[str] = ()
    label: str = ""
    shown: bool = True

    @property
    def array(self) -> FloatArray:
        """(N, 4) float32."""
        return np.asarray(self.boxes, dtype=np.float32).reshape(-1, 4)

    @property
    def name(self) -> str:
        """Entry in the legend: the role and the number of boxes."""
        return f"{self.label or self.role.label} ({len(self.array)})"

    def scene(self) -> dict[str, Any]:
        """Return what the browser draws: plain values for JSON; coordinates to a hundredth of a pixel."""
        boxes, role = self.array, self.role
        own = [f"{role.label} {number}" for number in range(1, len(boxes) + 1)]
        return {
            "key": f"{role.name} {self.label}",
            "role": role.name,
            "name": self.name,
            "colour": role.colour,
            "dash": list(DASHES[role.dash]),
            "width": role.width,
            "opacity": role.opacity,
            "halo": role.halo,
            "hatch": role.hatch,
            "shown": self.shown,
            "boxes": np.round(boxes.astype(np.float64), 2).tolist(),
            "notes": list(self.notes) or own,
            "texts": list(self.texts),
        }
