"""Places among houses: a shopping street, a road, an alley."""

from __future__ import annotations

from renderer.places.place import Place, Trees
from renderer.places.planting import hedge, potted, shrubs
from renderer.places.plot import FacadeMaker, Plot
from renderer.things import furniture, lookalikes
from renderer.town import paving
from renderer.town.facade import Facade
from renderer.town.ground import Material
from renderer.town.house import house, shop_house

_AT_SHOPS = (
    lookalikes.dress_form,
    lookalikes.coat_rack,
    lookalikes.parasol,
    lookalikes.poster,
    lookalikes.statue,
)
_ON_PAVEMENTS = (
    *(
        furniture.post,
        furniture.litter_bin,
        furniture.sign,
        furniture.lamp,
        lookalikes.letterbox,
        furniture.trunk,
    ),
)
_ACROSS_ROADS = (
    *(furniture.trunk, furniture.traffic_light, furniture.sign, furniture.lamp),
    *(lookalikes.letterbox, lookalikes.statue, lookalikes.poster),
)
_AT_KERBS = (
    furniture.post,
    furniture.bollard,
    furniture.traffic_light,
    furniture.hydrant,
    furniture.railing,
)
_IN_ALLEYS = (
    *(
        furniture.trunk,
        furniture.post,
        furniture.lamp,
        furniture.litter_bin,
        furniture.sign,
        furniture.bollard,
    ),
    *(lookalikes.dress_form, lookalikes.poster),
)


def shopping_street(plot: Plot) -> Place:
    """Return a pavement along shop fronts."""
    near = plot.near
    wall = plot.lay(near * plot.uniform(1.25, 2.6), plot.pavement())
    front = wall - 0.7, wall - 0.3
    return Place(
        "shopping street",
        plot.street,
        [plot.plane(wall, facades(plot, wall, plot.uniform(6.5, 10), shops=1.0))],
        (0.85 * near, wall - 0.8),
        None,
        plot.things(*front, _AT_SHOPS, 2) + plot.things(0.8 * near, wall - 0.5, _ON_PAVEMENTS, 2),
        potted(plot, *front, plot.upto(2)),
        plot.bicycles(*front, plot.upto(1)),
        plot.dapple(0.3),
    )


def road(plot: Plot) -> Place:
    """Return a pavement, a road with cars, and houses or a hedge on the other side."""
    near = plot.near
    first = plot.lay(near * plot.uniform(1.02, 1.3), plot.pavement())
    plot.lay(first + 0.18, plot.kerb(0.25))
    far = plot.lay(first + plot.uniform(4.5, 8), _tarmac(plot))
    plot.lay(far + 0.10, paving.gutter)
    plot.lay(far + 0.35, plot.kerb(0.25))
    wall = plot.lay(far + plot.uniform(2.5, 5), plot.pavement())
    built = plot.chance(0.65)
    if not built:
        plot.lawn_to_the_horizon()
    return Place(
        "road",
        plot.street,
        [plot.plane(wall, facades(plot, wall, plot.uniform(7, 11), shops=0.6))] if built else [],
        (0.8 * near, far - 2.2),
        None if built else Trees(wall + plot.uniform(4, 14), plot.uniform(6, 10)),
        plot.things(far + 0.6, wall - 0.6, _ACROSS_ROADS, 3)
        + plot.things(0.75 * near, first, _AT_KERBS, 2),
        [] if built else hedge(plot, wall - 0.5, plot.uniform(0.9, 1.6)),
        plot.cars(far - 1.0) + (plot.cars(first + 1.1) if plot.chance(0.4) else []),
        plot.dapple(0.25),
    )


def alley(plot: Plot) -> Place:
    """Return a street that leads away from the camera, houses along it."""
    plot.angle = (1 if plot.chance(0.5) else -1) * plot.uniform(1.12, 1.42)
    wall, opposite, near = plot.uniform(2.6, 5.5), -plot.uniform(4.0, 9.0), plot.near
    pavement = plot.uniform(2.2, 3.5)
    if plot.chance(0.5):
        edge = wall - pavement
        plot.lay(edge - 0.3, paving.asphalt(plot.rng))
        plot.lay(edge - 0.22, paving.gutter)
        plot.lay(edge, plot.kerb(0.2))
    plot.lay(wall + 0.1, plot.pavement())
    plot.lawn_to_the_horizon()
    planes = [plot.receding_plane(wall, facades(plot, None, plot.uniform(6, 10), shops=0.6))]
    if plot.chance(0.5):
        planes.insert(
            0, plot.receding_plane(opposite, facades(plot, None, plot.uniform(6, 10), shops=0.4))
        )
    return Place(
        "alley",
        plot.street,
        planes,
        (opposite + 0.5, wall - 0.6),
        Trees(near * plot.uniform(5, 8), plot.uniform(6, 11)),
        plot.things(wall - pavement, wall - 0.3, _IN_ALLEYS, 5),
        shrubs(plot, wall - pavement, wall - 0.3, plot.upto(2)),
        [],
        plot.dapple(0.3),
    )


def facades(plot: Plot, wall: float | None, height: float, *, shops: float) -> FacadeMaker:
    """Paint a house of this height, with shops as often as `shops` says.

    What is above the picture of a house at v = `wall` is not painted; None if it is seen at an angle.
    """
    paint = shop_house if plot.chance(shops) else house
    if wall is not None:
        visible_height = (
            plot.camera.eye + 1.3 * wall * max(plot.camera.horizon, 20) / plot.camera.focal + 0.5
        )
        height = min(height, max(visible_height, 3.6))

    def make(width: float, scale: float) -> Facade:
        return paint(plot.rng, height=height, width=width, scale=scale)

    return make


def _tarmac(plot: Plot) -> Material:
    tarmac = paving.asphalt(plot.rng)
    if not plot.chance(0.4):
        return tarmac
    start = plot.uniform(-3, 1)
    return paving.zebra(tarmac, start=start, end=start + 3.5)
