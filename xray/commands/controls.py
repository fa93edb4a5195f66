"""``python -m xray controls``: the models that the audit is tested on."""

from __future__ import annotations

import argparse
from pathlib import Path

from xray.commands._workers import add_worker_options, working
from xray.errors import DatasetError
from xray.files import artifacts_dir, cache_dir, data_dir


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``controls``."""
    parser.add_argument("--data", type=Path, help="folder of films (default: XRAY_DATA)")
    parser.add_argument("--models", type=Path, help="where the controls are kept and resumed from")
    parser.add_argument("--seed", type=int, default=0, help="seed of planting and audit; default 0")
    parser.add_argument("--most", type=int, help="train and measure only this many controls")
    parser.add_argument(
        "--judge",
        action="store_true",
        help="only judge the stored measurements again, as after a change of the score; needs no "
        "films",
    )
    add_worker_options(parser)


def run(options: argparse.Namespace) -> None:
    """Train what is missing, measure all, and write panel, quality and calibration."""
    from xray.audits import controls, inputs, panel

    stored = artifacts_dir() / "controls"
    if options.judge:
        known = panel.load(stored)
        panel.store(known, stored)
        print(panel.summary(known))
        return
    data = options.data or data_dir()
    if data is None or not data.is_dir():
        raise DatasetError("There are no films to train on; give --data FOLDER or set XRAY_DATA.")
    out = options.models or cache_dir() / "controls"
    specs = controls.panel()[: options.most]
    with working(options, str(data.name)) as stage:
        films = controls.base(data, options.seed, progress=stage("plant devices"))
        prepared = inputs.prepare(data, options.seed, progress=stage("draw and inpaint"))
        measured = panel.measure(
            controls.trained(specs, films, out, stage("train and measure controls")),
            prepared,
            films.part("test"),
            options.seed,
        )
    panel.store(measured, stored)
    for model in panel.shown(measured.table):
        panel.copy_model(out / model, artifacts_dir() / "models" / model)
    print(panel.summary(measured))
