"""Who comes in when a server asks, and that nobody does when it cannot ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit import config
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.util import build_mock_config_get_option

from xray.dashboard.signin import account, allowed, email
from xray.dashboard.views import labelling
from xray.errors import AccessError, LabelError
from xray.labels import store as label_store
from xray.reports.html import JOINER

KNOWN = {"email": "Someone@Example.org", "email_verified": True}
RULE = {"emails": ["someone@example.org"], "domains": ["hospital.example"]}

ACCOUNT = {"is_logged_in": True, "iss": "https://id.example", "sub": "1"}

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


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (KNOWN, "someone@example.org"),
        (KNOWN | {"email_verified": False}, ""),
        (KNOWN | {"email_verified": "true"}, ""),
        (KNOWN | {"email_verified": 1}, ""),
        ({"email": "someone@example.org"}, ""),
        (KNOWN | {"email": "someone"}, ""),
        ({}, ""),
    ],
)
def test_address_counts_when_it_is_verified(claims: dict[str, Any], expected: str) -> None:
    assert email(claims) == expected


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"iss": "https://id.example"},
        {"iss": "", "sub": "1"},
        {"iss": "https://id.example", "sub": 1},
    ],
)
def test_account_without_issuer_or_subject_is_nobody(claims: dict[str, Any]) -> None:
    with pytest.raises(AccessError, match="sign in with another"):
        account(claims)


class _User:
    """Stands for ``st.user``."""

    def __init__(self, claims: dict[str, Any]) -> None:
        self.claims = claims
        self.is_logged_in = bool(claims["is_logged_in"])
        self.get = claims.get

    def to_dict(self) -> dict[str, Any]:
        return self.claims


def test_labels_are_kept_under_the_account_and_not_under_an_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_LABELS", f"sqlite:///{tmp_path / 'labels.sqlite'}")

    def who(**claims: Any) -> int | None:
        monkeypatch.setattr(st, "user", _User(ACCOUNT | claims))
        return labelling.labeller()

    owner = who(email="someone@example.org", email_verified=True)
    assert owner == who() == who(email="other@example.org", email_verified=True)
    assert who(sub="2", email="someone@example.org", email_verified=False) != owner
    assert who(sub="2", email="someone@example.org", email_verified=True) != owner
    assert who(iss="https://other.example") != owner
    with label_store.opened() as store:
        assert store.labeller("someone@example.org") != owner
        for typed in ("https://id.example 1", "https://id.example\x1f1", "https://id.example1"):
            assert store.labeller(typed) != owner
        with pytest.raises(LabelError):
            store.account("https://id.example\x1f1", "2")


@pytest.mark.parametrize("verified", [True, False])
def test_address_is_shown_when_it_is_verified(
    verified: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text('[auth]\ncookie_secret = "x"\n')
    script = tmp_path / "page.py"
    script.write_text(SCRIPT + "signin.sign_out()\n")
    claims = ACCOUNT | {"email": "some_one@example.org", "email_verified": verified}
    monkeypatch.setattr(st, "user", _User(claims))
    page = shown(script, tmp_path, monkeypatch)
    assert [each.value for each in page.markdown] == ["inside"]
    said = [each.value.replace("\\", "").replace(JOINER, "") for each in page.caption]
    assert said == (["Signed in as some_one@example.org"] if verified else [])
