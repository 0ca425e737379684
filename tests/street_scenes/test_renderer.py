"""The parts of the renderer: the camera, solids, skeletons, light, shadows, and what hides what."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from renderer import noise
from renderer.actors import Actor
from renderer.camera import Camera, choose_camera
from renderer.film import Film, decode, develop
from renderer.light import Light, choose_light, column, linear
from renderer.people.person import person_solids
from renderer.people.pose import standing, walking
from renderer.people.skeleton import pose_skeleton
from renderer.people.wardrobe import choose_outfit
from renderer.portrait import portray
from renderer.relief import NOWHERE, Relief
from renderer.shadow import Caster, thrown_shadows
from renderer.solids import Body, Limb, extent, plain, seen_from
from renderer.sprite import Sprite, Stand
from renderer.town.facade import Area, Facade
from renderer.town.ground import Band, Street, paint_ground
from renderer.town.plane import Plane, paint_plane
from renderer.visibility import owners, visible

# A metre at a depth of 10 m is 50 pixels; the ground there is 75 rows below the horizon.
CAMERA = Camera(height=200, width=300, horizon=60.0, focal=500.0, eye=1.5)
RED, BLUE = plain(linear(255, 0, 0)), plain(linear(0, 0, 255))


def daylight(right: float) -> Light:
    """Sun from the right (or, below 0, from the left) at 45 degrees."""
    sun = np.array([right, abs(right), 0.0]) / (np.sqrt(2) * abs(right))
    white, dim = noise.floats(1, 1, 1), noise.floats(0.2, 0.2, 0.2)
    return Light("test", (float(sun[0]), float(sun[1]), 0.0), white, dim, dim, dim, 1e9, 0.0)


def point(*place: float) -> np.ndarray:
    return np.array(place)


# Noise


def test_a_random_source_belongs_to_its_numbers_alone() -> None:
    draws = [noise.generator(*numbers).random() for numbers in ((1, 2), (2, 1), (1, 2, 0), (1, 2))]
    assert draws[0] == draws[3]
    assert len(set(draws)) == 3


@pytest.mark.parametrize("roughness", [0.0, -1.0, -2.0])
def test_a_tile_goes_on_over_its_own_edges(roughness: float) -> None:
    tile = noise.tile(roughness)
    across_the_edge = np.abs(tile[0] - tile[-1]).mean()
    inside = np.abs(np.diff(tile, axis=0)).mean()
    assert across_the_edge == pytest.approx(inside, rel=0.15)
    assert (tile.mean(), tile.std()) == (pytest.approx(0, abs=1e-4), pytest.approx(1, abs=1e-3))


def test_cutting_beyond_a_tile_wraps_around() -> None:
    rows = noise.stretched(noise.generator(0), 2 * noise.TILE, 1.0)
    assert sorted(set(rows.tolist())) == list(range(noise.TILE))
    assert rows[0] == rows[noise.TILE]


def test_each_block_of_a_wall_has_a_shade_of_its_own() -> None:
    rows, columns = np.mgrid[0:50, 0:50]
    shades = noise.scatter(rows, columns)
    assert shades.min() >= 0
    assert shades.max() < 1
    assert abs(shades.mean() - 0.5) < 0.02
    assert abs(np.corrcoef(shades[:, :-1].ravel(), shades[:, 1:].ravel())[0, 1]) < 0.06


# The camera


def test_the_ground_is_seen_where_its_depth_says() -> None:
    assert CAMERA.row(10.0) == 60 + 75
    assert CAMERA.depth(135) == 10.0
    assert CAMERA.scale(10.0) == 50
    assert CAMERA.column(2.0, 10.0) == 150 + 100
    assert CAMERA.right(250, 10.0) == 2.0


def test_what_is_as_high_as_the_eye_is_seen_at_the_horizon() -> None:
    columns_rows = CAMERA.project(np.array([[0, 1.5, 4.0], [0, 1.5, 40.0], [1, 0.0, 10.0]]))
    assert columns_rows.tolist() == [[150, 60], [150, 60], [200, 135]]


def test_a_chosen_camera_shows_an_adult_in_a_sensible_size() -> None:
    for index in range(50):
        camera = choose_camera(noise.generator(index))
        near = camera.depth(0.94 * camera.height)
        assert 90 < 1.7 * camera.scale(near) < 360
        assert camera.horizon < 0.75 * camera.height


# Solids


def relief() -> Relief:
    return Relief(height=60, width=60, scale=10.0, row=50.0, column=30.0)


def test_a_ball_covers_a_disc_and_faces_the_camera_in_its_middle() -> None:
    canvas = relief()
    canvas.add(Limb(point(0, 2, 0), point(0, 2, 0), (1.0, 1.0), RED))
    inside = canvas.depth > NOWHERE
    assert inside.sum() == pytest.approx(np.pi * 10**2, rel=0.03)
    assert canvas.depth[30, 30] == pytest.approx(1.0, abs=0.01)
    assert canvas.normal[:, 30, 30] == pytest.approx([0, 0, 1], abs=0.08)
    assert canvas.normal[0, 30, 38] > 0.7
    assert canvas.normal[1, 22, 30] > 0.7
    np.testing.assert_allclose(np.linalg.norm(canvas.normal[:, inside], axis=0), 1, atol=1e-3)


def test_a_cylinder_is_as_wide_and_as_high_as_its_profile() -> None:
    canvas = relief()
    profile = noise.floats(1, 0.5, 0.5, 0, 3, 0.5, 0.5, 0).reshape(2, 4)
    canvas.add(Body(point(1, 0, 0), profile, RED))
    rows, columns = np.nonzero(canvas.depth > NOWHERE)
    assert (rows.min(), rows.max() + 1) == (20, 40)
    assert (columns.min(), columns.max() + 1) == (35, 45)


# At 45 degrees the half-width is the root of (1² + 0.4²) / 2: 0.76 m.
@pytest.mark.parametrize(
    ("turn", "width"), [(0.0, 20), (np.pi / 2, 8), (np.pi, 20), (np.pi / 4, 16)]
)
def test_a_flat_body_is_narrow_from_the_side(turn: float, width: int) -> None:
    canvas = relief()
    profile = noise.floats(0, 1, 0.4, 0, 2, 1, 0.4, 0).reshape(2, 4)
    canvas.add(Body(point(0, 0, 0), profile, RED, turn=turn))
    columns = np.flatnonzero((canvas.depth > NOWHERE).any(0))
    assert np.ptp(columns) + 1 == width


def test_what_is_nearer_hides_what_is_behind_in_whichever_order_they_are_drawn() -> None:
    near = Limb(point(0, 2, 1), point(0, 2, 1), (1.0, 1.0), RED)
    far = Limb(point(0, 2, -1), point(0, 2, -1), (1.5, 1.5), BLUE)
    pictures = []
    for order in ((near, far), (far, near)):
        canvas = relief()
        for solid in order:
            canvas.add(solid)
        pictures.append(canvas.albedo)
        assert canvas.albedo[:, 30, 30].tolist() == [1, 0, 0]
        assert canvas.albedo[:, 30, 43].tolist() == [0, 0, 1]
    np.testing.assert_array_equal(*pictures)  # type: ignore[arg-type]


def test_a_sleeve_ends_where_it_is_cut() -> None:
    cut, round_ = relief(), relief()
    cut.add(Limb(point(0, 3, 0), point(0, 2, 0), (0.5, 0.5), RED, reach=0.0))
    round_.add(Limb(point(0, 3, 0), point(0, 2, 0), (0.5, 0.5), RED))
    last = [np.flatnonzero((canvas.depth > NOWHERE).any(1)).max() + 1 for canvas in (cut, round_)]
    assert last == [30, 35]


def test_a_solid_lies_within_its_extent() -> None:
    limb = Limb(point(1, 2, 0), point(-1, 3, 0), (0.5, 0.2), RED)
    bounds = extent(limb)
    assert (bounds.left, bounds.right, bounds.bottom, bounds.top) == (-1.5, 1.5, 1.5, 3.5)


def test_what_stands_nearer_is_seen_lower() -> None:
    toe = Limb(point(0, 0, 0.5), point(0, 1.5, 0.5), (0.1, 0.1), RED)
    (projected,) = seen_from([toe], eye=1.5, depth=10.0)
    assert isinstance(projected, Limb)
    assert projected.start.tolist() == [0, -0.075, 0.5]
    assert projected.end.tolist() == [0, 1.5, 0.5]


# People


def figures(count: int) -> list[Any]:
    makers = (walking, standing)
    return [
        pose_skeleton(makers[i % 2](noise.generator(i)), stature=1.7, turn=i * 0.7)
        for i in range(count)
    ]


def test_the_lower_foot_of_everybody_stands_on_the_ground() -> None:
    for skeleton in figures(20):
        low = min(min(leg[2, 1] - 0.038 * 1.7, leg[3, 1] - 0.012 * 1.7) for leg in skeleton.legs)
        assert low == pytest.approx(0, abs=1e-9)


def test_limbs_keep_their_lengths_in_every_pose() -> None:
    for skeleton in figures(20):
        for leg in skeleton.legs:
            assert np.linalg.norm(leg[1] - leg[0]) == pytest.approx(0.240 * 1.7)
            assert np.linalg.norm(leg[2] - leg[1]) == pytest.approx(0.238 * 1.7)
        for arm in skeleton.arms:
            assert np.linalg.norm(arm[1] - arm[0]) == pytest.approx(0.180 * 1.7)
            assert np.linalg.norm(arm[2] - arm[1]) == pytest.approx(0.148 * 1.7)


def test_a_person_is_about_as_tall_as_its_stature() -> None:
    for i, skeleton in enumerate(figures(20)):
        solids = person_solids(skeleton, choose_outfit(noise.generator(i), warmth=0.5))
        top = max(extent(solid).top for solid in solids)
        assert 1.6 < top < 1.9


def test_whoever_faces_the_camera_has_its_left_hand_on_the_right() -> None:
    pose = standing(noise.generator(1))
    facing, away = (pose_skeleton(pose, stature=1.7, turn=turn) for turn in (0.0, np.pi))
    assert facing.arms[0][0][0] > 0 > facing.arms[1][0][0]
    assert away.arms[0][0][0] < 0 < away.arms[1][0][0]


def test_the_sprite_of_a_person_is_as_high_as_scale_and_stature_say() -> None:
    skeleton = pose_skeleton(standing(noise.generator(3)), stature=1.7, turn=0.4)
    solids = person_solids(skeleton, choose_outfit(noise.generator(3), warmth=0.5))
    stand = Stand(row=190.0, column=150.0, scale=100.0, depth=5.0, sunlit=1.0)
    sprite = portray(solids, stand, daylight(1), frame=(200, 300), rng=noise.generator(0))
    rows = np.flatnonzero(sprite.shape.any(1))
    assert 160 <= np.ptp(rows) + 1 <= 190
    assert sprite.row + rows[-1] == pytest.approx(190, abs=3)
    colour = sprite.colour()
    assert colour.shape == (3, *sprite.alpha.shape)
    assert np.isfinite(colour).all()
    assert not colour[:, sprite.alpha == 0].any()


def test_the_side_that_faces_the_sun_is_brighter() -> None:
    ball = [Limb(point(0, 1, 0), point(0, 1, 0), (0.5, 0.5), plain(noise.floats(0.5, 0.5, 0.5)))]
    stand = Stand(row=100.0, column=50.0, scale=50.0, depth=10.0, sunlit=1.0)
    sides = []
    for sun in (1, -1):
        sprite = portray(ball, stand, daylight(sun), frame=(200, 300), rng=noise.generator(0))
        light = sprite.colour().mean(0)
        half = light.shape[1] // 2
        sides.append(light[:, half:].sum() / light[:, :half].sum())
    assert sides[0] > 1.5
    assert sides[1] < 1 / 1.5


# Light and shadow


def test_a_surface_gets_the_more_sun_the_more_it_faces_it() -> None:
    right, up, left = np.eye(3)[0], np.eye(3)[1], -np.eye(3)[0]
    normals = np.stack([right, up, left], 1)[:, None].astype(np.float32)
    sunny, shady = daylight(1).on(normals, 1.0)[0, 0], daylight(1).on(normals, 0.0)[0, 0]
    direct = sunny - shady
    assert direct[0] == pytest.approx(direct[1]) == pytest.approx(0.92 * 2**-0.5 + 0.08, abs=1e-5)
    assert direct[2] == 0
    np.testing.assert_allclose(shady, 0.2, atol=1e-6)


def test_a_shadow_falls_away_from_the_sun_and_is_as_long_as_its_post_at_45_degrees() -> None:
    post = Limb(point(0, 0, 0), point(0, 2, 0), (0.05, 0.05), RED)
    lit = thrown_shadows([Caster(0.0, 10.0, [post])], CAMERA, daylight(1))
    row = lit[round(CAMERA.row(10.0)) - 1]
    dark = np.flatnonzero(row < 0.5)
    assert dark.max() == pytest.approx(CAMERA.column(0.0, 10.0), abs=5)
    assert dark.min() == pytest.approx(CAMERA.column(-2.0, 10.0), abs=5)


def test_nothing_throws_no_shadow() -> None:
    assert (thrown_shadows([], CAMERA, daylight(1)) == 1).all()


def test_the_sun_is_never_behind_the_horizon_nor_right_behind_the_people() -> None:
    for index in range(60):
        light = choose_light(noise.generator(index))
        assert light.sun[1] > 0.15
        assert np.linalg.norm(light.sun) == pytest.approx(1)
        assert light.sun[2] > -0.45


def test_what_sends_back_more_light_is_brighter_in_the_photograph() -> None:
    film = Film(brightness=0.45, warmth=0.0, pallor=0.0, blur=0.2, grain=1.0, quality=90)
    light = np.broadcast_to(np.linspace(0.05, 0.6, 64, dtype=np.float32), (3, 48, 64))
    picture = decode(develop(light, film, noise.generator(0)))
    assert picture.shape == (48, 64, 3)
    assert picture.dtype == np.uint8
    steps = np.diff(picture.mean((0, 2))[::8])
    assert (steps > 0).all()


# Ground and walls


def test_a_band_of_ground_reaches_to_its_depth() -> None:
    street = Street(0.0, (Band(10.0, _painted(1, 0, 0)), Band(np.inf, _painted(0, 0, 1))))
    ground = paint_ground(street, CAMERA)
    edge = round(CAMERA.row(10.0)) - CAMERA.first_row
    assert ground.shape == (3, 200 - CAMERA.first_row, 300)
    assert (ground[:, edge + 2 :] == column(noise.floats(1, 0, 0))).all()
    assert (ground[:, : edge - 2] == column(noise.floats(0, 0, 1))).all()


def _painted(*colour: float) -> Callable[[Any], Any]:
    return lambda spot: column(noise.floats(*colour)) + 0 * spot.u


@pytest.mark.parametrize("angle", [0.0, 0.3, -0.3, 1.2])
def test_a_facade_is_seen_where_the_camera_sees_its_corners(angle: float) -> None:
    street = Street(angle, ())
    facade = Facade(np.zeros((3, 100, 400), np.float32), scale=20.0)
    facade.fill(Area(9.0, 11.0, 1.0, 3.0), noise.floats(1, 1, 1))
    v = 8.0
    u = -v * np.tan(angle) - 10.0  # so that its middle is straight ahead
    picture = np.full((3, 200, 300), 0.5, np.float32)
    plane = Plane(facade, street, v=v, u=float(u))
    paint_plane(picture, plane, CAMERA, daylight(1), np.zeros((200, 1), np.float32))
    right, depth = street.place(plane.u + 10.0, v)
    (inside, below) = CAMERA.project(np.array([[right, 2.0, depth], [right, 0.4, depth]]))
    assert inside[0] == pytest.approx(150)
    assert picture[0, round(inside[1]), round(inside[0])] > 0.05
    assert picture[0, round(below[1]), round(below[0])] < 0.01


# What hides what


def actor(depth: float, *, rows: slice, columns: slice, is_person: bool) -> Actor:
    shape = rows.stop - rows.start, columns.stop - columns.start
    sprite = Sprite(
        rows.start, columns.start, np.ones(shape, np.float32), lambda: np.zeros((3, *shape))
    )
    return Actor(sprite, Caster(0.0, depth, []), is_person)


def person(depth: float, columns: slice, rows: slice = slice(20, 120)) -> Actor:
    return actor(depth, rows=rows, columns=columns, is_person=True)


def test_the_nearer_person_owns_the_pixels_that_both_cover() -> None:
    near, far = person(5.0, slice(100, 140)), person(8.0, slice(80, 120))
    owner = owners(visible([near, far], CAMERA), CAMERA)
    assert owner[50, 90] == 1
    assert owner[50, 110] == 2
    assert owner[50, 130] == 2
    assert owner[150, 110] == 0


def test_a_post_takes_pixels_from_whoever_is_behind_it() -> None:
    post = actor(4.0, rows=slice(0, 150), columns=slice(110, 115), is_person=False)
    owner = owners(visible([person(8.0, slice(90, 130)), post], CAMERA), CAMERA)
    assert owner[50, 112] == 0
    assert owner[50, 105] == owner[50, 120] == 1


@pytest.mark.parametrize(("hidden", "stays"), [(24, True), (25, False)])
def test_whoever_shows_less_than_two_fifths_is_left_out(hidden: int, stays: bool) -> None:
    behind = person(8.0, slice(100, 140))
    before = person(5.0, slice(100 - 40 + hidden, 100 + hidden), rows=slice(20, 150))
    assert (behind in visible([behind, before], CAMERA)) == stays


def test_whoever_shows_less_than_sixty_rows_is_left_out() -> None:
    tall, low = person(8.0, slice(10, 50), slice(20, 80)), person(9.0, slice(60, 90), slice(20, 79))
    assert visible([tall, low], CAMERA) == [tall]


def test_if_everybody_were_hidden_what_hides_them_is_left_out_instead() -> None:
    van = actor(4.0, rows=slice(0, 200), columns=slice(0, 300), is_person=False)
    house = actor(20.0, rows=slice(0, 200), columns=slice(0, 300), is_person=False)
    walker = person(8.0, slice(100, 140))
    assert visible([van, house, walker], CAMERA) == [house, walker]


def test_without_people_everything_stays_from_back_to_front() -> None:
    near, far = (
        actor(depth, rows=slice(0, 50), columns=slice(0, 50), is_person=False)
        for depth in (2.0, 9.0)
    )
    assert visible([near, far], CAMERA) == [far, near]
    assert not owners([far, near], CAMERA).any()


def test_a_sprite_that_reaches_beyond_the_picture_is_cut_to_it() -> None:
    sprite = Sprite(-5, 290, np.ones((20, 30), np.float32), lambda: np.ones((3, 20, 30)))
    window, part = sprite.within((200, 300))
    assert window == (slice(0, 15), slice(290, 300))
    assert part == (slice(5, 20), slice(0, 10))
    outside = Sprite(500, 0, np.ones((5, 5), np.float32), lambda: np.ones((3, 5, 5)))
    assert sprite.alpha[outside.within((200, 300))[1]].shape[0] == 0
