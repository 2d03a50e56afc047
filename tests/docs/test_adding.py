"""The guide to what can be added: its code is put where it says, into a copy of the package."""

import ast
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "adding.md").read_text()

#: A block of code of the guide, and the place before it: a file, or none, and a line of it.
BLOCK = re.compile(
    r"(?:`(?P<path>[\w/]+\.py)`,|[Ii]n the\s+same\s+file,)\s+before\s+`(?P<line>[^`]+)`:\n\n"
    r"```python\n(?P<code>.*?)\n```",
    re.DOTALL,
)

#: Most places that something new may have, its twin included.
MOST_PLACES = {
    "activation": 3,
    "loss": 3,
    "loss with several outputs for a target": 3,
    "loss with settings": 3,
    "kind of column": 4,
    "kind of column that is looked up": 3,
    "solver": 4,
}


def sections():
    """Name, number of places that the heading says, and text of each section."""
    for section in GUIDE.split("\n## ")[1:]:
        heading, text = section.split("\n", 1)
        name, _, number = heading.partition(": ")
        yield name.removeprefix("An ").removeprefix("A "), number, text


def places(text):
    """File, line and code of each place of a section."""
    found, path = [], None
    for block in BLOCK.finditer(text):
        path = block["path"] or path
        found.append((path, block["line"], block["code"]))
    return found


def insert(root, path, line, code):
    """Put code before the only line of a file that begins so, as far to the right as it is.

    An expression is an item of a list.
    """
    with suppress(SyntaxError):
        ast.parse(code, mode="eval")
        code += ","
    file = root / path
    lines = file.read_text().split("\n")
    (place,) = [i for i, each in enumerate(lines) if each.strip().startswith(line)]
    indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
    space = ["", ""] if indent == "" else []
    new = [indent + each if each else each for each in code.split("\n")]
    file.write_text("\n".join(lines[:place] + new + space + lines[place:]))


@pytest.mark.parametrize("name", MOST_PLACES)
def test_the_guide_counts_its_places(name):
    counts = {name: (number, len(places(text))) for name, number, text in sections()}
    number, count = counts[name]
    assert number == f"{count} places"
    assert count <= MOST_PLACES[name]


#: What is run in the copy, where nothing is compiled: a training with all that is new.
TRAINING = """
import numpy as np
from skdnn import DNNRegressor, InputColumn, NumericEmbedding
from skdnn.network.losses import AsymmetricHuber


class Bumps(NumericEmbedding):
    def __init__(self, n_bumps=3):
        self.n_bumps = n_bumps

    def columns(self, source, n_bins):
        return [InputColumn("bumps", source, self.n_bumps)]


rng = np.random.default_rng(0)
X = rng.normal(size=(30, 2))
y = 100 * np.abs(X[:, 0])
model = DNNRegressor(
    (5,), activation="squareplus", loss=AsymmetricHuber(50.0, 1e3), numeric_embedding=Bumps(),
    solver="lion", learning_rate_init=0.02, n_members=2, max_iter=12, random_state=0,
)
model.fit(X, y)
assert model.loss_curve_[-1] < 0.9 * model.loss_curve_[0], model.loss_curve_
# In units of the target, for each output both of them.
np.testing.assert_allclose(model._network.spec.loss_parameters, [50 / y.std(), 1e3 / y.std()])
assert model._model.inputs.names(0) == [
    f"x{j}_bump{i}" for j in range(2) for i in range(3)
]
assert "2 numbers as 6 bumps" in model._repr_html_()
# Their centers are learned, at a tenth of the rate; those of two targets are trained, too.
layout = model._network.layouts[0]
assert layout.n_input_params == 6
assert layout.factors[2, 0] == 0.1
model.set_params(loss="asymmetric_huber").fit(X, np.column_stack([y, -y]))
assert len(model._network.spec.loss_parameters) == 4
for wrong in (AsymmetricHuber(0.0, 1.0), AsymmetricHuber(1.0, "a")):
    try:
        model.set_params(loss=wrong).fit(X, y)
    except ValueError as error:
        assert "parameter of AsymmetricHuber must be a float" in str(error)
    else:
        raise AssertionError(wrong)
log_cosh = DNNRegressor.preset("mlp", hidden_layer_sizes=(3,), loss="log_cosh", max_iter=3)
assert log_cosh.fit(X, y).out_activation_ == "identity"
# Two outputs for each of two targets; what is small has a smaller variance.
Y = np.column_stack([np.sign(X[:, 0]) * rng.normal(1, 0.05, 30), rng.normal(0, 1, 30)])
gaussian = DNNRegressor(
    (), loss="gaussian", target_scaling=None, n_members=1, numeric_embedding=None, max_iter=60,
    learning_rate_init=0.05, learning_rate="constant", random_state=0,
).fit(X, Y)
assert gaussian.n_outputs_ == 2 and gaussian.predict(X).shape == Y.shape
assert gaussian.intercepts_[0].shape == (4,)
assert gaussian.intercepts_[0][1] < gaussian.intercepts_[0][3] - 0.5
assert np.corrcoef(gaussian.predict(X)[:, 0], Y[:, 0])[0, 1] > 0.8
"""

#: Gradients of the loss of two outputs and of the kinds of columns, in the copy.
GRADIENTS = """
import numpy as np
from encoded import (
    column_params, make_spec, random_network, random_table, table_features, table_rows
)
from engines import bind, make_settings
from numpy_twin import ACTIVATIONS, table_gradients, table_inputs, weighted_loss
from skdnn.kernels.losses import LOSSES, loss_gradient
from skdnn.network.spec import InputColumn
from skdnn.training.data import chosen_rows
from skdnn.training.engine import Objective, first_inputs, predict_raw
from skdnn.training.threads import Threads

rng = np.random.default_rng(0)
raw, y, weights = rng.normal(size=(7, 4)), rng.normal(size=(7, 2)), rng.uniform(0, 2, 7)
y = np.repeat(y, 2, axis=1)
total, dz = weighted_loss("gaussian", raw, y, weights)
found = np.full(raw.size, np.nan)
arrays = raw.ravel(), y.ravel(), weights, np.empty(0)
value = loss_gradient(0, LOSSES["gaussian"].code, 7, 4, *arrays, found)
np.testing.assert_allclose(value, total)
np.testing.assert_allclose(found.reshape(raw.shape), dz)

columns = (
    InputColumn("bumps", 2, 4), InputColumn("number", 0), InputColumn("bumps", 0, 2),
    InputColumn("levels", 0, 3, 3), InputColumn("one_hot", 1, 4, 4), InputColumn("levels", 1, 4, 4),
)
network = random_network(rng, make_spec((3,), columns=columns, scaled=False))
table, y = random_table(rng, 9), rng.standard_normal((9, 1))
inputs = first_inputs(network, 0, table_features(table), np.arange(9))
params, scales = column_params(network)
np.testing.assert_allclose(inputs, table_inputs(columns, table, params))
# Looked up in predictions, of single rows too, and multiplied here.
features, threads = table_features(table), Threads(None, 1)
dense = random_network(rng, make_spec((3,), columns=columns[:3], scaled=False)).layouts[0].n_dense
assert network.layouts[0].n_dense == dense
found = predict_raw(network, [features], threads)[0]
hidden = ACTIVATIONS["mish"][0](inputs @ network.coefs[0] + network.intercepts[0])
np.testing.assert_allclose(found, hidden @ network.coefs[1] + network.intercepts[1])
for row in range(9):
    single = chosen_rows(features, np.array([row]))
    np.testing.assert_array_equal(predict_raw(network, [single], threads)[0, 0], found[row])
engine = bind(network, make_settings(solver="lbfgs", alpha=0.0), table_rows(table, y))
loss, gradient = Objective(engine, 0)(network.params(0).astype(float))
total, coef_grads, _, twin, _ = table_gradients(
    network.coefs, network.intercepts, columns, params, scales, "mish", "squared_error", table, y,
    np.ones(9),
)
np.testing.assert_allclose(loss, total / 9)
np.testing.assert_allclose(gradient[-params.size :], twin)
np.testing.assert_allclose(gradient[: coef_grads[0].size], coef_grads[0].ravel())
"""


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """The package and its tests with all that the guide adds."""
    root = tmp_path_factory.mktemp("added")
    for name in ("skdnn", "skdnn_light", "tests"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    for name, _, text in sections():
        if name in MOST_PLACES:
            for place in places(text):
                insert(root, *place)
    return root


def run(root, *arguments):
    environment = {
        **os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": f"{root}{os.pathsep}{root}/tests"
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, *arguments], cwd=root, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_tests_of_the_kernels_know_what_is_new(copied):
    names = "squareplus or log_cosh or asymmetric_huber or lion"
    kernels = [f"tests/kernels/test_{name}.py" for name in ("activations", "losses", "optimizers")]
    output = run(copied, "-m", "pytest", "-q", "-p", "no:cacheprovider", *kernels, "-k", names)
    assert int(re.search(r"(\d+) passed", output)[1]) >= 20


@pytest.mark.parametrize("script", [GRADIENTS, TRAINING], ids=["gradients", "training"])
def test_what_is_new_is_trained(copied, script):
    run(copied, "-W", "ignore", "-c", script)


def test_an_embedding_needs_no_place():
    (code,) = (
        re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
        for name, _, text in sections()
        if name == "embedding of numbers"
    )
    names = {}
    exec(code, names)
    X = [[value] for value in range(20)]
    model = names["model"].set_params(n_members=1, max_iter=1, hidden_layer_sizes=(2,))
    model.fit(X, range(20))
    assert model.column_embedding(0, of="inputs").columns.tolist() == [
        "x0", "x0_bin0", "x0_bin1", "x0_bin2", "x0_bin3"
    ]  # fmt: skip


def test_a_parameter_is_where_the_guide_says():
    ((number, text),) = (
        (number, text) for name, number, text in sections() if name == "parameter of the estimators"
    )
    places = re.findall(r"^\* `(.+?)`", text, re.MULTILINE)
    assert number == f"{len(places)} places"
    assert len(places) <= 5
    named = set(re.findall(r"`((?:skdnn|tests)/[\w/]+\.py)`", text))
    files = [*ROOT.glob("skdnn/**/*.py"), ROOT / "tests" / "engines.py"]
    files += [ROOT / "tests" / "fuzz" / "strategies.py"]
    files += [ROOT / "tests" / "estimators" / "test_bad_input.py"]
    found = {str(f.relative_to(ROOT)) for f in files if re.search(r"\bmax_time\b", f.read_text())}
    assert found == named
    # Once each but in a constructor, which also keeps it.
    for place in places:
        tree = ast.parse((ROOT / place).read_text())
        words = [node for node in ast.walk(tree) if is_word("max_time", node)]
        assert len(words) == (3 if "__init__" in (ROOT / place).read_text() else 1), place


def is_word(word, node):
    """Whether a node of a syntax tree is a name, a string, an argument or an attribute."""
    return word in (getattr(node, field, None) for field in ("id", "value", "arg", "attr"))
