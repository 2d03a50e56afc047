"""What a type checker knows of the public names."""

import inspect
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest

import skdnn
from skdnn.estimators._base import BaseDNN
from skdnn.estimators._labels import Labels
from skdnn.estimators._tasks import Task
from skdnn.network.losses import LossSettings

METHODS = [
    getattr(cls, name)
    for cls in (skdnn.DNNClassifier, skdnn.DNNRegressor)
    for name in ("__init__", "fit", "partial_fit", "predict", "score", "column_embedding", "preset")
]
FUNCTIONS = [skdnn.find_learning_rate, skdnn.search_space, skdnn.suggest_params, skdnn.warmup]


@pytest.mark.parametrize("function", [*METHODS, *FUNCTIONS], ids=lambda f: f.__qualname__)
def test_every_parameter_has_a_type(function):
    function = inspect.unwrap(function)
    hints = get_type_hints(function)
    parameters = inspect.signature(function).parameters
    assert set(parameters) - {"self", "cls"} <= set(hints)
    assert "return" in hints


@pytest.mark.parametrize("cls", [BaseDNN, Task, Labels, skdnn.NumericEmbedding, LossSettings])
def test_abstract_classes_cannot_be_made(cls):
    with pytest.raises(TypeError, match="abstract"):
        cls()


def test_a_checker_finds_the_errors_of_a_user(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import numpy as np\n"
        "from skdnn import DNNClassifier, DNNRegressor\n"
        "X, y = np.zeros((9, 2)), np.zeros(9)\n"
        "labels: np.ndarray = DNNClassifier().fit(X, y).predict(X)\n"
        "mean, std = DNNRegressor(n_members=2).fit(X, y).predict(X, return_std=True)\n"
        "DNNClassifier(n_members='four')\n"
        "DNNClassifier().fit(X, y, weights=y)\n"
    )
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path), str(program)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=Path(skdnn.__file__).parents[1]
    )
    errors = [line.split(": ")[0] for line in done.stdout.splitlines() if ": error: " in line]
    assert [int(place.split(":")[-1]) for place in errors] == [6, 7], done.stdout
