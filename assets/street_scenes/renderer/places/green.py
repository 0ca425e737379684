"""Places with lawns and trees: along a garden wall, in a park, on a campus."""

from __future__ import annotations

from renderer.places.built import facades
from renderer.places.place import Place, Trees
from renderer.places.planting import hedge, shrubs
from renderer.places.plot import Plot
from renderer.things import furniture, lookalikes
from renderer.town import masonry, paving
from renderer.town.facade import Facade, wall

_ON_LAWNS = (*(furniture.trunk,) * 4, *(furniture.lamp, furniture.bench) * 2, lookalikes.statue)
_ON_PATHS = (
    *(furniture.post, furniture.sign, furniture.hydrant, furniture.bollard, furniture.litter_bin),
    *(furniture.bench, lookalikes.parasol),
)


def garden_wall(plot: Plot) -> Place:
    """Return a pavement along a wall, trees behind it."""
    near = plot.near
    path = plot.lay(near * plot.uniform(1.15, 2.0), plot.pavement())
    if plot.chance(0.5):
        plot.lay(path + 0.15, plot.kerb(0.3))
    soil = paving.grass if plot.chance(0.7) else paving.earth
    end = plot.lay(path + plot.uniform(0.4, 2.2), soil(plot.rng))
    plot.lawn_to_the_horizon()
    height = plot.uniform(2.0, 3.6)
    kinds = (masonry.brick, masonry.brick, masonry.stone, masonry.plaster)
    material = kinds[plot.upto(3)]

    def paint(width: float, scale: float) -> Facade:
        return wall(plot.rng, material, height=height, width=width, scale=scale)

    return Place(
        "garden wall",
        plot.street,
        [plot.plane(end, paint)],
        (0.8 * near, path - 0.1),
        Trees(end + plot.uniform(3, 9), plot.uniform(5, 9)) if plot.chance(0.8) else None,
        plot.things(path + 0.1, end - 0.2, _ON_LAWNS, 3)
        + plot.things(0.8 * near, path, _ON_PATHS, 2),
        shrubs(plot, path + 0.2, end - 0.1, plot.upto(4)),
        [],
        plot.dapple(0.5),
    )


def park(plot: Plot) -> Place:
    """Return a path, lawns, bushes, benches and trees."""
    near = plot.near
    kinds = (paving.asphalt, paving.slabs, paving.earth, paving.bricks)
    path = plot.lay(near * plot.uniform(1.05, 2.2), kinds[plot.upto(3)](plot.rng))
    if plot.chance(0.6):
        path = plot.lay(path + 0.16, plot.kerb(0.35))
    plot.lawn_to_the_horizon()
    far = path + plot.uniform(3, 9)
    return Place(
        "park",
        plot.street,
        [],
        (0.8 * near, path - 0.1),
        Trees(far + plot.uniform(2, 10), plot.uniform(7, 12)),
        plot.things(path + 0.3, far, _ON_LAWNS, 5) + plot.things(0.75 * near, path, _ON_PATHS, 1),
        shrubs(plot, path + 0.8, far, 2 + plot.upto(5))
        + (hedge(plot, far, plot.uniform(0.8, 1.5)) if plot.chance(0.5) else []),
        plot.bicycles(path - 0.5, path, plot.upto(1)),
        plot.dapple(0.55),
    )


def campus(plot: Plot) -> Place:
    """Return a wide plaza, a kerb, a lawn and a hedge in front of a house of many windows."""
    near = plot.near
    plaza = plot.lay(near * plot.uniform(1.15, 2.6), plot.pavement())
    plot.lay(plaza + 0.22, plot.kerb(0.5))
    end = plot.lay(plaza + plot.uniform(2.5, 9), paving.grass(plot.rng))
    return Place(
        "campus",
        plot.street,
        [plot.plane(end, facades(plot, end, plot.uniform(7, 12), shops=0.0))],
        (0.8 * near, plaza - 0.1),
        None,
        plot.things(plaza + 0.4, end - 0.8, _ON_LAWNS, 3)
        + plot.things(0.75 * near, plaza, _ON_PATHS, 2),
        shrubs(plot, plaza + 0.6, end - 0.8, 1 + plot.upto(4))
        + (hedge(plot, end - 0.6, plot.uniform(0.5, 1.4)) if plot.chance(0.65) else []),
        plot.bicycles(plaza - 0.6, plaza - 0.2, plot.upto(3)),
        plot.dapple(0.4),
    )
