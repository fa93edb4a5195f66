"""The real app in a real browser: both themes, both sizes, keyboard, links, an upload."""

from __future__ import annotations

import base64
import importlib.util
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from benchmarks.browser import SIZES, THEMES, Browser, missing
from benchmarks.screenshots import EXPLAINED
from benchmarks.serving import serve
from tests.helpers.visits import SECTIONS
from xray.dashboard import navigation
from xray.drawing import phantoms
from xray.figures import palette
from xray.models.card import read_cards
from xray.reports import html

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=missing() or "a browser is here"),
    pytest.mark.skipif(
        importlib.util.find_spec("axe_core_python") is None,
        reason="needs axe-core-python (requirements-dev.txt)",
    ),
]

#: Address of every section.
PAGES = [
    ("" if name == "overview" else name) + (f"?section={quote(section)}" if section else "")
    for entries in navigation.PAGES.values()
    for name, *_ in entries
    for section in SECTIONS.get(name, ("",))
]
#: No section is higher before something is unfolded: three screens of 900 pixels.
HIGHEST = 2700
#: Keeps the names of all pages that the sidebar ever offers, however briefly.
WATCH = """window.seen = []; new MutationObserver(() => {
  for (const e of document.querySelectorAll('[data-testid=stSidebarNavLink]')) {
    const name = e.innerText.trim().split('\\n').pop();
    if (name && !window.seen.includes(name)) window.seen.push(name);
  }}).observe(document, {childList: true, subtree: true, characterData: true})"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    # What the probe of the arithmetic does is no matter of the pages, and takes minutes here.
    settings = {"XRAY_DATA": None, "XRAY_PRECISION": "float32"}
    with serve(tmp_path_factory.mktemp("dashboard"), settings) as server:
        yield server.url


@pytest.fixture(scope="module")
def pictures() -> Path | None:
    """Folder of screenshots, ``XRAY_SCREENSHOTS``; None where nobody wants to look at them."""
    value = os.environ.get("XRAY_SCREENSHOTS")
    return Path(value) if value else None


@pytest.fixture(scope="module")
def axe() -> str:
    spec = importlib.util.find_spec("axe_core_python")
    assert spec is not None
    assert spec.submodule_search_locations
    return (Path(spec.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def need_models() -> None:
    if not [card for card in read_cards() if not card.problem]:
        pytest.skip("needs a stored model (artifacts/models)")


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page or "overview")
def test_page_is_drawn_in_both_sizes_and_accessible(
    page: str, theme: str, url: str, browser: Browser, pictures: Path | None, axe: str
) -> None:
    browser.resize("desktop")
    browser.complaints()
    browser.open(f"{url}/{page}", theme)
    high = "return document.querySelector('.stMain .block-container').scrollHeight"
    assert browser.run(high) <= HIGHEST
    assert browser.background() == rgb(palette.BACKGROUND[theme.lower()])
    assert browser.axe(axe) == []
    for size in SIZES:
        # It was opened, and has settled, in the first.
        if size != "desktop":
            browser.resize(size)
            browser.settle()
        if pictures:
            name = re.sub(r"\W+", "-", unquote(page)) or "overview"
            browser.picture(pictures / f"{name}-{theme.lower()}-{size}.png")
        text = browser.text()
        assert "the server's log says why" not in text
        assert not browser.run("return document.querySelector('[data-testid=stException]')")
        share = "document.querySelector('.st-key-share button').getBoundingClientRect()"
        assert browser.run(f"return {share}.right <= innerWidth && {share}.bottom < innerHeight")
        over = "const m = document.querySelector('.stMain'); return m.scrollWidth - m.clientWidth"
        assert browser.run(over) <= 1, f"{size}: the page is wider than the screen"
    assert browser.complaints() == []


def test_first_visitor_by_a_link_sees_the_app_and_it_is_dark(tmp_path: Path) -> None:
    """To a fresh server and with a fresh browser, to a page that is not the first."""
    titles = {entry[1] for entries in navigation.PAGES.values() for entry in entries} - {"Label"}
    with serve(tmp_path, {"XRAY_DATA": None}) as server:
        fresh = Browser()
        try:
            fresh.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
            fresh.open(f"{server.url}/performance")
            dark = (
                "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
                f" === '{rgb(palette.BACKGROUND['dark'])}'"
            )
            fresh.wait(dark, "the reading-room to go dark")
            fresh.wait("document.querySelector('.xtick text')", "a chart")
            assert set(fresh.run("return window.seen")) == titles
            ink = fresh.run("return getComputedStyle(document.querySelector('.xtick text')).fill")
            assert min(map(int, re.findall(r"\d+", ink)[:3])) > 128, f"{ink} on a dark page"
            fresh.open(server.url)
            fresh.wait(dark, "the first page to go dark")
        finally:
            fresh.close()


def test_upload_is_explained(url: str, browser: Browser, tmp_path: Path, need_models: None) -> None:
    film = tmp_path / "patient-name.png"
    film.write_bytes(html.png(phantoms.phantom(5, label="PNEUMONIA").pixels))
    browser.resize("desktop")
    # Few superpixels and two models: tests of the page ask all of them.
    names = [card.title for card in read_cards() if card.name in ("basic", "device_free")]
    asked = "".join(f"&models={quote(name)}" for name in names)
    browser.open(f"{url}/explain?superpixels=12{asked}", "Dark")
    browser.upload(film)
    browser.says("Your upload")
    browser.press("Explain this film")
    browser.wait(EXPLAINED, "the explanation", 600)
    text = browser.text()
    assert "Not for clinical use" in text
    assert "called" in text
    assert "patient" not in browser.driver.current_url


def test_damaged_upload_is_a_sentence(url: str, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "cut.png").write_bytes(html.png(phantoms.phantom(5).pixels)[:200])
    browser.open(f"{url}/explain", "Dark")
    browser.upload(tmp_path / "cut.png")
    browser.wait("document.querySelector('[data-testid=stAlert]')", "the sentence")
    assert not browser.run("return document.querySelector('[data-testid=stException]')")


def test_link_restores_the_view_and_back_goes_back(url: str, browser: Browser) -> None:
    browser.resize("desktop")
    browser.open(f"{url}/explain?child=42&shows=NORMAL&device=spoon", "Dark")
    child = "document.querySelector('input[aria-label=Person]').value"
    assert browser.run(f"return {child}") == "42"
    text = browser.text()
    assert "spoon" in text
    assert "ignored" in text
    # In the theme already chosen: choosing one would put a page of its own into the history.
    browser.open(f"{url}/explain?child=43")
    browser.driver.back()
    browser.settle()
    browser.wait(f"{child} === '42'", "the view before")


def test_share_shows_and_copies_the_link_to_the_view(url: str, browser: Browser) -> None:
    browser.resize("desktop")
    browser.driver.execute_cdp_cmd(
        "Browser.grantPermissions",
        {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": url},
    )
    browser.open(f"{url}/explain?child=42&shows=NORMAL", "Dark")
    browser.press("Share")
    shown = "document.querySelector('[data-testid=stPopoverBody] code')"
    browser.wait(shown, "the link")
    link = browser.run(f"return {shown}.innerText")
    assert link.startswith(f"{url}/explain?") and "child=42" in link and "shows=NORMAL" in link
    browser.run(
        "document.querySelector('[data-testid=stPopoverBody] button[aria-label*=Copy]').click()"
    )
    read = (
        "const done = arguments[arguments.length - 1];"
        "navigator.clipboard.readText().then(done, error => done(String(error)))"
    )
    browser.wait_for(
        lambda: browser.driver.execute_async_script(read) == link, "the link to be copied", 30
    )
    browser.open(link)
    assert browser.run("return document.querySelector('input[aria-label=Person]').value") == "42"


def test_keyboard_alone_reaches_the_button(url: str, browser: Browser) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser.resize("desktop")
    browser.open(f"{url}/explain?child=44", "Dark")
    for _ in range(80):
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        focused = "const e = document.activeElement; return e.tagName + ' ' + (e.innerText || '')"
        kind, _, text = browser.run(focused).partition(" ")
        if kind == "BUTTON" and "Explain this film" in text:
            break
    else:
        pytest.fail("no number of tabs reaches the button")
    ring = browser.run(
        "const s = getComputedStyle(document.activeElement);"
        "return s.outlineStyle !== 'none' || s.boxShadow !== 'none'"
    )
    assert ring, "the focus is not to be seen"


def test_report_is_saved_and_opens_without_a_server(
    url: str, browser: Browser, tmp_path: Path
) -> None:
    browser.resize("desktop")
    browser.open(url, "Dark")
    browser.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    browser.press("One-page report")
    saved = tmp_path / "xray-model-audit.html"
    browser.wait_for(saved.is_file, "the report")
    browser.complaints()
    browser.driver.get(saved.as_uri())
    text = browser.run("return document.body.innerText")
    assert "Not for clinical use" in text
    assert all(card.title in text for card in read_cards(roles=("recipe",)))
    browser.wait("document.querySelector('.js-plotly-plot .xtick')", "a figure of the report")
    assert browser.complaints() == []


def headings(pdf: bytes) -> dict[str, int]:
    """Headings of a printed file without their spaces, and the page of each, from 1."""
    pages = re.findall(rb"(\d+) 0 obj\s*<</Type /Page\b(?!s)", pdf)
    text = rb"/Title (?:\(((?:[^()\\]|\\.)*)\)|<FEFF([0-9A-F]*)>?)"
    found = {}
    for plain, coded, page in re.findall(
        text + rb"(?:(?!/Title).)*?/Dest \[(\d+) 0 R", pdf, re.DOTALL
    ):
        words = bytes.fromhex(coded.decode()).decode("utf-16-be") if coded else plain.decode()
        # Where a line ends, the file holds no space.
        found.setdefault(re.sub(r"[\s\\]", "", words), pages.index(page) + 1)
    return found


def test_the_reports_first_page_is_one_sheet_of_paper(browser: Browser, tmp_path: Path) -> None:
    from xray.reports import report

    saved = tmp_path / "report.html"
    saved.write_text(report.build(), encoding="utf-8")
    browser.driver.get(saved.as_uri())
    browser.wait("document.querySelector('.js-plotly-plot .xtick')", "a figure of the report")
    asked = {"paperWidth": 8.27, "paperHeight": 11.69, "generateDocumentOutline": True}
    made = browser.driver.execute_cdp_cmd("Page.printToPDF", asked)
    of = headings(base64.b64decode(made["data"]))
    answer = browser.run("return document.querySelector('h1').innerText")
    first = ("".join(answer.split()), "Whattodo", "Howsureisthis?")
    assert [of[words] for words in first] == [1, 1, 1]
    assert of["Appendix:whatwasfound,modelbymodel"] == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("calibration?model=augmented", "/performance?section=Calibration&model="),
        ("oddballs?kind=Rotated", "/dataset?section=Outliers&kind=Rotated"),
        ("film_browser?splits=test", "/browse?splits=test"),
    ],
)
def test_addresses_of_before_lead_to_the_section_with_their_query(
    old: str, new: str, url: str, browser: Browser
) -> None:
    browser.resize("desktop")
    browser.open(f"{url}/{old}")
    page, _, query = new.partition("?")
    browser.wait(f"location.pathname === '{page}'", "the page of now")
    browser.settle()
    address = unquote(browser.driver.current_url)
    assert all(part in address for part in query.split("&")), address
    assert "ignored" not in browser.text()
    assert "not found" not in browser.text().lower()


def test_phone_reaches_other_pages_by_the_menu(url: str, browser: Browser) -> None:
    browser.resize("phone")
    browser.open(f"{url}/robustness", "Dark")
    bar = "document.querySelector('[data-testid=stExpandSidebarButton]')"
    browser.wait(bar, "the button of the menu")
    browser.run(f"{bar}.click()")
    link = (
        "[...document.querySelectorAll('[data-testid=stSidebarNavLink]')]"
        ".find(a => a.innerText.includes('Cards'))"
    )
    browser.wait(f"{link} && {link}.getBoundingClientRect().left >= 0", "the menu")
    browser.run(f"{link}.click()")
    browser.wait("location.pathname.endsWith('/cards')", "the page")
    browser.settle()
    browser.resize("desktop")


def test_keyboard_alone_goes_to_another_page(url: str, browser: Browser) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser.resize("desktop")
    browser.open(f"{url}/robustness", "Dark")
    for _ in range(60):
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        if "Cards" in browser.run("return document.activeElement.innerText || ''"):
            break
    else:
        pytest.fail("no number of tabs reaches the list of pages")
    ActionChains(browser.driver).send_keys(Keys.ENTER).perform()
    browser.wait("location.pathname.endsWith('/cards')", "the page")
