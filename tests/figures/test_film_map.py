"""The map's points: who is where, who is dimmed, what a lasso can take."""

from __future__ import annotations

import numpy as np

from xray.figures import film_map


def test_every_film_is_a_point_of_its_group_and_dimmed_ones_cannot_be_taken() -> None:
    places = np.random.default_rng(0).random((6, 2)).astype(np.float32)
    groups = np.array(["a", "b", "a", "b", "a", "c"])
    dimmed = np.array([False, False, True, False, False, False])
    names = np.array([f"film {i}" for i in range(6)])
    colours = {"a": "#2A8FCB", "b": "#D07A00", "c": "#2F9C5C", "unknown": "#848B95"}
    figure, curves = film_map.films(places, groups, colours, names, dimmed, "5 films by class")
    assert [list(rows) for rows in curves] == [[], [0, 4], [1, 3], [5]]
    assert [trace.type for trace in figure.data] == ["scattergl"] * 4
    for trace, rows in zip(figure.data[1:], curves[1:], strict=True):
        assert np.allclose(np.array(trace.x) / film_map.FINEST, places[rows, 0], atol=1e-5)
        assert list(trace.text) == [f"film {i}" for i in rows]
    assert figure.data[0].marker.opacity < 0.3 and figure.data[0].hoverinfo == "skip"
    assert figure.layout.dragmode == "lasso"
    # Whatever is drawn again keeps the zoom.
    assert figure.layout.uirevision
