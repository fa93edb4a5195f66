"""The command line: ``xray VERB`` or ``python -m xray VERB``; a verb is a module beside this."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from xray import __version__
from xray.environment import SHIPPED
from xray.errors import ArtifactError, Stopped, XrayError
from xray.files import check_output

#: Verb -> what it does; the module of the same name in ``xray.commands`` does it.
VERBS = {
    "fetch": "download the public dataset and check it",
    "index": "build the table of a folder of films",
    "train": "train a recipe and write model, card and predictions",
    "sweep": "train many runs from one file, and none of them twice",
    "ledger": "show the table of training runs, or make it again",
    "evaluate": "predict and score models on a dataset",
    "explain": "explain one film with LIME",
    "audit": "find out whether models read devices",
    "panel": "how often the audit is right about networks of known answers",
    "showcase": "read synthetic films with rendered devices, for the Overview's picture",
    "demo": "the whole story on synthetic films, without any data",
    "lungs": "train the network that finds the lungs",
    "add": "register a model of your own",
    "card": "write a model's card, for people or for the Hugging Face hub",
    "label": "labels that people make: queue, agreement, export, import, card",
    "report": "write one self-contained HTML report",
    "doctor": "check installation, artifacts, data and hardware",
}

#: Verbs whose --out is a file; that of the others is a folder.
FILE_OUT = ("card", "index", "ledger", "report")


def parser(verb: str | None = None) -> argparse.ArgumentParser:
    """Build the parser; only the module of ``verb`` is imported, so that --help stays quick."""
    # Named as it was called, so that what usage and errors say can be typed again.
    prog = "xray" if Path(sys.argv[0]).stem == "xray" else "python -m xray"
    top = argparse.ArgumentParser(prog=prog, description=__doc__)
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, summary in VERBS.items():
        command = verbs.add_parser(name, help=summary, description=summary.capitalize() + ".")
        if name == verb:
            module = importlib.import_module(f"xray.commands.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return top


def _check_outputs(options: argparse.Namespace) -> None:
    """Say before the work where its results cannot be written, not after it.

    Raises
    ------
    ArtifactError
    """
    files = {"json": True, "export": True, "out": options.verb in FILE_OUT}
    for name, file in files.items():
        path = getattr(options, name, None)
        try:
            if path is not None:
                # A table of many films is a folder of Parquet.
                check_output(path, file and not (path.suffix == ".parquet" and path.is_dir()))
        except ArtifactError as error:
            raise ArtifactError(f"--{name} {error}") from None


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code.

    0 done, 1 what was asked to fail (``audit --fail-on``), 2 bad input, 130 stopped.
    """
    # TensorFlow's start-up chatter would bury the one sentence that matters. oneDNN's line heeds no
    # level; only TF_ENABLE_ONEDNN_OPTS=0 would end it, which changes the arithmetic.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    arguments = list(sys.argv[1:] if argv is None else argv)
    verb = next((word for word in arguments if word in VERBS), None)
    try:
        options = parser(verb).parse_args(arguments)
        _check_outputs(options)
        return int(options.run(options) or 0)
    except (Stopped, KeyboardInterrupt):
        print("Stopped. What was finished is kept.", file=sys.stderr)
        return 130
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("xray"):
            raise
        wanted = "xray-model-audit" if SHIPPED.is_dir() else "-r requirements.txt"
        install = f"run: python -m pip install {wanted}"
        print(f"error: The package {error.name} is missing; {install}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    except XrayError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        # A full disk, a folder without rights: nobody's bug, and files are written whole.
        where = f"{error.filename}: " if error.filename else ""
        advice = "check that there is room and that it may be read and written, then run it again"
        print(f"error: {where}{error.strerror or error}; {advice}.", file=sys.stderr)
        return 2
