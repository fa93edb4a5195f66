"""``python -m xray audit MODEL ...``."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xray.commands import _data, _numbers
from xray.commands._models import MODEL_HELP, add_force, add_model_options, guard, load
from xray.commands._workers import add_worker_options, working
from xray.environment import films_dir
from xray.errors import DatasetError, ModelError
from xray.files import write_json
from xray.models import registry

if TYPE_CHECKING:
    from xray.audits.audit import Options
    from xray.models.model import Model

#: What ``--fail-on`` takes.
VERDICTS = ("reads_devices", "cannot_be_judged", "inconclusive", "no_reliance")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``audit``."""
    parser.add_argument("model", nargs="+", help=MODEL_HELP)
    parser.add_argument("--data", type=Path, help="folder of films (default: XRAY_DATA)")
    _data.add_classes(parser)
    parser.add_argument("--split", default="test", help="split to audit on, or all (default: test)")
    parser.add_argument(
        "--device-labels",
        type=Path,
        metavar="FILE",
        help="where devices are on the folder's films, as the workbench exports it (default: "
        "XRAY_DEVICE_LABELS and what is committed of the public test films; devices are rendered "
        "where no film is labelled)",
    )
    _add_margins(parser)
    parser.add_argument(
        "--trained-on",
        type=Path,
        metavar="FILE",
        help="names of films that the models were trained on, one a line; they judge nothing",
    )
    parser.add_argument("--seed", type=_numbers.seed, default=0, help="default 0")
    parser.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default="auto",
        help="arithmetic; auto takes bfloat16 where this processor gains by it and log-odds stay",
    )
    parser.add_argument("--json", type=Path, help="write the audits to this file")
    parser.add_argument(
        "--fail-on",
        type=_verdicts,
        default=(),
        metavar="VERDICT[,VERDICT]",
        help="end with exit code 1 where a model's verdict is one of these: " + ", ".join(VERDICTS),
    )
    add_model_options(parser)
    add_force(parser)
    add_worker_options(parser)


def _add_margins(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--margin-calls",
        type=float,
        default=3.0,
        metavar="POINTS",
        help="smallest change of calls, in 100 films, that matters (default: 3)",
    )
    parser.add_argument(
        "--margin-auroc",
        type=float,
        default=0.02,
        metavar="AREA",
        help="smallest change of AUROC that matters (default: 0.02)",
    )


def run(options: argparse.Namespace) -> int:
    """Audit the models; registered ones are stored for the dashboard. 1 where --fail-on holds."""
    from xray.audits import audit, inputs, stored

    data = films_dir(options.data)
    chosen = _options(options)
    _data.tell(data, options.classes)
    # A wrong name is said before minutes go into drawing.
    loaded = [load(name, options) for name in options.model]
    refused = _refused(loaded, data, options.force)
    with working(options, ", ".join(options.model)) as stage:
        prepared = inputs.prepare(
            data,
            options.seed,
            options.split,
            stage("cut devices out"),
            device_labels=options.device_labels,
        )
        made = audit.audit(loaded, prepared, chosen, stage, refused)
    found = [each.to_json() for each in made]
    names = Counter(value["model"] for value in found)
    for name, value in zip(options.model, found, strict=True):
        if names[value["model"]] > 1:  # files of one name in several folders
            value["model"] = name
    for name, model, value in zip(options.model, loaded, found, strict=True):
        if registry.registered(name):
            stored.store(model.card, value)
    for value in found:
        say(value)
    if options.json:
        write_json(options.json, found)
    return exit_code(found, options.fail_on)


def _refused(models: Sequence[Model], folder: Path, force: bool) -> dict[int, str]:
    """Models whose options are surely not it, by place, and why; one alone ends the command."""
    found = {}
    for place, model in enumerate(models):
        try:
            guard(model, folder, force, judges=True)
        except ModelError as error:
            if len(models) == 1:
                raise
            found[place] = str(error)
    return found


def say(value: dict[str, Any]) -> None:
    """Print an audit's verdict, kinds and reasons."""
    from xray.reports import sentences

    print(f"{value['model']}: {value['verdict'].replace('_', ' ')}")
    for kind in value["kinds"]:
        print(f"  {kind['kind']}: {kind['verdict'].replace('_', ' ')}")
    more = (sentences.suspects(value), sentences.witness(value))
    for sentence in [*value["reasons"], *value["notes"], *filter(None, more)]:
        print(f"  {sentence}")


def _options(options: argparse.Namespace) -> Options:
    """Margins, arithmetic, and the films that models were trained on."""
    from xray.audits.audit import Options
    from xray.audits.judging import Margin

    if not (0 < options.margin_calls < 100 and 0 < options.margin_auroc < 1):
        raise DatasetError(
            "Margins are a change of 0 to 100 calls and of 0 to 1 of AUROC; 3 and 0.02 are usual."
        )
    names: frozenset[str] = frozenset()
    if options.trained_on is not None:
        try:
            lines = options.trained_on.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DatasetError(
                f"{options.trained_on} cannot be read ({error}); give a text with a name a line."
            ) from error
        names = frozenset(line.strip() for line in lines if line.strip())
    margin = Margin(options.margin_calls, options.margin_auroc)
    return Options(margin, options.precision, names)


def exit_code(found: Sequence[Mapping[str, Any]], fail_on: Sequence[str]) -> int:
    """1 where a verdict is one to fail on, which is said; else 0.

    Parameters
    ----------
    found : audits as ``--json`` writes them
    fail_on : verdicts
    """
    failed = [
        f"{value['model']} ({value['verdict']})" for value in found if value["verdict"] in fail_on
    ]
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
