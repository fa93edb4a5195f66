"""Sign-in by OpenID Connect in a real browser, with a provider that the test starts."""

from __future__ import annotations

import json
import shutil
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
from serving import free_port, serve

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

CLIENT = "xray-audit-test"


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
            "iss": self.url, "aud": CLIENT, "sub": "visitor", "iat": now, "exp": now + 600,
            "nonce": self.nonces.pop(code), "email": self.email, "email_verified": True,
        }  # fmt: skip
        return jwt.encode({"alg": "RS256", "kid": "test"}, claims, self.key)


class Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        home = self.server.url
        if url.path == "/.well-known/openid-configuration":
            self._json(
                {"issuer": home, "authorization_endpoint": f"{home}/authorize",
                 "token_endpoint": f"{home}/token", "jwks_uri": f"{home}/keys",
                 "response_types_supported": ["code"], "subject_types_supported": ["public"],
                 "id_token_signing_alg_values_supported": ["RS256"],
                 "code_challenge_methods_supported": ["S256"]}
            )  # fmt: skip
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
        self._json({"access_token": "a", "token_type": "Bearer", "expires_in": 600,
                    "id_token": self.server.id_token(code)})  # fmt: skip

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


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    if not (shutil.which("chromedriver") and shutil.which("chromium")):
        pytest.skip("needs Chromium and its driver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}",
    ):  # fmt: skip
        options.add_argument(argument)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


def _wait_for(browser: Any, words: str, seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while words.lower() not in (text := browser.find_element("tag name", "body").text).lower():
        assert time.monotonic() < end, f"{words!r} is not in: {text}"
        time.sleep(0.3)


def _press(browser: Any, words: str) -> None:
    where = f"//button[contains(., '{words}')]"
    end = time.monotonic() + 60
    while not (found := browser.find_elements("xpath", where)):
        assert time.monotonic() < end, f"there is no button {words!r}"
        time.sleep(0.2)
    button = found[0]
    # By script: while the page settles, another element may lie over the button for a moment.
    browser.execute_script("arguments[0].click()", button)


@pytest.mark.browser
@pytest.mark.slow
def test_sign_in_opens_the_door_to_those_named_and_to_nobody_else(
    provider: Provider, browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setattr("serving.free_port", lambda: port)
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        f'cookie_secret = "{"s" * 48}"\nclient_id = "{CLIENT}"\nclient_secret = "secret"\n'
        f'server_metadata_url = "{provider.url}/.well-known/openid-configuration"\n'
        '[access]\nemails = ["welcome@example.org"]\n'
    )
    with serve(tmp_path, options=(f"--secrets.files={secrets}",)) as server:
        # A fresh server is asked for a page first: Streamlit could run that file by itself.
        for page in ("models", "explain", "", "devices"):
            browser.get(f"{server.url}/{page}")
            _wait_for(browser, "asks who you are")
            text = browser.find_element("tag name", "body").text
            assert "not for clinical use" not in text.lower(), text
            assert not browser.find_elements("css selector", '[data-testid="stSidebarNavLink"]')

        provider.email = "stranger@example.org"
        _press(browser, "Sign in")
        _wait_for(browser, "Not open to this account")
        assert not browser.find_elements("css selector", '[data-testid="stSidebarNavLink"]')
        _press(browser, "Sign out")

        provider.email = "welcome@example.org"
        _press(browser, "Sign in")
        _wait_for(browser, "not for clinical use")
        _press(browser, "Sign out")
        _wait_for(browser, "asks who you are")
        assert "example.org" not in server.text()
