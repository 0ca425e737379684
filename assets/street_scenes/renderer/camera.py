"""The camera: a pinhole that looks straight ahead, held by a person who stands on the same ground.

World: X to the right, Y up from the ground, Z away from the camera, in metres. Picture: x to the
right, y down, in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderer.noise import Array


@dataclass(frozen=True)
class Camera:
    """The position of a camera and its field of view.

    Args:
        height, width: of the picture in pixels.
        horizon: the row at which the ground would end.
        focal: pixels per unit of X / Z.
        eye: metres above the ground.
    """

    height: int
    width: int
    horizon: float
    focal: float
    eye: float

    @property
    def first_row(self) -> int:
        """The first row in which nothing but ground can be seen."""
        return max(0, int(np.ceil(self.horizon)) + 1)

    def scale(self, depth: float) -> float:
        """Return pixels per metre at this depth."""
        return self.focal / depth

    def row(self, depth: float) -> float:
        """Return the row in which the ground at this depth is seen."""
        return self.horizon + self.focal * self.eye / depth

    def column(self, right: float, depth: float) -> float:
        """Return the column in which what stands at this X and depth is seen."""
        return self.width / 2 + self.focal * right / depth

    def depth(self, row: float) -> float:
        """Return the depth of the ground that is seen in this row, which is below the horizon."""
        return self.focal * self.eye / (row - self.horizon)

    def right(self, column: float, depth: float) -> float:
        """Return the X of what is seen in this column at this depth."""
        return (column - self.width / 2) * depth / self.focal

    def ground(self) -> tuple[Array, Array]:
        """X (h, W) and Z (h, 1) of the ground in the rows from `first_row`."""
        rows = np.arange(self.first_row, self.height, dtype=np.float32)[:, None] + 0.5
        depth = self.focal * self.eye / (rows - self.horizon)
        return self.rays()[None] * depth, depth

    def rays(self) -> Array:
        """Return (W,) the X per metre of depth of each column's center."""
        return ((np.arange(self.width) + 0.5 - self.width / 2) / self.focal).astype(np.float32)

    def project(self, points: Array) -> Array:
        """Return (N, 2) columns and rows of the points (N, 3); those too near are moved to 0.3 m."""
        depth = np.maximum(points[:, 2], 0.3)
        columns = self.width / 2 + self.focal * points[:, 0] / depth
        return np.stack([columns, self.horizon + self.focal * (self.eye - points[:, 1]) / depth], 1)


def choose_camera(rng: np.random.Generator) -> Camera:
    """Return a picture of a size as in Penn-Fudan, from where a person of 1.7 m fills 32 to 85 % of its height."""
    height = int(rng.integers(310, 480))
    shape = float(rng.choice([0.82, 0.98, 1.15, 1.34]) * rng.uniform(0.95, 1.07))
    width = int(np.clip(height * shape, 320, 640))
    scale = min(height * rng.uniform(0.32, 0.85), 325) / 1.7
    eye = rng.uniform(1.35, 2.1)
    horizon = height * rng.uniform(0.90, 0.975) - eye * scale
    return Camera(height, width, float(horizon), float(height * rng.uniform(1.2, 1.9)), float(eye))
