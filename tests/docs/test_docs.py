"""The documentation says what the code is."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest

import skdnn

ROOT = Path(__file__).parents[2]


def test_reference_tables_are_those_of_the_records():
    tables = runpy.run_path(str(ROOT / "docs" / "tables.py"))
    assert (ROOT / "docs" / "reference.md").read_text() == tables["text"]() + "\n"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_code_of_the_readme_runs(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in (ROOT / "README.md").read_text().split("```python\n")[1:]:
        exec(block.split("```")[0], names)
    accuracy, label, coverage = capsys.readouterr().out.split("\n")[:3]
    assert float(accuracy) > 0.9
    assert label == "['yes']"
    assert 0.6 < float(coverage) < 0.95
    assert {path.name for path in tmp_path.iterdir()} == {"model.skdnn", "page.html"}


@pytest.mark.filterwarnings("ignore:Got batch_size")
def test_the_code_of_the_guide_to_tuning_runs():
    names = {}
    for block in (ROOT / "docs" / "tuning.md").read_text().split("```python\n")[1:]:
        code = block.split("```")[0]
        if "import optuna" in code:
            try:
                import optuna  # noqa: F401
            except ImportError:
                continue
        exec(code, names)
    assert names["search"].best_score_ > 0.9
    assert names["halving"].best_params_["dnnclassifier__max_iter"] == 40
    assert len(names["models"]) == 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:skl2onnx")
def test_the_code_of_the_guide_to_onnx_runs(monkeypatch, tmp_path):
    for name in ("spox", "onnxruntime", "skl2onnx"):
        pytest.importorskip(name, reason='needs pip install "skdnn[export]"')
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in (ROOT / "docs" / "onnx.md").read_text().split("```python\n")[1:]:
        exec(block.split("```")[0], names)
    assert names["label"].tolist() == ["yes", "no", "yes", "yes", "no"]
    assert [each["type"] for each in names["columns"]] == ["double", "string", "int64"]
    assert names["classes"] == ["no", "yes"]
    assert [each.name for each in names["graph"].graph.input] == ["X"]


def test_the_code_of_the_guide_to_saving_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in (ROOT / "docs" / "saving.md").read_text().split("```python\n")[1:]:
        exec(block.split("```")[0], names)
    assert names["scorer"].predict([{"age": 34, "city": "Oslo"}]).tolist() == ["no"]
    assert names["again"].get_params().keys() == names["model"].get_params().keys()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_code_of_the_guide_to_pages_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in (ROOT / "docs" / "page.md").read_text().split("```python\n")[1:]:
        exec(block.split("```")[0], names)
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes.keys() == {"drivers.html", "digits.html"}
    assert all(10_000 < size < 1_000_000 for size in sizes.values())


def test_the_readme_has_a_place_for_the_comparison_on_tables():
    text = (ROOT / "README.md").read_text()
    assert text.index("## Accuracy") < text.index("<!-- accuracy -->\n")
    assert text.index("<!-- accuracy -->\n") < text.index("<!-- /accuracy -->\n")


def test_the_readme_has_the_two_commands_that_ci_runs():
    lines = (ROOT / "README.md").read_text().splitlines()
    commands = [line for line in lines if line.startswith("pip install ")]
    assert [command.split()[-1] for command in commands] == ["examples/quickstart.py", "pytest"]


def heading_ids(path):
    titles = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


PAGES = [path for folder in (".", "docs") for path in sorted((ROOT / folder).glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not heading or heading in heading_ids(target), link


def test_the_citation_is_of_this_version():
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {skdnn.__version__}\n" in citation


def test_the_changelog_begins_with_this_version():
    title = re.search(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE).group(1)
    version = re.escape(skdnn.__version__)
    assert re.fullmatch(rf"{version} \((unreleased|\d{{4}}-\d\d-\d\d)\)", title)


def test_pages_about_the_project_are_in_the_source_distribution():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = settings["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    # The build always includes readme and license.
    assert {page.name for page in ROOT.glob("*.md")} <= {*included, "README.md"}
    assert {"CITATION.cff", "docs", ".github"} <= set(included)


def test_the_design_names_every_module():
    (layout,) = re.findall(
        r"^## 2\..*?(?=^## )", (ROOT / "docs" / "design.md").read_text(), re.MULTILINE | re.DOTALL
    )
    modules = {path.stem for path in (ROOT / "skdnn").rglob("*.py")} - {"__init__"}
    assert modules - set(re.findall(r"\w+", layout)) == set()
