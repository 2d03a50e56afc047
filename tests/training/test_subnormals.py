"""Training makes no subnormal numbers, so late epochs are as fast as early ones.

A processor takes up to a hundred times as long for them.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from engines import bind, make_rows, make_settings
from mlp import mlp_classifier

from skdnn._jit import JIT_DISABLED, subnormals
from skdnn.kernels.optimizers import OPTIMIZERS
from skdnn.network.initializers import initial_values
from skdnn.network.network import Network
from skdnn.network.spec import NetworkSpec

flushes = pytest.mark.skipif(
    JIT_DISABLED or subnormals.processor() not in subnormals.SETTERS,
    reason="subnormal numbers are switched off in compiled code, on x86 and aarch64",
)


def make_engine(n_rows=16, **settings):
    """A float32 engine, with an input that is on in the first row alone, and saturated units."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, 4))
    X[:, 3] = np.arange(n_rows) == 0
    X[:, 2] *= 100
    dtype = np.dtype("float32")
    spec = NetworkSpec((4, 8, 1), "logistic", (0.0, 0.0), "squared_error")
    network = Network([spec], initial_values(spec, np.random.RandomState(0), dtype))
    rows = make_rows(X, rng.standard_normal((n_rows, 1)), dtype=dtype)
    return bind(network, make_settings(**settings), rows), network


def train(engine, order, n_steps):
    ones = np.ones(n_steps)
    order = np.resize(order, n_steps * engine.batch_sizes[0])
    return engine.train_epoch([order], [0.01 * ones], [ones])


def n_subnormal(array):
    return np.count_nonzero((array != 0) & (abs(array) < np.finfo(array.dtype).tiny))


@flushes
@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_no_subnormal_number_after_a_long_training(solver):
    engine, network = make_engine(solver=solver, beta_2=0.95, weight_decay=20.0, alpha=0.0)
    state = engine.states[0]
    state.arena[:] = 0  # the rest of it is never written
    train(engine, np.arange(16), 4)
    for _ in range(30):
        assert np.isfinite(train(engine, np.arange(1, 16), 100))
        for array in (network.values, state.slots, state.grads, state.arena):
            assert n_subnormal(array) == 0


@pytest.mark.parametrize("beta_2", [0.0, 0.99, 1 - 1e-12])
@pytest.mark.parametrize("solver", ["adam", "adamw", "rmsprop"])
def test_the_smallest_epsilon_is_no_division_by_zero(solver, beta_2):
    """The rare input is off: its weights have no gradient."""
    engine, network = make_engine(solver=solver, beta_2=beta_2, epsilon=1e-300, alpha=0.0)
    assert np.isfinite(train(engine, np.arange(1, 9), 1))
    assert np.isfinite(network.values).all()


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_the_threads_that_fit_and_predict_compute_as_before():
    X = np.random.default_rng(0).standard_normal((60, 3))
    model = mlp_classifier(hidden_layer_sizes=(8,), max_iter=3, n_jobs=2, tol=0.0)

    def work(_):
        model.__class__(**model.get_params()).fit(X, X[:, 0] > 0).predict(X)
        return np.float32(1e-40) * np.float32(1)

    assert work(0) > 0
    with ThreadPoolExecutor(2) as pool:
        assert min(pool.map(work, range(4))) > 0
