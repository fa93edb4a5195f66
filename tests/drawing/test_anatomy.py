"""Parts of a made-up chest: where they lie, and the frame that they are drawn in."""

from __future__ import annotations

import numpy as np
import pytest

from xray.drawing import anatomy
from xray.drawing.anatomy import Build, Frame

#: A film on which anatomy and film are the same: x and y from -1 to 1.
STRAIGHT = Frame((128, 128), np.eye(2, 3))
BUILD = Build(0.6, -0.7, 0.4, 0.3, 0.1, False, np.zeros(64))


def at(plane: np.ndarray, x: float, y: float) -> float:
    """Value of a plane of ``STRAIGHT`` at a place of the anatomy."""
    return float(plane[round((y + 1) * 64 - 0.5), round((x + 1) * 64 - 0.5)])


def turned(degrees: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.column_stack([scale * np.array([[c, -s], [s, c]]), shift])


def test_points_of_the_frame_in_pixels() -> None:
    """Sixteenths of a pixel, whose middle is a whole number."""
    frame = Frame((50, 100), np.eye(2, 3))
    points = frame.pixels(np.array([[0, 0], [1, 1], [-1, 0.5]])) / 16
    np.testing.assert_allclose(points, [[49.5, 24.5], [99.5, 49.5], [-0.5, 37.0]], atol=1 / 16)
    shifted = Frame((50, 100), np.array([[1.0, 0, 0.5], [0, 1, 0]])).pixels(np.zeros((1, 2)))
    np.testing.assert_allclose(shifted / 16, [[74.5, 24.5]], atol=1 / 16)


def test_units_of_the_frame() -> None:
    frame = Frame((50, 100), np.eye(2, 3))
    assert frame.unit == 37.5
    assert (frame.width(0.1), frame.width(0.001)) == (4, 1)
    assert frame.blank().shape == (50, 100) and not frame.blank().any()


@pytest.mark.parametrize("matrix", [np.eye(2, 3), turned(20, 1.2, (0.1, -0.2))])
def test_the_grid_undoes_the_pose(matrix: np.ndarray) -> None:
    frame = Frame((40, 60), matrix)
    x, y = np.broadcast_arrays(*frame.grid())
    assert x.shape == y.shape == (40, 60)
    back = np.stack([x, y, np.ones_like(x)], -1) @ matrix.T
    np.testing.assert_allclose(back[0, 0], [-1 + 1 / 60, -1 + 1 / 40], atol=1e-5)
    np.testing.assert_allclose(back[-1, -1], [1 - 1 / 60, 1 - 1 / 40], atol=1e-5)


def test_areas_and_strokes_cover_what_they_should() -> None:
    square = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    plane = STRAIGHT.area(square, 0)
    assert plane.dtype == np.float32 and (plane.min(), plane.max()) == (0, 1)
    assert plane.mean() == pytest.approx(1 / 4, rel=0.05)
    # Cutting corners at a quarter takes an eighth off: four triangles of 1/4 by 1/4 by a half.
    assert STRAIGHT.area(square, 1).mean() == pytest.approx(7 / 32, rel=0.05)
    line = STRAIGHT.strokes([np.array([[-0.5, 0], [0.5, 0]])], 0.125)
    assert at(line, 0, 0) == 1 and at(line, 0, 0.2) == 0
    assert line[:, 64].sum() == pytest.approx(8, abs=2)
    closed = STRAIGHT.strokes([square], 0.05, closed=True)
    opened = STRAIGHT.strokes([square], 0.05)
    assert at(closed, -0.5, 0) == 1 and at(opened, -0.5, 0) == 0


@pytest.mark.parametrize("units", [0.01, 0.05, 0.3])
def test_blurring_keeps_the_mean(units: float) -> None:
    plane = STRAIGHT.area(np.array([[-0.3, -0.3], [0.3, -0.3], [0.3, 0.3], [-0.3, 0.3]]), 0)
    soft = STRAIGHT.soft(plane, units)
    assert soft.shape == plane.shape and soft.dtype == np.float32
    assert soft.mean() == pytest.approx(plane.mean(), rel=0.03)
    np.testing.assert_allclose(STRAIGHT.soft(np.ones_like(plane), units), 1, atol=1e-5)


def test_wide_blurs_are_the_same_on_a_smaller_picture() -> None:
    """A point becomes a bell: its peak is 1 / (2 pi sigma^2)."""
    plane = STRAIGHT.blank()
    plane[64, 64] = 1
    soft = STRAIGHT.soft(plane, 0.25)
    assert soft.max() == pytest.approx(1 / (2 * np.pi * 16**2), rel=0.1)


def test_clouds_are_smooth_and_seeded() -> None:
    one = STRAIGHT.cloud(np.random.default_rng(1), 5)
    assert np.array_equal(one, STRAIGHT.cloud(np.random.default_rng(1), 5))
    assert not np.array_equal(one, STRAIGHT.cloud(np.random.default_rng(2), 5))
    assert one.std() > 0.3 and np.abs(np.diff(one, axis=0)).max() < 0.2


def test_corners_are_cut_at_a_quarter() -> None:
    triangle = np.array([[0.0, 0], [4, 0], [0, 4]])
    once = anatomy.rounded(triangle, 1)
    np.testing.assert_allclose(once, [[1, 0], [3, 0], [3, 1], [1, 3], [0, 3], [0, 1]])
    np.testing.assert_array_equal(anatomy.rounded(triangle, 0), triangle)
    assert anatomy.rounded(triangle).shape == (24, 2)
    np.testing.assert_allclose(anatomy.rounded(triangle).mean(axis=0), triangle.mean(axis=0))


def test_curves_run_from_the_first_to_the_last_point() -> None:
    way = anatomy.curve(np.array([[0.0, 0], [1, 2], [2, 0]]), 21)
    np.testing.assert_allclose(way[[0, 10, 20]], [[0, 0], [1, 1], [2, 0]], atol=1e-12)
    # x runs evenly, y is the parabola 4 t (1 - t).
    t = np.linspace(0, 1, 21)
    np.testing.assert_allclose(way, np.column_stack([2 * t, 4 * t * (1 - t)]), atol=1e-12)


def test_children_are_drawn_within_bounds() -> None:
    drawn = [Build.draw(np.random.default_rng(seed)) for seed in range(50)]
    for build in drawn:
        assert 0.56 <= build.chest <= 0.68
        assert build.top < -0.5 < 0.2 < build.bottom
        assert 0.4 < build.heart / build.chest < 0.6, "of the breadth of the chest"
    assert {build.arms_up for build in drawn} == {False, True}


def test_the_rib_cage_is_narrow_at_the_apex() -> None:
    assert BUILD.cage(BUILD.top) == pytest.approx(0.36 * 0.6)
    assert BUILD.cage(BUILD.bottom + 0.22) == pytest.approx(0.6)
    widths = BUILD.cage(np.linspace(BUILD.top, BUILD.bottom + 0.22, 20))
    assert (np.diff(widths) > 0).all()


def test_lungs_lie_beside_the_middle() -> None:
    right, left = anatomy.lungs(STRAIGHT, BUILD)
    half = STRAIGHT.size[1] // 2
    assert not right[:, half:].any() and not left[:, :half].any()
    assert at(right, -0.3, 0) == at(left, 0.3, 0) == 1
    # The liver holds the right dome higher.
    lowest = [np.nonzero(side[:, at_] > 0.5)[0].max() for side, at_ in ((right, 45), (left, 82))]
    assert lowest[0] < lowest[1]
    assert np.nonzero(right > 0.5)[0].min() / 64 - 1 == pytest.approx(BUILD.top, abs=0.08)


def test_the_body_holds_everything() -> None:
    body = anatomy.body(STRAIGHT, BUILD)
    right, left = anatomy.lungs(STRAIGHT, BUILD)
    assert body[(right + left) > 0.5].min() > 0
    assert at(body, 0, 0) == pytest.approx(0.95, abs=0.03), "one in the middle"
    assert at(body, 0, 0.95) > at(body, 0, 0) > at(body, 0, -0.95) > at(body, 0.5, -0.95) == 0
    assert at(body, 0.9, 0) == pytest.approx(0.62, abs=0.01), "an arm"
    raised = Build(0.6, -0.7, 0.4, 0.3, 0.1, True, np.zeros(64))
    lifted = anatomy.body(STRAIGHT, raised)
    assert at(lifted, 0.95, -0.9) > at(body, 0.95, -0.9)
    assert at(lifted, 0.85, 0.3) < at(body, 0.85, 0.3)


def test_the_heart_lies_to_the_patient_s_left() -> None:
    heart = anatomy.middle(STRAIGHT, BUILD)
    assert heart.min() >= 0 and heart.max() == pytest.approx(1, abs=0.01)
    assert at(heart, 0.05, 0.35) == pytest.approx(1, abs=0.01)
    low = heart[64 + 10 : 64 + 32]
    assert low[:, 64:].sum() > 1.2 * low[:, :64].sum()
    assert at(heart, -0.5, 0) == at(heart, 0.5, -0.5) == 0


def test_the_airway_parts_at_the_carina() -> None:
    air = anatomy.airway(STRAIGHT, BUILD)
    assert air.min() >= 0 and air.max() <= 1.001
    carina = BUILD.top + 0.36
    assert at(air, -0.01, BUILD.top) > 0.8
    assert at(air, 0, carina + 0.14) < 0.2, "nothing below it in the middle"
    assert at(air, -0.13, carina + 0.14) > 0.3 and at(air, 0.18, carina + 0.13) > 0.3


def test_the_spine_is_in_the_middle_with_discs_between() -> None:
    spine = anatomy.spine(STRAIGHT, BUILD)
    columns = spine.sum(axis=0)
    assert (columns * np.arange(128)).sum() / columns.sum() == pytest.approx(63.5, abs=1.5)
    assert not spine[:, :48].any() and not spine[:, 80:].any()
    along = spine[40:90, 63]
    assert along.max() > 1.5 * along.min() > 0


@pytest.mark.parametrize("part", [anatomy.ribs, anatomy.girdle])
def test_bones_are_drawn_on_both_sides(part: object) -> None:
    """Without jitter the two sides mirror each other, but for rounding."""
    plane = part(STRAIGHT, BUILD)  # type: ignore[operator]
    assert plane.shape == STRAIGHT.size and np.isfinite(plane).all()
    assert plane.max() > 0.5
    assert np.abs(plane - plane[:, ::-1]).mean() < 0.05 * plane.mean()


def test_vessels_thin_out_from_the_hila() -> None:
    tree = anatomy.vessels(STRAIGHT, BUILD, np.random.default_rng(0))
    assert np.array_equal(tree, anatomy.vessels(STRAIGHT, BUILD, np.random.default_rng(0)))
    hilum = BUILD.top + 0.5
    y, x = (np.arange(128) + 0.5) / 64 - 1, (np.arange(128) + 0.5) / 64 - 1
    away = np.hypot(np.abs(x)[None] - 0.16, y[:, None] - hilum)
    near, far = tree[away < 0.1].mean(), tree[(away > 0.3) & (away < 0.4)].mean()
    assert near > 3 * far > 0
    assert tree[away > 0.8].max() < 0.01
