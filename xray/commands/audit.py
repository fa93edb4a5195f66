"""``python -m xray audit MODEL ...``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from xray.commands._models import add_model_options, model_options
from xray.commands._tables import by_model
from xray.commands._workers import add_worker_options, working
from xray.errors import ArtifactError, DatasetError, ModelError
from xray.files import data_dir, write_json
from xray.models import registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``audit``."""
    parser.add_argument("model", nargs="+", help="registered name, or path of a .keras/.h5 file")
    parser.add_argument("--data", type=Path, help="folder of films (default: XRAY_DATA)")
    parser.add_argument("--split", default="test", help="split to audit on (default: test)")
    parser.add_argument("--seed", type=int, default=0, help="default 0")
    parser.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default="auto",
        help="arithmetic; auto takes bfloat16 where this processor gains by it and log-odds stay",
    )
    parser.add_argument("--json", type=Path, help="write the audits to this file")
    parser.add_argument(
        "--effects",
        type=Path,
        metavar="FOLDER",
        help="write what every intervention did to every film, as partitioned Parquet",
    )
    add_model_options(parser)
    add_worker_options(parser)


def run(options: argparse.Namespace) -> None:
    """Audit the models; registered ones are stored for the dashboard."""
    from xray.audits import archive, audit, inputs, verdict

    data = options.data or data_dir()
    if data is None or not data.is_dir():
        raise DatasetError("There are no films to audit on; give --data FOLDER or set XRAY_DATA.")
    # A wrong name is said before minutes go into drawing.
    loaded = [_load(name, options) for name in options.model]
    try:
        scale = verdict.load()
    except ArtifactError as error:
        print(f"{error} Until then every verdict is inconclusive.", file=sys.stderr)
        scale = None
    found: list[dict[str, Any]] = []
    about = ", ".join(options.model)
    with by_model(options.effects, ("test", "kind")) as keep, working(options, about) as stage:
        prepared = inputs.prepare(data, options.seed, options.split, stage("draw and inpaint"))
        for model in loaded:
            try:
                done = audit.audit(model, prepared, scale, options.precision, stage)
                keep(model.card.name, done.measured)
                value = done.to_json()
            except ModelError as error:
                value = audit.failed(model.card.name, error, prepared)
            found.append(value)
            if _is_registered(model):
                write_json(archive.path(model.card.name), value)
    for value in found:
        print(f"{value['model']}: {value['verdict'].replace('_', ' ')}")
        for reason in value["reasons"]:
            print(f"  {reason}")
    if options.json:
        write_json(options.json, found)


def _load(name: str, options: argparse.Namespace) -> registry.Model:
    path = Path(name).suffix in {".keras", ".h5", ".hdf5"}
    return registry.load(name, **(model_options(options) if path else {}))


def _is_registered(model: registry.Model) -> bool:
    stored = registry.models_dir() / model.card.name
    return (stored / "card.json").is_file() and registry.read_card(
        stored
    ).sha256 == model.card.sha256
