"""``python -m xray audit MODEL ...``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xray.commands import _data
from xray.commands._models import MODEL_HELP, add_force, add_model_options, guard, load
from xray.commands._tables import by_model
from xray.commands._workers import add_worker_options, working
from xray.errors import ArtifactError, DatasetError, ModelError
from xray.files import data_dir, write_json
from xray.models import registry

#: What ``--fail-on`` takes.
VERDICTS = (
    *("reads_devices", "cannot_be_judged", "inconclusive", "no_reliance", "no_reliance_shown"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``audit``."""
    parser.add_argument("model", nargs="+", help=MODEL_HELP)
    parser.add_argument("--data", type=Path, help="folder of films (default: XRAY_DATA)")
    _data.add_classes(parser)
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
    parser.add_argument(
        "--fail-on", type=_verdicts, default=(), metavar="VERDICT[,VERDICT]",
        help="end with exit code 1 where a model's verdict is one of these: "
        + ", ".join(VERDICTS),
    )  # fmt: skip
    add_model_options(parser)
    add_force(parser)
    add_worker_options(parser)


def run(options: argparse.Namespace) -> int:
    """Audit the models; registered ones are stored for the dashboard. 1 where --fail-on holds."""
    from xray.audits import archive, audit, inputs, verdict

    data = options.data or data_dir()
    if data is None or not data.is_dir():
        raise DatasetError("There are no films to audit on; give --data FOLDER or set XRAY_DATA.")
    _data.tell(data, options.classes)
    # A wrong name is said before minutes go into drawing.
    loaded = [load(name, options) for name in options.model]
    for model in loaded:
        guard(model, data, options.force, wrong=True)
    try:
        scale = verdict.load()
    except ArtifactError as error:
        print(f"{error} Until then every verdict is inconclusive.", file=sys.stderr)
        scale = None
    found: list[dict[str, Any]] = []
    about = ", ".join(options.model)
    with by_model(options.effects, ("test", "kind")) as keep, working(options, about) as stage:
        prepared = inputs.prepare(data, options.seed, options.split, stage("draw and inpaint"))
        for name, model in zip(options.model, loaded, strict=True):
            try:
                done = audit.audit(model, prepared, scale, options.precision, stage)
                keep(model.card.name, done.measured)
                value = done.to_json()
            except ModelError as error:
                value = audit.failed(model.card.name, error, prepared)
            found.append(value)
            if registry.registered(name):
                write_json(archive.path(model.card.name), value)
    for value in found:
        print(f"{value['model']}: {value['verdict'].replace('_', ' ')}")
        for reason in value["reasons"]:
            print(f"  {reason}")
    if options.json:
        write_json(options.json, found)
    return exit_code(found, options.fail_on)


def exit_code(found: Sequence[Mapping[str, Any]], fail_on: Sequence[str]) -> int:
    """1 where a verdict is one to fail on, which is said; else 0.

    Parameters
    ----------
    found : audits as ``--json`` writes them
    fail_on : verdicts
    """
    failed = [f"{value['model']} ({value['verdict']})" for value in found
              if value["verdict"] in fail_on]  # fmt: skip
    if failed:
        print(f"failed (--fail-on): {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _verdicts(text: str) -> tuple[str, ...]:
    """Verdicts with commas between."""
    asked = tuple(part.strip() for part in text.split(","))
    if unknown := [each for each in asked if each not in VERDICTS]:
        raise argparse.ArgumentTypeError(
            f"'{unknown[0]}' is no verdict; one or several of: {', '.join(VERDICTS)}"
        )
    return asked
