"""Examples have the form that the gallery needs, and show all that is public."""

import ast
import re
from pathlib import Path

import pytest

import skdnn
import skdnn.export
import skdnn.metrics
import skdnn_light

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PAGES = sorted(EXAMPLES.rglob("[!_]*.py"))


def test_there_are_enough_examples():
    assert len(PAGES) >= 25


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_form(path):
    text = path.read_text(encoding="utf-8")
    title, line, *_ = ast.get_docstring(ast.parse(text)).splitlines()
    assert line == "=" * len(title)
    assert "# %%" in text
    assert "argparse" not in text
    assert "__main__" not in text
    assert len(text.splitlines()) <= 130


def test_folders_have_a_header():
    for folder in {path.parent for path in PAGES}:
        title, line = (folder / "README.rst").read_text().splitlines()[:2]
        assert len(set(line)) == 1
        assert len(line) == len(title)


def test_every_example_is_run_by_a_test():
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for path in PAGES:
        name = path.relative_to(EXAMPLES).with_suffix("").as_posix()
        assert f'"{name}"' in tests or path.name in tests, name


def test_every_public_name_is_in_an_example():
    text = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    names = [*skdnn.__all__, *skdnn_light.__all__, *skdnn.export.__all__, *skdnn.metrics.__all__]
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []
