"""The examples of the pages that are not in the user guide."""

import doctest
import re
import runpy
from pathlib import Path

import pytest
from sklearn.neural_network import MLPRegressor

from skdnn import DNNClassifier, DNNRegressor

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "getting_started.md", DOCS / "when.md", *sorted(DOCS.glob("coming_from/*.md"))]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_run(page):
    blocks = re.findall(r"^```pycon\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    session = doctest.DocTestParser().get_doctest("".join(blocks), {}, page.name, str(page), 0)
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    failed, tried = runner.run(session, out=report.append)
    assert tried
    assert not failed, "".join(report)


def defaults(heading):
    """First code of the second and third cell of each row of a table, by that of the first."""
    text = (
        (DOCS / "coming_from" / "mlp.md").read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    )
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| `")]
    codes = [[(re.findall("`(.+?)`", cell) or ["None"])[0] for cell in row[:3]] for row in rows]
    return {name: values for name, *values in codes}


def test_the_defaults_of_the_mlp_and_ours_are_those_of_the_code():
    mlp = MLPRegressor().get_params()
    ours = DNNClassifier().get_params() | DNNRegressor().get_params()
    stated = defaults("Parameters")
    assert stated.keys() == mlp.keys()
    for name, (before, after) in stated.items():
        assert eval(before) == mlp[name] == DNNRegressor.preset("mlp").get_params()[name], name
        assert eval(after, {"inf": float("inf")}) == ours[name], name
    for name, (after, *_) in defaults("New parameters").items():
        assert eval(after) == ours[name], name


def test_the_accuracies_are_those_of_the_readme():
    cells = runpy.run_path(str(DOCS / "landing.py"))["rows"]()
    table = (DOCS / "when.md").read_text().split("\n\n| | skdnn")[1].split("\n\n")[0]
    stated = [
        [cell.strip() for cell in line[1:-1].split("|")[1:]] for line in table.splitlines()[2:]
    ]
    columns = ["regression", "classification", "log-loss", "won", "fit seconds"]
    models = ["default", "best", "hgb"]
    assert stated == [[cells[model][column] for model in models] for column in columns]


def test_the_example_of_the_first_page_runs(capsys):
    (code,) = re.findall(r"^```python\n(.*?)^```", (DOCS / "index.md").read_text(), re.M | re.S)
    exec(code, {})
    assert float(capsys.readouterr().out.split()[-1]) > 0.9
