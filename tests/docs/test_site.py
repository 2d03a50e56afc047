"""The documentation builds without a warning and a network, and its pages belong together."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import skdnn
import skdnn.export
import skdnn.metrics
import skdnn_light

pytest.importorskip("sphinx_gallery", reason='needs pip install "skdnn[docs]"')

ROOT = Path(__file__).parents[2]
SOURCES = ["docs", "examples", "tutorials", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
GENERATED = shutil.ignore_patterns("auto_examples", "gen_modules", "generated", "__pycache__")
#: Pages that are looked at in a browser.
LOOKED_AT = [
    "index", "getting_started", "when", "coming_from/deep_learning", "performance", "api/index",
    "api/generated/skdnn.DNNClassifier", "auto_examples/index", "auto_examples/quickstart",
]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built pages. The scripts of the gallery do not run: tests/examples runs them."""
    root = tmp_path_factory.mktemp("site")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=GENERATED)
        else:
            shutil.copy(ROOT / name, root)
    shutil.rmtree(root / "docs" / "tutorials", ignore_errors=True)
    options = ["-n", "-W", "--keep-going", "-q", "-b", "html", "-D", "plot_gallery=0"]
    command = [sys.executable, "-m", "sphinx", *options, "docs", "build/html"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return root / "build" / "html"


class Page(HTMLParser):
    """Anchors of a page, its links, and what it loads."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loaded = {"", "top"}, [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids.update(attrs[name] for name in ("id", "name") if attrs.get(name))
        if tag == "a" and attrs.get("href"):
            self.links.append(attrs["href"])
        self.loaded += [attrs[name] for name in ("src", "href") if tag != "a" and attrs.get(name)]


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in site.rglob("*.html")}


def test_links_and_anchors_lead_somewhere(pages):
    assert len(pages) > 50
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.is_file() or (target in pages and anchor not in pages[target].ids):
                broken.append(f"{path.name}: {link}")
    assert not broken


def test_nothing_is_loaded_from_elsewhere(pages):
    elsewhere = {
        f"{path.name}: {url}"
        for path, page in pages.items()
        for url in page.loaded
        if urlsplit(url).netloc
    }
    assert not elsewhere


NAMES = {
    f"{module.__name__}.{name}"
    for module in (skdnn, skdnn.export, skdnn.metrics, skdnn_light)
    for name in module.__all__
    if name != "__version__"
}


def test_every_public_name_is_in_the_api(site, pages):
    described = set().union(*(pages[path].ids for path in (site / "api").rglob("*.html")))
    assert NAMES - described == set()


def test_every_public_name_is_in_an_example(site):
    """Types that ``load`` of ``skdnn_light`` returns need not be named."""
    folder = site.parents[1] / "docs" / "gen_modules" / "backreferences"
    used = {
        name
        for name in NAMES
        if any(path.stat().st_size for path in folder.glob(f"{name}.*examples"))
    }
    unused = NAMES - used - {f"skdnn_light.{name}" for name in skdnn_light.__all__}
    assert unused == set()
    assert "skdnn_light.load" in used


@pytest.mark.parametrize("width", [400, 1400])
def test_pages_fit_into_the_window(width, site, browser):
    page = browser.new_page(viewport={"width": width, "height": 900})
    for name in LOOKED_AT:
        page.goto((site / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.close()


def test_search_finds_the_classifier(site, browser):
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    page.locator(".search-button__button").first.click()
    page.keyboard.type("DNNClassifier")
    page.keyboard.press("Enter")
    first = page.locator("#search-results li a").first
    first.click(timeout=10_000)
    assert re.search(r"DNNClassifier", page.title())
    page.close()
