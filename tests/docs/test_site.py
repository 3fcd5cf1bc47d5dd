"""The built site: its links hold, nothing comes from another host, and browsers show it whole."""

import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

SITE = Path(__file__).parents[2] / "docs/_build/html"
pytestmark = pytest.mark.skipif(
    not (SITE / "index.html").is_file(), reason="the site is not built: make docs builds it"
)
CHROMIUM = shutil.which("chromium")
LOADED = {"img": "src", "script": "src", "source": "src", "iframe": "src", "link": "href"}
PAGES = ("index", "start/ten-minutes", "start/glossary", "how-to/check", "gallery/index", "compare",
         "reference/made/command-line", "reference/python", "learn/index", "benchmarks/index",
         "trust", "search")  # fmt: skip

if TYPE_CHECKING:
    from playwright.sync_api import Browser


class Read(HTMLParser):
    """Collects what a page links to, what it loads, and its anchors."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links, self.loads, self.anchors = list[str](), list[str](), set[str]()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of one tag."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in LOADED and LOADED[tag] in given and given.get("rel") != "canonical":
            self.loads.append(given[LOADED[tag]])


@pytest.fixture(scope="module")
def read() -> dict[Path, Read]:
    """Return all pages of the site."""
    return {path: Read(path) for path in sorted(SITE.rglob("*.html"))}


def test_links_inside_the_site_hold(read: dict[Path, Read]) -> None:
    broken = []
    for path, page in read.items():
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = read.get(target)
            if not target.exists() or (
                parts.fragment and known and unquote(parts.fragment) not in known.anchors
            ):
                broken.append(f"{path.relative_to(SITE)}: {link}")
    assert broken == []


def test_nothing_is_loaded_from_another_host(read: dict[Path, Read]) -> None:
    assert [load for page in read.values() for load in page.loads if urlsplit(load).netloc] == []


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Return a browser without a window."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no chromium is installed")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_fit_and_are_quiet(browser: "Browser", width: int, scheme: Any) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page, said, asked = context.new_page(), list[str](), list[str]()
    page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    page.on("request", lambda request: asked.append(request.url))
    wide = []
    for name in PAGES:
        page.goto((SITE / f"{name}.html").as_uri())
        if page.evaluate("document.scrollingElement.scrollWidth > innerWidth + 1"):
            wide.append(name)
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert wide == []


def test_search_works_without_a_server(browser: "Browser") -> None:
    page = browser.new_page()
    page.goto((SITE / "search.html").as_uri() + "?q=stride")
    page.wait_for_selector('#search-results a[href*="own-images"]', timeout=20_000)
