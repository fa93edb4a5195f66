"""The first page is drawn from what is kept, without heavy packages; what is kept is right."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.helpers import shelf
from tests.helpers.visits import words
from xray.audits.stored import stored_audits
from xray.commands.main import main
from xray.environment import ROOT, artifacts_dir
from xray.files import read_json
from xray.models.card import read_card, read_cards
from xray.reports import overview as front

#: What a cold start cannot wait for. Streamlit itself brings plotly, its picture of a page
#: (the icon) numpy and Pillow.
HEAVY = (
    *("tensorflow", "keras", "sklearn", "skimage", "scipy", "cv2", "pandas", "pyarrow"),
    *("pydicom", "lime", "h5py", "jinja2", "matplotlib"),
)
AGAIN = "run 'python -m xray showcase --front' and commit artifacts/front.json"


def parts() -> list[front.Part]:
    cards = front.told(read_cards())
    return front.parts(cards, stored_audits(cards))


def alike(kept: Any, made: Any) -> bool:
    """Whether two JSON values say the same; numbers and pictures may differ by rounding."""
    if isinstance(made, dict):
        if set(made) >= {"png", "alt", "number", "words"}:
            pictures = [
                np.asarray(Image.open(io.BytesIO(base64.b64decode(value["png"]))), np.int16)
                for value in (kept, made)
            ]
            same = {**kept, "png": ""} == {**made, "png": ""}
            return same and int(np.abs(pictures[0] - pictures[1]).max()) <= 2
        if set(made) >= {"bdata", "dtype"}:
            arrays = [np.frombuffer(base64.b64decode(v["bdata"]), v["dtype"]) for v in (kept, made)]
            return bool(np.allclose(*arrays, rtol=1e-6))
        return set(kept) == set(made) and all(alike(kept[key], made[key]) for key in made)
    if isinstance(made, list):
        return len(kept) == len(made) and all(map(alike, kept, made))
    return bool(kept == (pytest.approx(made, rel=1e-6) if isinstance(made, float) else made))


def test_what_is_kept_is_what_would_be_made() -> None:
    stored = read_json(front.path())
    for part in parts():
        found, kept = front.kept(part, stored)
        assert found, f"{part.name} is kept of older results; {AGAIN}"
        made = json.loads(json.dumps(part.make()))
        assert alike(kept, made), f"{part.name} is made otherwise by now; {AGAIN}"


def test_first_page_is_drawn_without_heavy_packages() -> None:
    script = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('app.py', default_timeout=120).run()\n"
        "assert not app.exception, app.exception[0].value\n"
        "from xray.audits import stored; from xray.models.card import read_cards\n"
        "from xray.reports import overview\n"
        "audits = stored.stored_audits(overview.shown(read_cards()))\n"
        "assert len(app.get('plotly_chart')) == bool(audits)\n"
        "text = ' '.join(str(each.value) for each in app.warning)\n"
        "assert not text, text\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "[]", "see xray/reports/overview.py"


@pytest.fixture
def full_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(shelf.build(tmp_path / "shelf")))
    return tmp_path / "shelf"


def overview() -> AppTest:
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()


def charts(app: AppTest) -> list[str]:
    return [json.dumps(json.loads(chart.proto.spec)["data"]) for chart in app.get("plotly_chart")]


def test_kept_and_made_pages_are_the_same(full_shelf: Path) -> None:
    before = overview()
    assert main(["showcase", "--front"]) == 0
    after = overview()
    assert charts(before) == charts(after)
    assert len(charts(after)) == 1
    assert [m.value for m in before.markdown] == [m.value for m in after.markdown]
    assert [c.value for c in before.caption] == [c.value for c in after.caption]


def test_what_is_kept_of_other_results_is_not_shown(full_shelf: Path) -> None:
    main(["showcase", "--front"])
    stored = read_json(front.path())
    shutil.copy(
        full_shelf / "models" / "basic" / "predictions.csv",
        full_shelf / "models" / "augmented" / "predictions.csv",
    )
    states = {part.name: front.kept(part, stored)[0] for part in parts()}
    assert not states.pop("rows")
    assert all(states.values())
    # The predictions are not those that their card names: the page says so instead.
    (table,) = [
        each for each in overview().get("html") if '<table class="xma-models' in each.proto.body
    ]
    assert "were changed after they were made" in table.proto.body


@pytest.mark.parametrize("damage", ["", "[]", '{"rows": 3}', '{"rows": {"key": "x"}}'])
def test_a_damaged_store_costs_time_only(full_shelf: Path, damage: str) -> None:
    front.path().write_text(damage)
    app = overview()
    assert not app.exception
    assert len(charts(app)) == 1


def test_what_cannot_be_made_is_named(full_shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (artifacts_dir() / "showcase.csv").write_text("odd\n")
    assert main(["showcase", "--front"]) == 0
    assert "Not kept: picture" in capsys.readouterr().err
    assert "picture" not in read_json(front.path())


def test_a_network_whose_audit_is_damaged_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in (ROOT / "artifacts").iterdir():
        if part.name != "audits":
            (tmp_path / part.name).symlink_to(part)
    shutil.copytree(ROOT / "artifacts" / "audits", tmp_path / "audits")
    (tmp_path / "audits" / "whole_film.json").write_text("{")
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    assert not app.exception, app.exception[0].value
    title = read_card(ROOT / "artifacts" / "models" / "whole_film").title
    assert f"{title} is not compared. " in words(app)
    monkeypatch.setenv("XRAY_ARTIFACTS", str(ROOT / "artifacts"))
    whole = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    assert "is not compared" not in words(whole)
