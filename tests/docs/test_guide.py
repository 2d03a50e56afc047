"""The examples of the user guide run, and its links lead somewhere."""

import doctest
import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
PAGES = sorted(GUIDE.glob("*.md"))
#: Optional packages that the examples of a page need.
NEEDS = {
    "callbacks.md": ["sklearn.callback", "matplotlib"],
    "inspection.md": ["matplotlib"],
    "tables.md": ["polars"],
}


def examples(page):
    """The doctests of a page, in its blocks of Python sessions, with the lines of the page."""
    lines, is_session = [], False
    for line in page.read_text().splitlines():
        is_fence = line.startswith("```")
        lines.append(line if is_session and not is_fence else "")
        is_session = line == "```pycon" or (is_session and not is_fence)
    return doctest.DocTestParser().get_doctest("\n".join(lines), {}, page.name, str(page), 0)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_run(page, monkeypatch, tmp_path):
    for package in NEEDS.get(page.name, ()):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    failed, _ = runner.run(examples(page), out=report.append)
    assert not failed, "".join(report)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sessions_are_marked_as_such(page):
    """Examples in other blocks would not run."""
    lines = page.read_text().splitlines()
    n_prompts = sum(line.startswith(">>> ") for line in lines)
    assert n_prompts == len(examples(page).examples)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    labels = set(re.findall(r"^\(([\w-]+)\)=$", page.read_text(), re.MULTILINE))
    assert f"guide-{page.stem}".replace("guide-index", "guide") in labels
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in link:
            name, _, anchor = link.partition("#")
            target = page.parent / name
            assert target.exists(), link
            assert not anchor or f"({anchor})=" in target.read_text(), link


def test_the_index_lists_all_pages():
    names = re.findall(r"^([a-z_]+)$", (GUIDE / "index.md").read_text(), re.MULTILINE)
    assert sorted(names) == [page.stem for page in PAGES if page.stem != "index"]
