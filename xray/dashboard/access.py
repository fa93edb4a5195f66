"""Who may come in, where the server asks an OpenID Connect provider who a visitor is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def allowed(claims: Mapping[str, Any], rule: Mapping[str, Any] | None) -> bool:
    """Whether a signed-in visitor may come in.

    Parameters
    ----------
    claims : what the provider says of the visitor: ``email``, ``email_verified``, ...
    rule : ``emails`` and ``domains`` that may come in; without a rule everybody may whom the
        provider knows. A rule that names nobody lets nobody in.
    """
    if rule is None:
        return True
    email = str(claims.get("email") or "").strip().casefold()
    # An address that nobody verified may be anybody's.
    if claims.get("email_verified") is not True or "@" not in email:
        return False
    emails = {str(each).strip().casefold() for each in rule.get("emails", [])}
    domains = {str(each).strip().casefold().lstrip("@") for each in rule.get("domains", [])}
    return email in emails or email.rpartition("@")[2] in domains
