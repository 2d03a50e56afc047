"""The documentation says what the code is."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_reference_tables_are_those_of_the_records():
    tables = runpy.run_path(str(ROOT / "docs" / "tables.py"))
    assert (ROOT / "docs" / "reference.md").read_text() == tables["text"]() + "\n"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_code_of_the_readme_runs(capsys):
    blocks = (ROOT / "README.md").read_text().split("```python\n")[1:]
    assert len(blocks) == 2
    for block in blocks:
        exec(block.split("```")[0], {})
    accuracy, coverage = (float(line) for line in capsys.readouterr().out.split())
    assert accuracy > 0.9
    assert 0.6 < coverage < 0.95


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


def test_the_readme_has_a_place_for_the_comparison_on_tables():
    text = (ROOT / "README.md").read_text()
    assert text.index("## Accuracy") < text.index("<!-- accuracy -->\n")
    assert text.index("<!-- accuracy -->\n") < text.index("<!-- /accuracy -->\n")


def test_the_readme_has_the_two_commands_that_ci_runs():
    lines = (ROOT / "README.md").read_text().splitlines()
    commands = [line for line in lines if line.startswith("pip install ")]
    assert [command.split()[-1] for command in commands] == ["examples/quickstart.py", "pytest"]
