"""The house stays as it was planned: who imports whom, what loads when, how long files are."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from xray.environment import ROOT

#: Packages and single modules of the library, bottom up. Each may import from its own row and
#: from those before it, inside functions too.
ORDER = (
    "errors environment files parquet text classes",
    "jobs",
    "films",
    "metrics",
    "labels",
    "dataset",
    "drawing",
    "models",
    "training",
    "explanations",
    "audits",
    "figures",
    "reports",
    "results",
    "api",
    "dashboard",
    "commands __main__",
)
#: Modules that define Keras layers, and so import Keras as they are imported.
LAYERS = {"xray.training.augmenting", "xray.models.lung_crop"}
HEAVY = {"tensorflow", "keras"}
LARGEST_FOLDER = 20
LONGEST_FILE = 400
LONGEST_FUNCTION = 50
LONGEST_PAGE = 120


def _name(path: Path) -> str:
    """``xray/films/decode.py`` -> "xray.films.decode", a package by its folder."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


LIBRARY = {_name(path): path for path in sorted((ROOT / "xray").rglob("*.py"))}
PAGES = {_name(path): path for path in sorted((ROOT / "pages").glob("*.py"))}
MODULES = LIBRARY | PAGES | {"app": ROOT / "app.py"}


@cache
def _tree(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def _unseen(tree: ast.Module, inside: bool) -> Iterator[ast.AST]:
    """Nodes that do not run when the module is imported: for types only, or within functions."""
    for node in ast.walk(tree):
        typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if typing or (function and not inside):
            yield from ast.walk(node)


@cache
def imports(name: str, inside: bool = True) -> frozenset[str]:
    """Dotted names that a module imports; ``inside`` counts imports within functions too."""
    skipped = set(_unseen(_tree(name), inside))
    found: set[str] = set()
    for node in ast.walk(_tree(name)):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def own(name: str, inside: bool = True) -> set[str]:
    """Modules of the library that a module imports, packages themselves left out."""
    found = imports(name, inside) & LIBRARY.keys()
    return {each for each in found if LIBRARY[each].name != "__init__.py"} - {name}


def level(name: str) -> int:
    """How high a module stands: the row of ``ORDER``, the app and its pages above all."""
    head, _, rest = name.partition(".")
    if head != "xray":
        return len(ORDER)
    part = rest.partition(".")[0]
    return next(row for row, parts in enumerate(ORDER) if part in parts.split())


@pytest.mark.parametrize("name", [name for name in MODULES if name != "xray"])
def test_imports_point_down(name: str) -> None:
    above = {other for other in own(name) if level(other) > level(name)}
    assert above == set(), f"{name} imports from above it"


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {name: own(name, inside=False) for name in LIBRARY}
    while leaves := {name for name, to in graph.items() if not to & graph.keys()}:
        graph = {name: to for name, to in graph.items() if name not in leaves}
    assert graph == {}, "these import each other in a circle"


def _first(names: frozenset[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def test_only_the_dashboard_and_pages_import_streamlit() -> None:
    users = {name for name in LIBRARY if "streamlit" in _first(imports(name))}
    assert {name for name in users if not name.startswith("xray.dashboard.")} == set()


def test_tensorflow_is_imported_inside_functions_only() -> None:
    top = {name: imports(name, inside=False) for name in MODULES}
    assert {name for name, names in top.items() if _first(names) & HEAVY} == LAYERS
    assert {name for name, names in top.items() if names & LAYERS} == set()


@pytest.mark.parametrize("folder", sorted({path.parent for path in LIBRARY.values()}))
def test_rooms_are_small_and_named_once(folder: Path) -> None:
    modules = [path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")]
    assert len(modules) <= LARGEST_FOLDER
    assert len(folder.relative_to(ROOT).parts) <= 4
    if folder != ROOT / "xray":
        package = folder.name.rstrip("s")
        assert [name for name in modules if name.startswith(f"{package}_")] == []


@pytest.mark.parametrize("name", MODULES)
def test_files_can_be_read_in_one_go(name: str) -> None:
    lines = MODULES[name].read_text(encoding="utf-8").splitlines()
    longest = LONGEST_PAGE if name in PAGES else 60 if name == "app" else LONGEST_FILE
    assert len(lines) <= longest, f"{name} has {len(lines)} lines; split it"
    assert not lines or lines[0].startswith('"""'), f"{name} does not say what it is for"


def _code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    told = function.body[0] if ast.get_docstring(function) else None
    lines = (function.end_lineno or 0) - function.lineno + 1
    return lines - ((told.end_lineno or 0) - told.lineno + 1 if told else 0)


#: A step of the database lists every column.
STEPS = "xray.labels.migrations."


@pytest.mark.parametrize("name", [name for name in MODULES if not name.startswith(STEPS)])
def test_functions_can_be_seen_at_once(name: str) -> None:
    functions = (n for n in ast.walk(_tree(name)) if isinstance(n, ast.FunctionDef))
    long = {n.name: lines for n in functions if (lines := _code_lines(n)) > LONGEST_FUNCTION}
    assert long == {}, f"{name} has functions of more than {LONGEST_FUNCTION} lines; split them"


#: Lines of a module from which on it needs a test module of its own name.
TESTED = 60


def test_tests_mirror_the_library() -> None:
    """A module of some length has a test module of its name, in the folder of its package's."""
    missing = set()
    for name, path in LIBRARY.items():
        if path.stem.startswith("_") or name.startswith(STEPS):
            continue
        test = ROOT / "tests" / path.relative_to(ROOT / "xray").with_name(f"test_{path.stem}.py")
        if len(path.read_text(encoding="utf-8").splitlines()) > TESTED and not test.exists():
            missing.add(name)
    assert missing == set(), "these have no test module of their own"


# --- the door --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_page_begins_with_the_door(name: str) -> None:
    """Streamlit can run a page by itself, for anybody: nothing may come before ``enter``."""
    statements = _tree(name).body[1:]
    first = next(n for n in statements if not isinstance(n, ast.Import | ast.ImportFrom))
    module, _, called = ast.unparse(first).partition(".")
    assert called == "enter()", f"line {first.lineno} of {name}"
    named = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in statements[: statements.index(first)]
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert named[module] == ("xray.dashboard", "page")


@pytest.mark.parametrize(
    "name", ["page.page", "models_page.begin", "dataset_page.begin", "sections.show"]
)
def test_frame_of_a_page_begins_with_the_door(name: str) -> None:
    """A page that forgot is still held up here, before any data is touched."""
    module, _, function = name.partition(".")
    body = _tree(f"xray.dashboard.{module}").body
    (found,) = (n for n in body if isinstance(n, ast.FunctionDef) and n.name == function)
    assert ast.unparse(found.body[1]).removeprefix("page.") == "enter()"


#: Imports what the pages import, and names the films and stored results that this has opened.
IMPORTS = """
import sys, threading
places = sys.argv[1].split(",")
opened = []
def watch(event, arguments):
    if event in ("open", "os.listdir", "os.scandir", "socket.connect"):
        if any(str(arguments[0]).startswith(place) for place in places):
            opened.append(str(arguments[0]))
sys.addaudithook(watch)
for line in sys.argv[2:]:
    exec(line)
assert not opened, opened
assert threading.active_count() == 1, threading.enumerate()
"""


def test_what_pages_import_does_no_work(synthetic_folder: Path) -> None:
    """Imports stand before the door: they read no film and no result, and start no thread."""
    lines = {
        ast.unparse(node)
        for name in PAGES
        for node in _tree(name).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    places = f"{ROOT / 'artifacts'},{synthetic_folder}"
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, places, *sorted(lines)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XRAY_DATA": str(synthetic_folder)},
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_app_asks_at_the_door_before_it_navigates() -> None:
    # What runs outside of this function is the server that starts.
    [draw] = [n for n in _tree("app").body if isinstance(n, ast.FunctionDef)]
    body = draw.body[1:]
    door = [ast.unparse(node) for node in body].index("signin.require()")
    calls = [n for node in body[:door] for n in ast.walk(node) if isinstance(n, ast.Call)]
    assert {ast.unparse(call.func) for call in calls} == {"st.set_page_config", "st.logo"}


#: Opens the pages named on its command line, one after the other in one process, and ends at the
#: first that fails or has loaded what no page may load.
VISITS = f"""
import sys
from streamlit.testing.v1 import AppTest
for path in sys.argv[1:]:
    app = AppTest.from_file(path, default_timeout=300).run()
    assert not app.exception, (path, app.exception[0].value)
    loaded = [name for name in {sorted(HEAVY)!r} if name in sys.modules]
    assert not loaded, (path, loaded)
    print(path)
"""


@pytest.mark.slow
def test_pages_show_results_without_tensorflow() -> None:
    """Every page, Explain included until its button is pressed, stays small and quick."""
    pages = [str(path) for path in PAGES.values()]
    done = subprocess.run(
        [sys.executable, "-c", VISITS, *pages],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == pages
