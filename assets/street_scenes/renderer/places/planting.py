"""Plants of a place: shrubs, evergreens in pots, hedges, and leaves over the trunks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from renderer.places.place import Plant, Thing
from renderer.places.plot import Plot
from renderer.things import plants
from renderer.things.furniture import trunk
from renderer.town.plane import visible_span


def shrubs(plot: Plot, low: float, high: float, count: int) -> list[Plant]:
    """Bushes, most of them round, some slim."""
    return [_shrub(plot, *plot.spot(low, high)) for _ in range(count)]


def potted(plot: Plot, low: float, high: float, count: int) -> list[Plant]:
    """Slim evergreens, about as large as people."""
    sizes = [(tall, tall * plot.uniform(0.28, 0.5)) for tall in plot.rng.uniform(1.1, 1.8, count)]
    return [
        Plant(*plot.spot(low, high), 0.05, size, plants.choose_green(plot.rng), plants.bush)
        for size in sizes
    ]


def hedge(plot: Plot, v: float, height: float) -> list[Plant]:
    """Return a clipped hedge across the picture, in pieces that follow the street."""
    green, (first, last) = (
        plants.choose_green(plot.rng),
        visible_span(plot.street, v, plot.camera),
    )
    places = [plot.street.place(u, v) for u in np.arange(first - 1.1, last + 1.1, 1.1)]
    return [
        Plant(right, depth, 0.0, (height, 1.7), green, plants.hedge)
        for right, depth in places
        if depth > 0.7 * plot.near
    ]


def crowns(plot: Plot, things: Sequence[Thing]) -> list[Plant]:
    """Return leaves over most of the trunks among the things, mostly above the picture."""
    green = plants.choose_green(plot.rng)
    return [
        Plant(
            thing.right + plot.uniform(-0.4, 0.4),
            thing.depth + 0.05,
            plot.uniform(2.3, 3.2),
            (plot.uniform(2.4, 3.4), plot.uniform(2.6, 4.2)),
            green,
            plants.crown,
        )
        for thing in things
        if thing.make is trunk and plot.chance(0.8)
    ]


def _shrub(plot: Plot, right: float, depth: float) -> Plant:
    size = plot.uniform(0.6, 1.5)
    shape = (size * 1.3, size * 0.5) if plot.chance(0.18) else (size, size * plot.uniform(1.0, 1.6))
    return Plant(right, depth, 0.0, shape, plants.choose_green(plot.rng), plants.bush)
