"""Who comes in when a server asks, and that nobody does when it cannot ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit import config
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.util import build_mock_config_get_option

from xray.dashboard.access import allowed

KNOWN = {"email": "Someone@Example.org", "email_verified": True}
RULE = {"emails": ["someone@example.org"], "domains": ["hospital.example"]}

SCRIPT = """
import streamlit as st
from xray.dashboard import signin
signin.require()
st.write("inside")
"""


@pytest.mark.parametrize(
    ("claims", "rule", "expected"),
    [
        (KNOWN, None, True),
        ({}, None, True),
        (KNOWN, RULE, True),
        (KNOWN, {}, False),
        (KNOWN, {"emails": []}, False),
        (KNOWN | {"email_verified": False}, RULE, False),
        (KNOWN | {"email_verified": "true"}, RULE, False),
        ({"email": "someone@example.org"}, RULE, False),
        ({"email": "nurse@hospital.example", "email_verified": True}, RULE, True),
        ({"email": "nurse@ward.hospital.example", "email_verified": True}, RULE, False),
        ({"email": "hospital.example@evil.example", "email_verified": True}, RULE, False),
        ({"email": "hospital.example", "email_verified": True}, RULE, False),
        ({"email": None, "email_verified": True}, RULE, False),
        (KNOWN, {"domains": ["@example.org"]}, True),
    ],
)
def test_who_may_come_in(
    claims: dict[str, Any], rule: dict[str, Any] | None, expected: bool
) -> None:
    assert allowed(claims, rule) is expected


def shown(script: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """A script by itself, with the secrets of a folder."""
    # Streamlit's own keeps what it once read for the rest of the process, other tests included.
    monkeypatch.setattr(st.secrets, "_secrets", None)
    files = [str(folder / ".streamlit" / "secrets.toml")]
    option = build_mock_config_get_option({"secrets.files": files})
    monkeypatch.setattr(config, "get_option", option)
    monkeypatch.setattr(st, "get_option", option)
    return AppTest.from_file(str(script), default_timeout=120).run()


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "page.py"
    path.write_text(SCRIPT)
    return path


def test_without_secrets_everybody_comes_in(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = shown(script, tmp_path, monkeypatch)
    assert [each.value for each in page.markdown] == ["inside"]
    assert not page.exception


@pytest.mark.parametrize("content", ["[auth\n", '[auth]\ncookie_secret = "x"\n'])
def test_secrets_that_ask_or_are_damaged_keep_strangers_out(
    content: str, script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(content)
    page = shown(script, tmp_path, monkeypatch)
    assert "inside" not in [each.value for each in page.markdown]
    assert not page.exception
