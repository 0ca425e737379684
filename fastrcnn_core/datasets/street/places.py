"""Places where people walk: what lies on the ground, what stands behind, and what stands about.

A place is only a plan; `scene` draws it. Distances are in metres, `near` is how far away the main people are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from fastrcnn_core.datasets.street import facade, furniture, ground, leaves, masonry
from fastrcnn_core.datasets.street.camera import Camera
from fastrcnn_core.datasets.street.ground import Band, Street
from fastrcnn_core.datasets.street.noise import Array
from fastrcnn_core.datasets.street.plane import Plane, visible_span


@dataclass(frozen=True, eq=False)
class Plant:
    """A bush, hedge or crown: its foot, how high it hangs, its size (height, width), 2 for a ball and 8 for a hedge."""

    right: float
    depth: float
    lift: float
    size: tuple[float, float]
    boxy: float
    green: Array


@dataclass(frozen=True)
class Thing:
    """Street furniture and where it stands."""

    right: float
    depth: float
    make: furniture.Maker


@dataclass(frozen=True)
class Parked:
    """A car ("car") or a bicycle ("bicycle") and where it stands."""

    right: float
    depth: float
    kind: str


@dataclass(frozen=True, eq=False)
class Place:
    """A plan.

    Args:
        name: what kind of place it is. street: its ground. planes: facades, the farthest first.
        walk: from where to where across the street people walk.
        trees: (metres away, metres high) of the green behind everything; None for open sky.
        plants, things, parked: what stands about. dapple: how much shade leaves throw, in [0, 1].
    """

    name: str
    street: Street
    planes: Sequence[Plane]
    walk: tuple[float, float]
    trees: tuple[float, float] | None
    plants: Sequence[Plant] = ()
    things: Sequence[Thing] = ()
    parked: Sequence[Parked] = ()
    dapple: float = 0.0


@dataclass(frozen=True, eq=False)
class _Plot:
    """Where a place is planned."""

    rng: np.random.Generator
    camera: Camera
    near: float
    angle: float
    bands: list[Band] = field(default_factory=list)

    def street(self) -> Street:
        return Street(self.angle, tuple(self.bands))

    def lay(self, end: float, material: ground.Material) -> float:
        self.bands.append(Band(end, material))
        return end

    def uniform(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def pavement(self) -> ground.Material:
        kinds = (ground.slabs, ground.bricks, ground.asphalt)
        return kinds[self.rng.choice(3, p=(0.5, 0.3, 0.2))](self.rng)

    def spot(self, low: float, high: float, reach: float = 0.55) -> tuple[float, float]:
        """A (right, depth) between two v, seen in the picture or just outside it."""
        for _ in range(40):
            v = self.uniform(low, high)
            ray = self.uniform(-reach, reach) * self.camera.width / self.camera.focal
            depth = v / (np.sin(self.angle) * ray + np.cos(self.angle))
            if 0.6 * self.near < depth < 8 * self.near:
                return float(ray * depth), float(depth)
        return 0.0, float(high / np.cos(self.angle))


def choose_place(rng: np.random.Generator, camera: Camera, near: float) -> Place:
    """One of seven kinds of place."""
    plans: tuple[tuple[float, Callable[[_Plot], Place]], ...] = (
        (0.18, _shops),
        (0.13, _garden_wall),
        (0.22, _road),
        (0.17, _park),
        (0.17, _campus),
        (0.18, _alley),
    )
    weights = np.array([weight for weight, _ in plans])
    plan = plans[rng.choice(len(plans), p=weights / weights.sum())][1]
    angle = float(rng.choice([0.0, 1.0, 1.0]) * rng.uniform(-0.42, 0.42))
    plot = _Plot(rng, camera, near, angle)
    place = plan(plot)
    return replace(place, plants=[*place.plants, *_crowns(plot, place.things)])


def _shops(plot: _Plot) -> Place:
    """A pavement along shop fronts."""
    wall = plot.lay(plot.near * plot.uniform(1.25, 2.6), plot.pavement())
    house = _house(plot, wall, height=plot.uniform(6.5, 10), shop=True)
    front = (wall - 0.7, wall - 0.3)
    things = _things(
        plot,
        front,
        (
            furniture.dress_form,
            furniture.coat_rack,
            furniture.parasol,
            furniture.bin_,
            furniture.statue,
        ),
        2,
    )
    things += _things(
        plot,
        (plot.near * 0.8, wall - 0.5),
        (
            furniture.post,
            furniture.bin_,
            furniture.sign,
            furniture.lamp,
            furniture.letterbox,
            furniture.trunk,
        ),
        2,
    )
    bicycles = [Parked(*plot.spot(*front), "bicycle")] if plot.chance(0.45) else []
    plants = [_potted(plot, *plot.spot(*front)) for _ in range(plot.rng.integers(0, 3))]
    return Place(
        "shops",
        plot.street(),
        [house],
        (plot.near * 0.85, wall - 0.8),
        None,
        plants,
        things,
        bicycles,
        _dapple(plot, 0.3),
    )


def _garden_wall(plot: _Plot) -> Place:
    """A pavement along a brick or stone wall, trees behind it."""
    path = plot.lay(plot.near * plot.uniform(1.15, 2.0), plot.pavement())
    if plot.chance(0.5):
        plot.lay(path + 0.15, ground.kerb(plot.rng, plot.chance(0.3)))
    wall = plot.lay(
        path + plot.uniform(0.4, 2.2),
        ground.grass(plot.rng) if plot.chance(0.7) else ground.earth(plot.rng),
    )
    material = (masonry.brick, masonry.brick, masonry.stone, masonry.plaster)[
        plot.rng.integers(0, 4)
    ]
    plane = _plane(
        plot,
        wall,
        lambda width, scale: facade.wall(
            plot.rng, material, height=plot.uniform(2.0, 3.6), width=width, scale=scale
        ),
    )
    plants = [
        _shrub(plot, *plot.spot(path + 0.2, wall - 0.1)) for _ in range(plot.rng.integers(0, 5))
    ]
    things = _things(
        plot,
        (path + 0.1, wall - 0.2),
        (furniture.trunk, furniture.trunk, furniture.lamp, furniture.bench, furniture.statue),
        3,
    )
    things += _things(
        plot,
        (plot.near * 0.8, path),
        (furniture.post, furniture.sign, furniture.hydrant, furniture.bollard, furniture.bin_),
        2,
    )
    trees = (wall + plot.uniform(3, 9), plot.uniform(5, 9)) if plot.chance(0.8) else None
    return Place(
        "wall",
        plot.street(),
        [plane],
        (plot.near * 0.8, path - 0.1),
        trees,
        plants,
        things,
        (),
        _dapple(plot, 0.5),
    )


def _road(plot: _Plot) -> Place:
    """Pavement, road with cars at the far kerb, houses or trees behind."""
    first = plot.lay(plot.near * plot.uniform(1.02, 1.3), plot.pavement())
    plot.lay(first + 0.18, ground.kerb(plot.rng, plot.chance(0.25)))
    tarmac = ground.asphalt(plot.rng)
    if plot.chance(0.4):
        start = plot.uniform(-3, 1)
        tarmac = ground.marked(tarmac, stripe=0.5, gap=0.5, start=start, end=start + 3.5)
    road = plot.lay(first + plot.uniform(4.5, 8), tarmac)
    plot.lay(road + 0.10, ground.gutter(plot.rng))
    plot.lay(road + 0.35, ground.kerb(plot.rng, plot.chance(0.25)))
    wall = plot.lay(road + plot.uniform(2.5, 5), plot.pavement())
    built = plot.chance(0.65)
    planes = (
        [_house(plot, wall, height=plot.uniform(7, 11), shop=plot.chance(0.6))] if built else []
    )
    plants = [] if built else _hedge(plot, wall - 0.5, plot.uniform(0.9, 1.6))
    if not built:
        plot.lay(400.0, ground.grass(plot.rng))
    cars = _row_of_cars(plot, road - 1.0) + (
        _row_of_cars(plot, first + 1.1) if plot.chance(0.4) else []
    )
    things = _things(
        plot,
        (road + 0.6, wall - 0.6),
        (
            furniture.trunk,
            furniture.traffic_light,
            furniture.sign,
            furniture.lamp,
            furniture.letterbox,
            furniture.statue,
        ),
        3,
    )
    things += _things(
        plot,
        (plot.near * 0.75, first),
        (
            furniture.post,
            furniture.bollard,
            furniture.traffic_light,
            furniture.hydrant,
            furniture.railing,
        ),
        2,
    )
    trees = None if built else (wall + plot.uniform(4, 14), plot.uniform(6, 10))
    return Place(
        "road",
        plot.street(),
        planes,
        (plot.near * 0.8, road - 2.2),
        trees,
        plants,
        things,
        cars,
        _dapple(plot, 0.25),
    )


def _park(plot: _Plot) -> Place:
    """A path, lawns, bushes, benches and trees."""
    kinds = (ground.asphalt, ground.slabs, ground.earth, ground.bricks)
    path = plot.lay(plot.near * plot.uniform(1.05, 1.5), kinds[plot.rng.integers(0, 4)](plot.rng))
    if plot.chance(0.6):
        path = plot.lay(path + 0.16, ground.kerb(plot.rng, plot.chance(0.35)))
    far = path + plot.uniform(3, 9)
    plot.lay(400.0, ground.grass(plot.rng))
    plants = [_shrub(plot, *plot.spot(path + 0.8, far)) for _ in range(plot.rng.integers(2, 8))]
    plants += _hedge(plot, far, plot.uniform(0.8, 1.5)) if plot.chance(0.5) else []
    things = _things(
        plot,
        (path + 0.3, far),
        (
            furniture.trunk,
            furniture.trunk,
            furniture.bench,
            furniture.lamp,
            furniture.statue,
            furniture.sign,
        ),
        5,
    )
    things += _things(
        plot,
        (plot.near * 0.75, path),
        (furniture.bin_, furniture.post, furniture.bench, furniture.trunk),
        1,
    )
    bicycles = [Parked(*plot.spot(path - 0.5, path), "bicycle")] if plot.chance(0.25) else []
    trees = (far + plot.uniform(2, 10), plot.uniform(7, 12))
    return Place(
        "park",
        plot.street(),
        [],
        (plot.near * 0.8, path - 0.1),
        trees,
        plants,
        things,
        bicycles,
        _dapple(plot, 0.55),
    )


def _campus(plot: _Plot) -> Place:
    """A wide plaza, a kerb, a lawn and a hedge in front of a house of many windows."""
    plaza = plot.lay(plot.near * plot.uniform(1.15, 2.6), plot.pavement())
    plot.lay(plaza + 0.22, ground.kerb(plot.rng, plot.chance(0.5)))
    wall = plot.lay(plaza + plot.uniform(2.5, 9), ground.grass(plot.rng))
    house = _house(plot, wall, height=plot.uniform(7, 12), shop=False)
    plants = _hedge(plot, wall - 0.6, plot.uniform(0.5, 1.4)) if plot.chance(0.65) else []
    plants += [
        _shrub(plot, *plot.spot(plaza + 0.6, wall - 0.8)) for _ in range(plot.rng.integers(1, 6))
    ]
    things = _things(
        plot,
        (plaza + 0.4, wall - 0.8),
        (furniture.trunk, furniture.lamp, furniture.bench, furniture.statue, furniture.trunk),
        3,
    )
    things += _things(
        plot,
        (plot.near * 0.75, plaza),
        (furniture.bin_, furniture.post, furniture.bollard, furniture.sign, furniture.parasol),
        2,
    )
    bicycles = [
        Parked(*plot.spot(plaza - 0.6, plaza - 0.2), "bicycle")
        for _ in range(plot.rng.integers(0, 4))
    ]
    return Place(
        "campus",
        plot.street(),
        [house],
        (plot.near * 0.8, plaza - 0.1),
        None,
        plants,
        things,
        bicycles,
        _dapple(plot, 0.4),
    )


def _alley(plot: _Plot) -> Place:
    """A street that leads away from the camera, houses along it."""
    side = 1 if plot.chance(0.5) else -1
    turned = _Plot(plot.rng, plot.camera, plot.near, side * plot.uniform(1.12, 1.42))
    wall = plot.uniform(2.6, 5.5)
    road = plot.chance(0.5)
    opposite = -plot.uniform(4.0, 9.0)
    if road:
        edge = wall - plot.uniform(2.2, 3.5)
        turned.lay(edge - 0.3, ground.asphalt(plot.rng))
        turned.lay(edge - 0.22, ground.gutter(plot.rng))
        turned.lay(edge, ground.kerb(plot.rng, plot.chance(0.2)))
    turned.lay(wall + 0.1, turned.pavement())
    turned.lay(400.0, ground.grass(plot.rng))
    planes = [_house(turned, wall, height=plot.uniform(6, 10), shop=plot.chance(0.6))]
    if plot.chance(0.5):
        planes.insert(
            0, _house(turned, opposite, height=plot.uniform(6, 10), shop=plot.chance(0.4))
        )
    low = wall - (2.2 if road else 3.2)
    things = _things(
        turned,
        (low, wall - 0.3),
        (
            furniture.trunk,
            furniture.post,
            furniture.lamp,
            furniture.bin_,
            furniture.sign,
            furniture.bollard,
            furniture.dress_form,
        ),
        5,
    )
    trees = (plot.near * plot.uniform(5, 8), plot.uniform(6, 11)) if plot.chance(1.0) else None
    plants = [_shrub(turned, *turned.spot(low, wall - 0.3)) for _ in range(plot.rng.integers(0, 3))]
    return Place(
        "alley",
        turned.street(),
        planes,
        (opposite + 0.5, wall - 0.6),
        trees,
        plants,
        things,
        (),
        _dapple(plot, 0.3),
    )


def _plane(plot: _Plot, v: float, paint: Callable[[float, float], facade.Facade]) -> Plane:
    """A facade just as long and as finely painted as it is seen."""
    street = plot.street()
    steep = abs(plot.angle) > 1
    nearest = max(abs(v) * (0.9 if steep else 0.75), plot.near * 0.55)
    scale = min(plot.camera.focal / nearest, 90.0) * (0.8 if steep else 1.0)
    first, last = (
        (-7 * plot.near, 0.5 * plot.near) if plot.angle > 1 else (-0.5 * plot.near, 7 * plot.near)
    )
    if not steep:
        first, last = visible_span(street, v, plot.camera)
    else:
        scale = min(scale, 1300 / (last - first))
    return Plane(paint(last - first, scale), street, v, first)


def _house(plot: _Plot, v: float, *, height: float, shop: bool) -> Plane:
    top = plot.camera.eye + abs(v) * 1.3 * max(plot.camera.horizon, 20) / plot.camera.focal + 0.5
    shown = min(height, max(top, 3.6)) if abs(plot.angle) < 1 else height
    return _plane(
        plot,
        v,
        lambda width, scale: facade.house(
            plot.rng, height=shown, width=width, scale=scale, shop=shop
        ),
    )


def _things(
    plot: _Plot, across: tuple[float, float], makers: Sequence[furniture.Maker], most: int
) -> list[Thing]:
    count = plot.rng.integers(0, most + 1)
    return [
        Thing(*plot.spot(*across), makers[plot.rng.integers(0, len(makers))]) for _ in range(count)
    ]


def _crowns(plot: _Plot, things: Sequence[Thing]) -> list[Plant]:
    """Leaves over the trunks, mostly above the picture."""
    green = leaves.choose_green(plot.rng)
    return [
        Plant(
            it.right + plot.uniform(-0.4, 0.4),
            it.depth + 0.05,
            plot.uniform(2.3, 3.2),
            (plot.uniform(2.4, 3.4), plot.uniform(2.6, 4.2)),
            2.0,
            green,
        )
        for it in things
        if it.make is furniture.trunk and plot.chance(0.8)
    ]


def _shrub(plot: _Plot, right: float, depth: float) -> Plant:
    size = plot.uniform(0.6, 1.5)
    slim = plot.chance(0.18)
    shape = (size * 1.3, size * 0.5) if slim else (size, size * plot.uniform(1.0, 1.6))
    return Plant(right, depth, 0.0, shape, 2.2, leaves.choose_green(plot.rng))


def _potted(plot: _Plot, right: float, depth: float) -> Plant:
    size = plot.uniform(1.1, 1.8)
    return Plant(
        right,
        depth,
        0.05,
        (size, size * plot.uniform(0.28, 0.5)),
        2.4,
        leaves.choose_green(plot.rng),
    )


def _hedge(plot: _Plot, v: float, height: float) -> list[Plant]:
    """A clipped hedge across the picture, in pieces that follow the street."""
    green, pieces = leaves.choose_green(plot.rng), []
    first, last = visible_span(plot.street(), v, plot.camera)
    step = 1.1
    for u in np.arange(first - step, last + step, step):
        right = u * np.cos(plot.angle) + v * np.sin(plot.angle)
        depth = v * np.cos(plot.angle) - u * np.sin(plot.angle)
        if depth > 0.7 * plot.near:
            pieces.append(Plant(float(right), float(depth), 0.0, (height, 1.7), 7.0, green))
    return pieces


def _row_of_cars(plot: _Plot, v: float) -> list[Parked]:
    first, last = visible_span(plot.street(), v, plot.camera)
    cars, u = [], first - plot.uniform(0, 4)
    while u < last + 2:
        if plot.chance(0.72):
            right = u * np.cos(plot.angle) + v * np.sin(plot.angle)
            cars.append(
                Parked(float(right), float(v * np.cos(plot.angle) - u * np.sin(plot.angle)), "car")
            )
        u += plot.uniform(5.2, 7)
    return cars if abs(plot.angle) < 0.25 else []


def _dapple(plot: _Plot, share: float) -> float:
    return plot.uniform(0.5, 1.0) if plot.chance(share) else 0.0
