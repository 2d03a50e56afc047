"""Nothing but NumPy and the standard library is needed."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from saved import fitted, written

import skdnn_light

FILES = sorted(Path(skdnn_light.__file__).parent.glob("*.py"))

ROW = {
    "number": 0.5, "gaps": None, "count": 2, "mostly_zero": 0, "same": 7, "void": None,
    "color": "red", "word": "yes", "flag": True, "known": None, "thing": "b", "many": 3, "one": "x",
}  # fmt: skip
SCRIPT = """
import json
import sys
import numpy
before = set(sys.modules)
import skdnn_light
model = skdnn_light.load(sys.argv[1])
print(*model.predict_proba([json.loads(sys.argv[2])])[0].tolist())
print(*{name.split(".")[0] for name in set(sys.modules) - before})
"""


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_only_numpy_and_the_standard_library_are_imported(path):
    found = {module.split(".")[0] for module in imports(path)}
    assert found - sys.stdlib_module_names <= {"numpy", "skdnn_light"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_and_functions_stay_small(path):
    source = path.read_text()
    assert len(source.splitlines()) <= 400
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 60, node.name


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_prediction_loads_no_other_library(tmp_path):
    estimator, X = fitted("mixed-None", "float32")
    path = tmp_path / "model.skdnn"
    path.write_bytes(written(estimator))
    command = [sys.executable, "-c", SCRIPT, str(path), json.dumps(ROW)]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    probabilities, modules = found.splitlines()
    row = X[:1].assign(**ROW)
    expected = estimator.predict_proba(row)[0]
    assert [float(p) for p in probabilities.split()] == pytest.approx(expected, abs=1e-6)
    assert set(modules.split()) <= sys.stdlib_module_names | {"numpy", "skdnn_light"}
    assert "skdnn" not in modules.split()
