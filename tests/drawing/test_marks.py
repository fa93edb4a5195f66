"""Marks: what looks agree on, and where a device is by its pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.drawing.plain_films import SIZE, ground, look, wire
from xray.drawing import marks
from xray.drawing.marks import Mark


def test_a_course_marked_beside_a_wire_is_moved_onto_it() -> None:
    film = wire(ground(), [(60, 20), (80, 200)])
    marked = np.array([[63.0, 20.0], [83.0, 200.0]])
    moved = marks.snapped(film, marked)
    on_wire = np.interp(moved[:, 1], [20, 200], [60, 80])
    assert np.abs(moved[20:-20, 0] - on_wire[20:-20]).mean() < 1.0


def test_what_two_looks_agree_on_counts_and_the_surer_names_it() -> None:
    course = [[2.0, 1.0], [3.0, 8.0]]
    first = look(("line", course, 0.6), ("electrode", [8, 8, 0.4], 0.9))
    second = look(("tube", course, 0.9))
    found, alone = marks.agreed([first, second], SIZE)
    assert [mark.kind for mark in found] == ["tube"]
    assert [mark.kind for mark in alone] == ["electrode"]
    single, none = marks.agreed([first], SIZE)
    assert len(single) == 2
    assert not none


def test_a_support_is_cut_along_its_edge_not_its_box() -> None:
    film = ground(level=0.15)
    bag = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(bag, [np.array([[223, 0], [190, 0], [223, 140]], np.int32)], 1)
    film[bag > 0] += 0.5
    mask = marks.outline(film, Mark("support", [8.2, 0.0, 10.0, 6.5]))
    overlap = (mask & (bag > 0)).sum() / (mask | (bag > 0)).sum()
    assert overlap > 0.85


LINE = [[2.0, 1.0], [3.0, 8.0]]


def kinds(looks: list[dict[str, object]]) -> tuple[list[str], list[str]]:
    found, alone = marks.agreed(looks, SIZE)
    return [mark.kind for mark in found], [mark.kind for mark in alone]


def test_doubtful_marks_do_not_count() -> None:
    assert kinds([look(("line", LINE, marks.SURE), ("tube", LINE, 0.49))]) == (["line"], [])
    assert kinds([]) == ([], [])


def test_of_two_kinds_that_are_not_taken_for_each_other_each_stands_alone() -> None:
    box = [1.0, 0.5, 4.0, 8.5]
    assert kinds([look(("line", LINE, 0.9)), look(("support", box, 0.9))]) == (
        [],
        ["line", "support"],
    )


def test_a_device_that_both_looks_mark_is_found_once() -> None:
    beside = [[x + 0.1, y] for x, y in LINE]
    assert kinds([look(("line", LINE, 0.6)), look(("line", beside, 0.9))]) == (["line"], [])
    far = [[x + 4, y] for x, y in LINE]
    assert kinds([look(("line", LINE, 0.6)), look(("line", far, 0.9))]) == ([], ["line", "line"])


def test_a_mark_that_lies_within_the_other_look_s_is_not_found_from_its_side_alone() -> None:
    """A short mark lies within the long one; the long one is beyond what the short one says."""
    short = [[2.0, 1.0], [2.1, 1.7]]
    found, alone = marks.agreed([look(("line", LINE, 0.9)), look(("line", short, 0.9))], SIZE)
    assert [mark.geometry for mark in found] == [short]
    assert [mark.geometry for mark in alone] == [LINE]


def test_strokes_lie_where_the_mark_says() -> None:
    box = marks.stroke(Mark("other", [1.0, 2.0, 3.0, 5.0]), (100, 200))
    ys, xs = np.nonzero(box)
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (20, 59, 20, 49)
    assert box.sum() == 40 * 30
    disc = marks.stroke(Mark("electrode", [5.0, 5.0, 1.0]), (100, 100))
    # A radius of ten pixels and the margin: eleven whole ones.
    assert disc[50, 50] and disc.sum() == pytest.approx(np.pi * 11**2, rel=0.06)
    doubtful = marks.stroke(Mark("other", [1.0, 2.0, 3.0, 5.0], 0.1), (100, 200))
    assert np.array_equal(doubtful, box), "where it would be does not depend on how sure one is"


def test_the_union_of_marks() -> None:
    one, other = Mark("other", [1.0, 1.0, 2.0, 2.0]), Mark("other", [1.5, 1.0, 2.5, 2.0])
    assert marks.any_of([one, other], (100, 100)).sum() == 15 * 10
    assert not marks.any_of([], (100, 100)).any()


def test_masks_grow_by_pixels() -> None:
    mask = np.zeros((9, 9), bool)
    mask[4, 4] = True
    assert marks.dilated(mask, 0) is mask
    assert marks.dilated(mask, 1).sum() == 5
    assert np.nonzero(marks.dilated(mask, 3).any(axis=0))[0].tolist() == list(range(1, 8))


@pytest.mark.parametrize("kind", ["line", "tube"])
def test_a_course_is_as_wide_as_its_kind(kind: str) -> None:
    film = wire(ground(), [(60, 20), (60, 200)])
    mask = marks.outline(film, Mark(kind, [[2.7, 0.9], [2.7, 8.9]]))
    width = round(marks.WIDTHS[kind] * SIZE[0])
    rows = mask[60:160]
    assert np.abs(rows.sum(axis=1) - width).max() <= 1
    assert np.nonzero(rows)[1].mean() == pytest.approx(60, abs=1)


def test_a_course_without_a_ridge_stays_near_its_mark() -> None:
    course = np.array([[60.0, 20.0], [60.0, 200.0]])
    moved = marks.snapped(np.full(SIZE, 0.5, np.float32), course)
    np.testing.assert_allclose(moved[:, 0], 60, atol=1e-6)
    assert (moved[0, 1], moved[-1, 1]) == (20, 200)
    # However bright a ridge is: beyond its reach it is another's.
    beyond = int(60 + 4 * marks.REACH * SIZE[0])
    moved = marks.snapped(wire(ground(), [(beyond, 0), (beyond, 223)]), course)
    assert np.abs(moved[:, 0] - 60).max() <= round(marks.REACH * SIZE[0])


def test_an_electrode_is_its_disc() -> None:
    mark = Mark("electrode", [4.0, 4.0, 0.4])
    assert np.array_equal(marks.outline(ground(), mark), marks.stroke(mark, SIZE))


def test_the_bright_thing_in_a_box_or_nothing() -> None:
    film = ground(level=0.2)
    film[100:120, 100:130] += 0.5
    mark = Mark("other", [4.0, 4.0, 6.3, 5.8])
    mask = marks.bright_thing(film, mark)
    truth = np.zeros(SIZE, bool)
    truth[100:120, 100:130] = True
    assert (mask & truth).sum() / (mask | truth).sum() > 0.9
    assert not marks.bright_thing(np.full(SIZE, 0.2, np.float32), mark).any()
    elsewhere = Mark("other", [0.5, 0.5, 2.0, 2.0])
    assert not (marks.bright_thing(film, elsewhere) & truth).any()
