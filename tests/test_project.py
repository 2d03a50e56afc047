"""What several files of the repository say, they say alike."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from skdnn._jit import internals

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirements(lines):
    """Names and specifiers."""
    found = (Requirement(line) for line in lines if line and not line.startswith("#"))
    return {requirement.name: requirement.specifier for requirement in found}


NEEDED = requirements(PROJECT["dependencies"])
LOWEST = requirements((ROOT / "constraints-lowest.txt").read_text().splitlines())


def bound(specifiers, operator):
    [version] = [each.version for each in specifiers if each.operator == operator]
    return Version(version)


def test_the_lowest_versions_are_those_that_are_tested():
    assert set(LOWEST) == set(NEEDED)
    for name, specifiers in NEEDED.items():
        assert bound(LOWEST[name], "==") == bound(specifiers, ">="), name


def test_numba_is_bounded_by_the_versions_whose_internals_were_tested():
    first, last = re.search(r"Tested with Numba (\S+) .*? to (\S+) ", internals.__doc__).groups()
    assert bound(NEEDED["numba"], ">=") == Version(first)
    major, minor = Version(last).release
    assert bound(NEEDED["numba"], "<") == Version(f"{major}.{minor + 1}")


def test_the_support_policy_states_the_versions_of_the_dependencies():
    page = (ROOT / "docs" / "support.md").read_text()
    stated = dict(re.findall(r"^\| (\S+) \| ([\d.]+) and later", page, re.MULTILINE))
    expected = {name.lower(): str(bound(each, ">=")) for name, each in NEEDED.items()}
    expected["python"] = PROJECT["requires-python"].removeprefix(">=")
    assert {name.lower(): version for name, version in stated.items()} == expected
    assert f"below {bound(NEEDED['numba'], '<')} |" in page


@pytest.mark.parametrize("name", ["ruff", "mypy", "pandas-stubs"])
def test_linters_are_pinned_to_one_version(name):
    pin = bound(requirements(PROJECT["optional-dependencies"]["test"])[name], "==")
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    assert set(re.findall(rf"{name}==([\w.]+)", hooks)) == {str(pin)}


def test_the_workflow_calls_steps_that_there_are():
    steps = set(re.findall(r"^(\w+)\(\)", (ROOT / ".ci" / "run").read_text(), re.MULTILINE))
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    called = set(re.findall(r"(?:step: |\.ci/run .*\|\| ')(\w+)", workflow))
    assert called == {"tests", "portable", "lowest"}
    assert called <= steps
