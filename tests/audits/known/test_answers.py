"""Answers are kept and believed only of what would be shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from xray.audits.insertion import Material
from xray.audits.known import answers
from xray.audits.showing import Trials


def test_answers_come_back_as_they_were_kept_and_never_for_other_pictures(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    trials = Trials(
        rng.normal(size=5),
        device={"line": rng.normal(size=9), "support": rng.normal(size=7)},
        null={"line": rng.normal(size=9), "support": rng.normal(size=7)},
        relieved={"line": rng.normal(size=3)},
        sham={"line": rng.normal(size=3)},
    )
    path = tmp_path / "network" / "audit.npz"
    answers.keep(path, trials, "abc")
    again = answers.kept(path, "abc")
    assert again is not None
    np.testing.assert_array_equal(again.plain, trials.plain)
    for name in answers.FIELDS:
        assert getattr(again, name).keys() == getattr(trials, name).keys()
        for kind, odds in getattr(trials, name).items():
            np.testing.assert_array_equal(getattr(again, name)[kind], odds)
    assert answers.kept(path, "abd") is None
    assert answers.kept(tmp_path / "none.npz", "abc") is None


def test_what_is_shown_has_another_hash_when_anything_of_it_changes(material: Material) -> None:
    kind = "line"
    given = material.donors[kind]
    piece = given.layers[0].pieces[0]
    bright = replace(
        given.layers[0], pieces=(replace(piece, delta=3 * piece.delta), *given.layers[0].pieces[1:])
    )
    relief = material.reliefs[kind]
    others = [
        replace(material, boxes=[(0, 0, 50, 50)] * len(material.boxes)),
        replace(
            material,
            donors=material.donors | {kind: replace(given, layers=(bright, *given.layers[1:]))},
        ),
        replace(material, donors=material.donors | {kind: replace(given, nulls=given.nulls[::-1])}),
        replace(
            material, reliefs=material.reliefs | {kind: replace(relief, elsewhere=relief.masks)}
        ),
    ]
    assert len({answers.content(each) for each in [material, material, *others]}) == 5
