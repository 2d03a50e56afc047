"""The entries: whole epochs, divergence, prediction by blocks, what is compiled and cached."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from encoded import (
    COLUMNS,
    column_params,
    make_spec,
    random_network,
    random_table,
    table_features,
    table_rows,
)
from engines import bind, make_rows, make_settings
from numba import config
from numpy_twin import OPTIMIZERS as TWINS
from numpy_twin import (
    dense_rows,
    forward,
    loss_parameters,
    loss_targets,
    n_column_params,
    n_outputs,
    table_gradients,
    train_epoch,
)

import skdnn
from skdnn.kernels import epoch as entries
from skdnn.kernels.losses import LOSSES
from skdnn.kernels.network import Samples
from skdnn.kernels.optimizers import OPTIMIZERS
from skdnn.network.initializers import initial_values
from skdnn.network.network import Network
from skdnn.network.spec import InputColumn, NetworkSpec
from skdnn.training.data import make_features
from skdnn.training.engine import Objective, predict_raw
from skdnn.training.threads import Threads

needs_compiler = pytest.mark.skipif(
    bool(config.DISABLE_JIT), reason="compilation is switched off by NUMBA_DISABLE_JIT"
)


def make_engine(settings, loss="log_loss", sizes=(5, 7, 4, 3), n_rows=30, dtype=np.float64):
    rng = np.random.default_rng(1)
    sizes = *sizes[:-1], n_outputs(loss, sizes[-1])
    X, weights = rng.standard_normal((n_rows, sizes[0])), rng.uniform(0.5, 3, n_rows)
    y = loss_targets(loss, rng, n_rows, sizes[-1])
    # The smoothing of labels is a setting of the training.
    parameters = () if LOSSES[loss].class_index else tuple(loss_parameters(loss, sizes[-1]))
    spec = NetworkSpec(sizes, "tanh", (0.0,) * (len(sizes) - 1), loss, parameters)
    network = make_network(spec, dtype)
    rows = make_rows(X, y, weights, dtype=np.dtype(dtype))
    return bind(network, settings, rows), network, rows


def make_network(spec, dtype=np.float64):
    values = initial_values(spec, np.random.RandomState(1), np.dtype(dtype))
    return Network([spec], values)


def predict(network, X):
    return predict_raw(network, [make_features(X, network.dtype)], Threads(None, 1))[0]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_twin(solver, loss):
    """Three epochs, the last batch smaller, rows in a given order: equal to NumPy."""
    settings = make_settings(solver=solver)
    engine, network, rows = make_engine(settings, loss)
    coefs = [w.copy() for w in network.coefs]
    intercepts = [b.copy() for b in network.intercepts]
    slots = [[[0, 0] for _ in coefs] for _ in range(2)]
    t = 0
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(rows.n_rows)
        mean_loss = engine.train_epoch([order], [np.full(4, 0.01)], [np.ones(4)])
        expected, t = train_epoch(
            coefs, intercepts, "tanh", loss, solver, dense_rows(rows.features), rows.y,
            rows.weights, order, 8, 0.01,
            slots, t, alpha=settings.alpha / rows.weight_scale, momentum=0.5, nesterov=True,
            beta_1=0.9, beta_2=0.99, epsilon=1e-6, weight_decay=0.1,
            parameters=engine.programs[0].loss_parameters,
        )  # fmt: skip
        assert mean_loss == pytest.approx(expected, rel=1e-12)
    assert engine.states[0].step[0] == t == 12
    for ours, twin in zip(network.coefs + network.intercepts, coefs + intercepts, strict=True):
        np.testing.assert_allclose(ours, twin, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_twin_of_columns(solver, scaled, rng):
    """Each part of the parameters has its own learning rate; weights alone have decay, penalty."""
    settings = make_settings(solver=solver)
    network = random_network(rng, make_spec((5,), 2, scaled=scaled))
    table, n_rows = random_table(rng, 40), 30
    chosen, y = rng.permutation(40)[:n_rows], rng.standard_normal((n_rows, 2))
    rows = table_rows(table, y, rng.uniform(0.5, 3, n_rows), rows=chosen)
    table, weights, alpha = table.take(chosen), rows.weights, 0.01 / rows.weight_scale
    engine = bind(network, settings, rows)
    arrays = *network.coefs, *network.intercepts, *column_params(network)
    values = [array.copy() for array in arrays]
    rates = [0.1 if column.kind == "periodic" else 1.0 for column in COLUMNS]
    rates = np.repeat(rates, [n_column_params(column) for column in COLUMNS])
    # Scales that there are not stay 1.
    rates = [1, 1, 1, 1, rates, 6.0 * scaled]
    slots, t = [[0, 0] for _ in values], 0
    for seed in range(3):
        order, total = np.random.default_rng(seed).permutation(n_rows), 0.0
        mean_loss = engine.train_epoch([order], [np.full(4, 0.01)], [np.ones(4)])
        for start in range(0, n_rows, 8):
            batch, t = order[start : start + 8], t + 1
            value, coef_grads, intercept_grads, *others = table_gradients(
                values[:2], values[2:4], COLUMNS, *values[4:], "mish", "squared_error",
                table.take(batch), y[batch], weights[batch],
            )  # fmt: skip
            total += value + 0.5 * alpha * sum((w**2).sum() for w in values[:2])
            for i, gradient in enumerate([*coef_grads, *intercept_grads, *others]):
                is_weight = i < 2
                values[i] = TWINS[solver](
                    values[i], gradient + is_weight * alpha * values[i] / len(batch), slots[i], t,
                    0.01 * rates[i], momentum=0.5, nesterov=True, beta_1=0.9, beta_2=0.99,
                    epsilon=1e-6, weight_decay=0.1 * is_weight,
                )  # fmt: skip
        assert mean_loss == pytest.approx(total / n_rows, rel=1e-11)
    ours = *network.coefs, *network.intercepts, *column_params(network)
    for our, twin in zip(ours, values, strict=True):
        np.testing.assert_allclose(our, twin, rtol=1e-9, atol=1e-11)


def test_gradients_of_columns_are_summed_over_blocks(rng):
    network = random_network(rng, make_spec((5,), 2, dropout=0.3))
    table, y = random_table(rng, 30), rng.standard_normal((30, 2))
    rows = table_rows(table, y, rng.uniform(0.5, 3, 30))
    objective = Objective(bind(network, make_settings(alpha=0.0), rows), 0)
    loss, gradient = objective(network.params(0).copy())
    expected, coefs, intercepts, *others = table_gradients(
        network.coefs, network.intercepts, COLUMNS, *column_params(network), "mish",
        "squared_error", table, y, rows.weights,
    )  # fmt: skip
    assert loss == pytest.approx(expected / 30, rel=1e-11)
    twin = np.concatenate([array.ravel() for array in (*coefs, *intercepts, *others)])
    np.testing.assert_allclose(gradient, twin, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("n_rows", [1, 63, 64, 65, 200])
def test_prediction(n_rows, rng):
    _, network, _ = make_engine(make_settings())
    X = rng.standard_normal((n_rows, 5))
    expected = forward(network.coefs, network.intercepts, "tanh", X)[-1][-1]
    np.testing.assert_allclose(predict(network, X), expected, rtol=1e-12, atol=1e-14)


def test_a_step_whose_loss_is_not_finite_is_not_taken():
    engine, network, rows = make_engine(make_settings(batch_size=30))
    network.params(0)[-1] = np.inf
    before = network.params(0).copy()
    status, total = entries.train_epoch(
        engine.programs[0], None, None, engine.states[0], engine.teams[0][0], Samples(*rows[:3]),
        np.arange(30), np.full(1, 0.1), np.ones(1), np.uint64(0),
    )  # fmt: skip
    assert status == entries.NON_FINITE_LOSS
    assert total == 0
    np.testing.assert_array_equal(network.params(0), before)


@needs_compiler
def test_nothing_is_compiled_for_another_architecture():
    def run(**changes):
        engine, network, rows = make_engine(make_settings(), **changes)
        engine.train_epoch([np.arange(rows.n_rows)], [np.full(4, 0.01)], [np.ones(4)])
        predict(network, dense_rows(rows.features))

    run()
    compiled = [len(f.signatures) for f in (entries.train_epoch, entries.predict_raw)]
    run(sizes=(2, 1), loss="binary_log_loss")
    run(sizes=(9, 3, 8, 2, 4, 3), n_rows=31)
    run(sizes=(4, 6, 2), loss="squared_error", n_rows=25)
    assert compiled == [len(f.signatures) for f in (entries.train_epoch, entries.predict_raw)]


@needs_compiler
def test_nothing_is_compiled_for_another_table(rng):
    def run(columns, **changes):
        network = random_network(rng, make_spec(columns=columns, **changes))
        table = random_table(rng, 20)
        if not any(column.kind in ("bins", "number", "periodic") for column in columns):
            none = np.empty((20, 0))
            table = table._replace(numbers=none, bins=none, fractions=none)
        rows = table_rows(table, rng.standard_normal((20, network.spec.n_out)))
        engine = bind(network, make_settings(), rows)
        engine.train_epoch([np.arange(20)], [np.full(3, 0.01)], [np.ones(3)])
        predict_raw(network, [table_features(table)], Threads(None, 1))

    run(COLUMNS)
    compiled = [len(f.signatures) for f in (entries.train_epoch, entries.predict_raw)]
    for column in COLUMNS:
        run((column,), scaled=False)
    run(
        (InputColumn("embedding", 0, 1, 3), InputColumn("one_hot", 2, 2, 2)), n_out=3, hidden=(4, 3)
    )
    assert compiled == [len(f.signatures) for f in (entries.train_epoch, entries.predict_raw)]


# One training and one prediction in a new process; prints what came from the cache, and a result.
PROBE = """
import numpy as np
from skdnn.kernels import embeddings
from skdnn.kernels import epoch as entries
from skdnn.network.network import Network
from skdnn.network.spec import NetworkSpec
from skdnn.training.data import make_features
from skdnn.training.engine import predict_raw
from skdnn.training.threads import Threads

spec = NetworkSpec((1, 1, 1), "relu", (0.0, 0.0), "squared_error")
network = Network([spec], np.array([1.0, 1.0, 0.0, 0.0]))
features = make_features(np.array([[2.0]]), network.dtype)
print(predict_raw(network, [features], Threads(None, 1))[0, 0, 0])
print(sum(entries.predict_raw.stats.cache_hits.values()))
# What makes inputs from columns is no part of a network on plain numbers.
assert not embeddings.inputs_forward.signatures
"""


def run_probe(cwd, cache):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROBE],
        cwd=cwd, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    value, hits = done.stdout.split()
    return float(value), int(hits)


@pytest.fixture(scope="module")
def filled_cache(tmp_path_factory):
    """What a first process leaves."""
    cache = tmp_path_factory.mktemp("cache")
    run_probe(cache, cache)
    return cache


@needs_compiler
def test_the_cache_hits_in_a_new_process_and_notices_an_edited_kernel(tmp_path):
    shutil.copytree(Path(skdnn.__file__).parent, tmp_path / "skdnn")
    cache = tmp_path / "cache"
    assert run_probe(tmp_path, cache) == (2.0, 0)
    assert run_probe(tmp_path, cache) == (2.0, 1)
    # Another file than the entries': Numba alone would run the old machine code.
    source = tmp_path / "skdnn" / "kernels" / "activations.py"
    text = source.read_text()
    edited = text.replace("if z <= 0 else z)", "if z <= 0 else z + z)")
    assert edited != text
    source.write_text(edited)
    assert run_probe(tmp_path, cache) == (4.0, 0)


# In a process that has read an entry from the cache: nothing that compiling needs is there yet, and
# all of it when it is needed; of the entry there is machine code, but no source.
AFTER_LOADING = """
import sys
assert "numba.cpython.charseq" not in sys.modules
[result] = entries.predict_raw.overloads.values()
assert len(result.library._get_module_for_linking().as_bitcode()) < 10_000
import numba
assert numba.njit(lambda a: np.sort(a).sum())(np.array([3.0, 1.0])) == 4.0
assert predict_raw(network, [features], Threads(None, 1))[0, 0, 0] == 2.0
"""


@needs_compiler
def test_reading_the_cache_does_not_wait_for_the_compiler(filled_cache):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(filled_cache)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROBE + AFTER_LOADING],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["2.0", "1"]


@needs_compiler
def test_the_process_that_compiles_gives_the_bits_of_those_that_read_the_cache(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    results = {
        subprocess.run(
            [sys.executable, "-c", BITS],
            env=environment, capture_output=True, text=True, check=True,
        ).stdout
        for _ in range(2)
    }  # fmt: skip
    assert len(results) == 1
    assert len(results.pop().split()) == 2


# Training and prediction in both dtypes, as hexadecimal bits.
BITS = """
import numpy as np
from skdnn import DNNRegressor

X = np.random.default_rng(0).standard_normal((150, 10))
params = dict(hidden_layer_sizes=(8, 6), dropout=0.2, max_iter=4, batch_size=32, random_state=0)
batch = {"normalization": "batch", "activation": "mish", "dtype": "float32"}
for changes in ({}, batch):
    model = DNNRegressor.preset("mlp", **params, **changes, n_iter_no_change=1, tol=1e9)
    print(model.fit(X, X[:, 0]).predict(X).tobytes().hex()[:4000])
"""
