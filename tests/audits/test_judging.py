"""The verdict on networks whose answer is known, and the figures that it rests on."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.fakes import Fake
from tests.helpers.worn import SIZE, reader, sickness
from xray import classes
from xray.audits import insertion, judging, showing, uncertainty
from xray.audits.insertion import Material
from xray.audits.judging import Margin
from xray.audits.uncertainty import CALLS, Influence, Measure
from xray.models.card import Card


def verdict(material: Material, rule: object, threshold: float = 0.0) -> judging.Verdict:
    model = Fake(rule, Card("fake", size=SIZE))  # type: ignore[arg-type]
    (trials,) = showing.ask([model], material)
    return judging.judge(material, trials, threshold)


def test_a_network_that_reads_wires_is_found_and_one_that_is_blind_to_them_cleared(
    material: Material,
) -> None:
    found = verdict(material, reader, threshold=0.5)
    lines = {k.kind: k for k in found.kinds}
    assert lines["line"].verdict == "reads_devices"
    assert (found.verdict, found.kind) == ("reads_devices", "line")
    assert found.score > 2
    # No other kind has donors: said, and no reason to hold the model back.
    assert lines["support"].verdict == "cannot_be_judged"
    wide = Margin(calls=25, auroc=0.2)
    (trials,) = showing.ask([Fake(sickness, Card("fake", size=SIZE))], material)
    blind = judging.judge(material, trials, 0.0, margin=wide)
    plain = judging.judge(material, trials, 0.0, margin=wide, averaged=False)
    assert [each.as_json()["calls_averaged"] for each in (blind, plain)] == [True, False]
    assert {k.kind: k.verdict for k in blind.kinds}["line"] == "no_reliance"


def test_one_that_knows_nothing_or_all_the_wrong_way_round_is_not_judged(
    material: Material,
) -> None:
    rng = np.random.default_rng(0)
    nothing = verdict(material, lambda film: float(rng.normal()))
    assert nothing.verdict == "cannot_be_judged"
    assert not nothing.kinds
    reverse = verdict(material, lambda film: -reader(film))
    assert reverse.verdict == "cannot_be_judged"
    assert "healthy people above sick ones" in reverse.reasons[0]


def test_what_calls_nearly_everything_sick_is_judged_at_another_threshold() -> None:
    rng = np.random.default_rng(1)
    sick = np.arange(400) % 2 == 1
    children = np.array([f"c{i // 4}" for i in range(400)])
    odds = rng.normal(size=400) + 2 * sick + 10
    everyone = np.arange(400)
    cut = judging.cut(odds, sick, children, 0.0, everyone)
    assert "PNEUMONIA" in cut.why
    with classes.using(classes.Classes("well", "tuberculosis")):
        said = judging.cut(odds, sick, children, 0.0, everyone).why
        assert "without devices tuberculosis, so" in said and "PNEUMONIA" not in said
    assert (odds > cut.films)[~sick].mean() == pytest.approx(0.1, abs=0.04)
    # No film is judged by a threshold that it helped to set.
    others = odds.copy()
    others[~sick & (children == "c0")] += 100
    again = judging.cut(others, sick, children, 0.0, everyone)
    own = ~sick & (children == "c0")
    np.testing.assert_array_equal(again.films[own], cut.films[own])
    assert judging.cut(odds, sick, children, 11.0, everyone).why == ""
    # Where one class shows no film without devices, nobody knows what it calls.
    alone = judging.cut(odds, sick, children, 0.0, np.flatnonzero(~sick))
    assert alone.why == "" and (alone.films == 0.0).all()


def figure(kind: str, value: float, seed: int) -> Measure:
    """A change of calls among 300 people, of an error of about 1.2."""
    noise = np.random.default_rng(seed).normal(scale=21, size=300)
    share = (noise - noise.mean()) / 300
    who = np.arange(300) + 300 * seed
    kin = Influence(share, who, who)
    return Measure("insertion", kind, "NORMAL", CALLS, value, kin, films=300, donors=300)


def test_a_kind_is_judged_the_same_whatever_else_was_asked() -> None:
    wires = figure("line", 5.6, 0)
    others = [figure(kind, 0.0, i) for i, kind in enumerate(insertion.KINDS, 1) if kind != "line"]
    for figures in ([wires], [wires, *others]):
        told = judging.by_kind(figures, uncertainty.joint(figures), Margin())
        assert {k.kind: k.verdict for k in told}["line"] == "reads_devices"
    # Bounds over all kinds at once would reach too far to say so.
    every = uncertainty.joint([wires, *others])
    found, _ = every.beyond(np.array([5.6, 0, 0, 0, 0]), np.full(5, 3.0))
    assert not found.any()


def test_a_class_of_one_child_passes_no_gate() -> None:
    rng = np.random.default_rng(0)
    sick = np.repeat([True, False], 40)
    odds = rng.normal(size=80) + 2 * sick
    many = np.array([f"c{i}" for i in range(80)])
    one = np.where(sick, "the only one", many)
    assert judging.gate(odds, sick, many)[1] > judging.GATE
    assert not judging.gate(odds, sick, one)[1] > judging.GATE
