"""The house stays as it was planned: who imports whom, how long pages are, what loads when."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from xray.files import ROOT

PAGES = sorted((ROOT / "pages").glob("*.py"))
LIBRARY = sorted((ROOT / "xray").glob("*.py"))
COMMANDS = sorted((ROOT / "xray" / "commands").glob("*.py"))
HEAVY = ("tensorflow", "keras")
#: Modules that define Keras layers, and so import Keras as they are imported.
LAYERS = ("augmenting", "lung_crop")

#: Module -> floor of the house. A module imports from its own floor and those below.
#: Floors: 0 files, 1 films and their tables, 2 devices, models, metrics, 3 all others: what is
#: asked of them and how it is told, 4 commands and dashboard.
FLOORS = {
    0: "errors files __init__ batch_runs executor cluster parts collection",
    1: """films aspects dataset splits scan film_facts grey jpeg dicom sniff quality thumbnails
        sources large_tables lungs lung_training anatomy synthetic blur strip device_labels
        label_format label_look label_schema label_database label_history label_store
        label_exchange label_source""",
    2: """devices draw draw_canvas draw_plant draw_probe draw_probe_cords
        draw_probe_solids shams removal metrics bootstrap calibration comparison decision strata
        framing lung_crop augmenting registry networks recipes training fitting planting evaluation
        overrides ledger""",
}
TOP = 4


def imports(path: Path) -> set[str]:
    """Full names of the modules that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def own(path: Path) -> set[str]:
    """Modules of the library that a file imports: "films", "commands.train", ..."""
    known = {p.stem for p in LIBRARY}
    names = {name.removeprefix("xray.") for name in imports(path) if name.startswith("xray.")}
    return {name.partition(".")[0] for name in names} & (known | {"commands"})


def floor(module: str) -> int:
    for number, modules in FLOORS.items():
        if module in modules.split():
            return number
    return TOP if module.startswith(("dashboard", "cli", "commands", "__main__")) else 3


@pytest.mark.parametrize("path", LIBRARY, ids=lambda p: p.stem)
def test_imports_point_down(path: Path) -> None:
    if floor(path.stem) == TOP:
        return
    above = {name for name in own(path) if floor(name) > floor(path.stem)}
    assert not above, f"xray/{path.name} (floor {floor(path.stem)}) imports {sorted(above)}"


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {path.stem: top_level(path) for path in LIBRARY}
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name in done:
            return
        for other in graph.get(name, ()):
            walk(other, (*trail, name))
        done.add(name)

    for name in graph:
        walk(name, ())


def top_level(path: Path) -> set[str]:
    """Modules of the library that are imported when the file is."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    known = {p.stem for p in LIBRARY}
    found = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "xray":
            found |= {alias.name for alias in node.names} & known
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("xray."):
            found |= {str(node.module).split(".")[1]} & known
    return found


def test_only_dashboard_app_and_pages_import_streamlit() -> None:
    users = {p.stem for p in [*LIBRARY, *COMMANDS] if "streamlit" in roots(p)}
    assert all(name.startswith("dashboard") for name in users), users


def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", [*LIBRARY, *COMMANDS, *PAGES], ids=lambda p: p.stem)
def test_tensorflow_is_imported_inside_functions_only(path: Path) -> None:
    if path.stem in LAYERS:
        pytest.skip("defines a Keras layer; nothing may import it but inside a function")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{each.name}" for each in node.names)]
        assert not any(name.split(".")[0] in HEAVY for name in names), path.name
        assert not any(name == f"xray.{layer}" for name in names for layer in LAYERS), path.name


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_pages_are_thin(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 132, f"pages/{path.name} has {len(lines)} lines; move work into xray/"
    assert lines[0].startswith('"""'), "a page says what it is for"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_page_begins_with_the_door(path: Path) -> None:
    """Streamlit can run a page by itself, for anybody: nothing may come before ``enter``."""
    statements = ast.parse(path.read_text(encoding="utf-8")).body[1:]
    first = next(n for n in statements if not isinstance(n, ast.Import | ast.ImportFrom))
    assert ast.unparse(first) == "dashboard.enter()", f"line {first.lineno} of {path.name}"
    above = statements[: statements.index(first)]
    named = {a.asname or a.name: (n.module, a.name) for n in above
             if isinstance(n, ast.ImportFrom) for a in n.names}  # fmt: skip
    assert named["dashboard"] == ("xray", "dashboard")


@pytest.mark.parametrize(
    "name", ["dashboard.page", "dashboard_models.begin", "dashboard_films.begin"]
)
def test_frame_of_a_page_begins_with_the_door(name: str) -> None:
    """A page that forgot is still held up here, before any data is touched."""
    module, _, function = name.partition(".")
    tree = ast.parse((ROOT / "xray" / f"{module}.py").read_text(encoding="utf-8"))
    (found,) = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == function)
    assert ast.unparse(found.body[1]).removeprefix("dashboard.") == "enter()"


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
        for path in PAGES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    places = f"{ROOT / 'artifacts'},{synthetic_folder}"
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, places, *sorted(lines)],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "XRAY_DATA": str(synthetic_folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def test_app_asks_at_the_door_before_it_navigates() -> None:
    body = ast.parse((ROOT / "app.py").read_text(encoding="utf-8")).body
    door = [ast.unparse(node) for node in body].index("dashboard_signin.require()")
    calls = [n for node in body[:door] for n in ast.walk(node) if isinstance(n, ast.Call)]
    assert {ast.unparse(call.func) for call in calls} == {"str", "st.set_page_config", "st.logo"}


def test_app_does_navigation_and_nothing_else() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) < 60


@pytest.mark.parametrize("path", [*LIBRARY, *COMMANDS], ids=lambda p: p.stem)
def test_modules_stay_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 500, f"{path.name} is too long to read in one go; split it"


#: Opens the pages named on its command line, one after the other in one process, and ends at the
#: first that fails or has loaded what no page may load.
VISITS = f"""
import sys
from streamlit.testing.v1 import AppTest
for path in sys.argv[1:]:
    app = AppTest.from_file(path, default_timeout=300).run()
    assert not app.exception, (path, app.exception[0].value)
    loaded = [name for name in {HEAVY!r} if name in sys.modules]
    assert not loaded, (path, loaded)
    print(path)
"""


@pytest.mark.slow
def test_pages_show_results_without_tensorflow() -> None:
    """Every page, Explain included until its button is pressed, stays small and quick."""
    pages = [str(path) for path in PAGES]
    done = subprocess.run(
        [sys.executable, "-c", VISITS, *pages],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == pages
