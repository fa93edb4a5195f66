"""Sign-in by OpenID Connect, where the server's secrets ask for it (docs/hosting.md)."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NoReturn

import streamlit as st

from xray.dashboard import cache, gate, signed_out
from xray.errors import AccessError
from xray.reports import html

log = logging.getLogger(__name__)


def require() -> None:
    """Stop the page for whoever may not see it; do nothing where no sign-in is configured."""
    secrets = _secrets()
    if "auth" not in secrets:
        gate.admit()
        return
    if not st.user.is_logged_in or signed_out.ended(_sign_in(), st.user.to_dict().get("iat")):
        _stop("X-ray Model Audit", "This server asks who you are before it shows anything.", "in")
    if not allowed(st.user.to_dict(), secrets.get("access")):
        words = "Ask whoever runs this server, or sign in with another account."
        _stop("Not open to this account", words, "out")
    gate.admit()


def sign_out() -> None:
    """Offer whoever has signed in to leave."""
    if "auth" in _secrets():
        with st.sidebar:
            if address := email(st.user.to_dict()):
                st.caption(f"Signed in as {html.plain(address)}")
            st.button("Sign out", on_click=_leave, icon=":material/logout:", key="sign out")


def _sign_in() -> str:
    """This sign-in and no other of the same account: the provider's own claims, hashed."""
    claims = st.user.to_dict()
    named = [(name, claims.get(name)) for name in ("iss", "sub", "iat", "nonce", "exp")]
    return hashlib.sha256(repr(named).encode()).hexdigest()


def _leave() -> None:
    """Sign out, also whoever else holds a copy of the cookie."""
    signed_out.end(_sign_in())
    st.logout()


def _secrets() -> Mapping[str, Any]:
    """The server's secrets, looked up lately; none where there is no file of them."""
    return cache.lately(_read_secrets)


def _read_secrets() -> Mapping[str, Any]:
    """The server's secrets.

    A file that cannot be read closes the door: sign-in may be what it would ask for.
    """
    try:
        return st.secrets.to_dict()
    except FileNotFoundError:
        if not any(Path(file).exists() for file in st.get_option("secrets.files")):
            return {}
        log.exception("the secrets cannot be read")
        _stop("Closed", "The server's secrets cannot be read; its log says why.")


def _stop(title: str, words: str, sign: Literal["", "in", "out"] = "") -> NoReturn:
    """Show this instead of any page, with a button to sign in or out."""
    gate.admit(False)

    def show() -> None:
        st.title(title, anchor=False)
        st.markdown(words)
        if sign:
            act = st.login if sign == "in" else _leave
            st.button(f"Sign {sign}", on_click=act, type="primary", icon=f":material/log{sign}:")

    # Not without st.navigation: Streamlit would list the files of pages/ and run them alone.
    st.navigation([st.Page(show, title="X-ray Model Audit")], position="hidden").run()
    st.stop()


def email(claims: Mapping[str, Any]) -> str:
    """A visitor's address where the provider has verified it, else "".

    One that nobody verified may be anybody's: it is neither matched nor shown.
    """
    found = str(claims.get("email") or "").strip().casefold()
    return found if claims.get("email_verified") is True and "@" in found else ""


def account(claims: Mapping[str, Any]) -> tuple[str, str]:
    """Who a visitor is: the issuer and the subject, which alone stay one person's.

    Source: OpenID Connect Core 1.0, section 5.7.

    Raises
    ------
    AccessError
        The provider names none.
    """
    found = claims.get("iss"), claims.get("sub")
    if not all(isinstance(each, str) and each for each in found):
        raise AccessError(
            "The provider of the sign-in does not say which account this is; sign in with another."
        )
    return str(found[0]), str(found[1])


def may_decide(claims: Mapping[str, Any], rule: Mapping[str, Any] | None) -> bool:
    """Whether a visitor may enter files of labels, which stand beside those that people made.

    Parameters
    ----------
    claims : what the provider says of the visitor
    rule : ``deciders``, verified addresses; without it nobody may
    """
    named = {str(each).strip().casefold() for each in (rule or {}).get("deciders", [])}
    return bool(claims.get("is_logged_in")) and email(claims) in named - {""}


def decides() -> bool:
    """``may_decide`` for the visitor whose page runs."""
    return may_decide(st.user.to_dict(), _secrets().get("labels"))


def allowed(claims: Mapping[str, Any], rule: Mapping[str, Any] | None) -> bool:
    """Whether a signed-in visitor may come in.

    Parameters
    ----------
    claims : what the provider says of the visitor: ``email``, ``email_verified``, ``iss``, ...
    rule : ``emails`` and ``domains`` that may come in; without a rule everybody may whom the
        provider knows. A rule that names nobody lets nobody in.
    """
    if rule is None:
        return True
    known = email(claims)
    if not known:
        return False
    emails = {str(each).strip().casefold() for each in rule.get("emails", [])}
    domains = {str(each).strip().casefold().lstrip("@") for each in rule.get("domains", [])}
    return known in emails or known.rpartition("@")[2] in domains
