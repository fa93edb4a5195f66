"""Sign-in by OpenID Connect in a real browser, with a provider that the test starts."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from benchmarks.browser import Browser
from benchmarks.serving import free_port, serve

CLIENT = "xray-audit-test"
#: The links to the pages, as the sidebar shows them.
LINKS = "return document.querySelectorAll('[data-testid=stSidebarNavLink]').length"


class Provider(ThreadingHTTPServer):
    """An OpenID provider that knows one visitor and asks nothing.

    Attributes
    ----------
    email : address of whoever signs in next
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.key = RSAKey.generate_key(2048, {"kid": "test"})
        self.email = ""
        self.nonces: dict[str, str] = {}

    def id_token(self, code: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "visitor",
            "iat": now,
            "exp": now + 600,
            "nonce": self.nonces.pop(code),
            "email": self.email,
            "email_verified": True,
        }
        return jwt.encode({"alg": "RS256", "kid": "test"}, claims, self.key)


class Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        home = self.server.url
        if url.path == "/.well-known/openid-configuration":
            self._json(
                {
                    "issuer": home,
                    "authorization_endpoint": f"{home}/authorize",
                    "token_endpoint": f"{home}/token",
                    "jwks_uri": f"{home}/keys",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "code_challenge_methods_supported": ["S256"],
                }
            )
        elif url.path == "/keys":
            self._json({"keys": [self.server.key.as_dict(private=False)]})
        elif url.path == "/authorize":
            code = f"code-{len(self.server.nonces)}"
            self.server.nonces[code] = query.get("nonce", "")
            self.send_response(302)
            back = urlencode({"code": code, "state": query["state"]})
            self.send_header("Location", f"{query['redirect_uri']}?{back}")
            self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        code = parse_qs(body)["code"][0]
        self._json(
            {
                "access_token": "a",
                "token_type": "Bearer",
                "expires_in": 600,
                "id_token": self.server.id_token(code),
            }
        )

    def _json(self, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.browser
@pytest.mark.slow
def test_sign_in_opens_the_door_to_those_named_and_to_nobody_else(
    provider: Provider, browser: Browser, tmp_path: Path
) -> None:
    port = free_port()
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        f'cookie_secret = "{"s" * 48}"\nclient_id = "{CLIENT}"\nclient_secret = "secret"\n'
        f'server_metadata_url = "{provider.url}/.well-known/openid-configuration"\n'
        '[access]\nemails = ["welcome@example.org"]\n'
    )
    with serve(tmp_path, options=(f"--secrets.files={secrets}",), port=port) as server:
        # A fresh server is asked for a page first: Streamlit could run that file by itself.
        for page in ("models", "explain", "", "devices"):
            browser.driver.get(f"{server.url}/{page}")
            browser.says("asks who you are")
            assert "not for clinical use" not in browser.text().lower()
            assert not browser.run(LINKS)

        provider.email = "stranger@example.org"
        browser.press("Sign in")
        browser.says("Not open to this account")
        assert not browser.run(LINKS)
        browser.press("Sign out")

        provider.email = "welcome@example.org"
        browser.press("Sign in")
        browser.says("not for clinical use")
        browser.press("Sign out")
        browser.says("asks who you are")
        assert "example.org" not in server.text()
