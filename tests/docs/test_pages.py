"""The examples of the pages that are not in the user guide."""

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "getting_started.md", DOCS / "when.md", *sorted(DOCS.glob("coming_from/*.md"))]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_run(page):
    blocks = re.findall(r"^```pycon\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    session = doctest.DocTestParser().get_doctest("".join(blocks), {}, page.name, str(page), 0)
    report = []
    failed, tried = doctest.DocTestRunner().run(session, out=report.append)
    assert tried
    assert not failed, "".join(report)


def test_the_example_of_the_first_page_runs(capsys):
    (code,) = re.findall(r"^```python\n(.*?)^```", (DOCS / "index.md").read_text(), re.M | re.S)
    exec(code, {})
    assert float(capsys.readouterr().out.split()[-1]) > 0.9
