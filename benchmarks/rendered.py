"""Rendered devices against real ones: do they move networks alike, kind by kind?

    XRAY_DATA=FOLDER python -m benchmarks.rendered [--models NAME ...] [--shapes FILE] [--json FILE]

Test films that show no device are given the devices of the test films that do (an audit also lays
those of train films on), and then devices rendered from facts about these: the committed
``artifacts/devices/shapes.json``, or another file that ``xray label --shapes`` wrote. Each network
is judged by both. A row is a network and a kind, with both scores in margins; below it, for each
kind, how many answers are alike, and how the scores compare over the networks
(``xray.audits.known.record.agreement``).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks import _common
from xray.audits import judging, showing
from xray.audits.insertion import Material
from xray.audits.judging import Verdict
from xray.audits.known import record, truth
from xray.drawing import rendering
from xray.environment import artifact
from xray.labels import devices
from xray.models import registry
from xray.models.model import Model

#: Small networks of the project that see whole films: the lungs alone hide most devices.
MODELS = (
    "whole_film",
    "whole_film_augmented",
    "device_free",
    "device_matched",
    "device_balanced",
    "control-deep128-95-5-s1",
    "control-maxpool64-none-s1",
)


def materials(shapes: Path) -> dict[str, Material]:
    """The public test films with their own devices, and with rendered ones."""
    table, films = _common.public_test_films()
    drawn = rendering.read(films.shape[1:], shapes)
    return {
        "real": truth.audit_material(table, films, devices.stored_geometry()),
        "rendered": truth.audit_material(table, films, {}, further=drawn),
    }


def verdicts(models: list[Model], material: Material, name: str) -> dict[str, Verdict]:
    """What the audit says of each network, by its name."""
    with tqdm(desc=name, file=sys.stderr) as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        told = showing.ask(models, material, clouds=False, precision="float32", progress=report)
    if problems := [trials.problem for trials in told if trials.problem]:
        raise SystemExit(problems[0])
    return {
        model.card.name: judging.judge(material, trials, model.card.threshold_log_odds)
        for model, trials in zip(models, told, strict=True)
    }


def effects(found: dict[str, dict[str, Verdict]]) -> list[dict[str, Any]]:
    """Scores in margins and verdicts of each network and kind, by real and by rendered devices."""
    rows = []
    for name, real in found["real"].items():
        drawn = {each.kind: each for each in found["rendered"][name].kinds}
        rows += [
            {
                "model": name,
                "kind": each.kind,
                "real": round(each.score, 2),
                "rendered": round(drawn[each.kind].score, 2),
                "verdict": each.verdict,
                "of rendered": drawn[each.kind].verdict,
            }
            for each in real.kinds
            if each.kind in drawn
        ]
    return rows


def main() -> None:
    """Measure, print and write."""
    parser = _common.parser(__doc__)
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--shapes", type=Path, default=artifact("devices", rendering.FILE))
    options = parser.parse_args()
    models = [registry.load(name) for name in options.models]
    found = {
        part: verdicts(models, material, part)
        for part, material in materials(options.shapes).items()
    }
    alike = record.agreement(found["real"], found["rendered"], "rendered").set_index("kind")
    told = ("same", "decided", "against", "difference", "correlation", "slope")
    every = {f"{k}, {name}": float(alike.loc[k, name]) for k in alike.index for name in told}
    # Of fewer than three networks there is no slope.
    ratios = {name: value for name, value in every.items() if np.isfinite(value)}
    _common.report("rendered", effects(found), ratios, options.json)


if __name__ == "__main__":
    main()
