"""Who may come in, where the server asks an OpenID Connect provider who a visitor is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xray.errors import AccessError


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
