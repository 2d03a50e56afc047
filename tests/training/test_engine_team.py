"""A network whose steps are shared by threads has the bits of one that is trained by one."""

import numpy as np
import pytest
from encoded import COLUMNS, make_spec, random_network, random_table, table_rows
from engines import bind, make_settings
from mlp import mlp_classifier, mlp_regressor
from scipy.sparse import csr_array

from skdnn._jit import JIT_DISABLED
from skdnn.network.network import Network
from skdnn.network.spec import InputColumn
from skdnn.training import engine
from skdnn.training.threads import Threads

pytestmark = pytest.mark.skipif(
    JIT_DISABLED, reason="without compilation there is one thread, whatever n_jobs says"
)

VARIANTS = {
    "plain": {},
    "several outputs": {"loss": "huber"},
    "dropout": {"dropout": 0.3, "input_dropout": 0.1},
    "clipping": {"clip_norm": 0.01, "solver": "sgd"},
    "penalties": {"alpha": 0.01, "l1_ratio": 0.5, "solver": "rmsprop"},
    "two members": {"n_members": 2, "activation": "mish"},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "wide and narrow": {"hidden_layer_sizes": (512, 8, 512, 17), "batch_size": 200},
    "two rows in the last batch": {"batch_size": 67},
}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def shared(monkeypatch):
    """Let every step be shared, and count the threads."""
    teams = []
    monkeypatch.setattr(engine, "TEAM_WORK", 1)
    monkeypatch.setattr(engine, "cpu_count", lambda: 8)
    make_team = engine.make_team
    monkeypatch.setattr(
        engine, "make_team", lambda n, blocks: teams.append(n) or make_team(n, blocks)
    )
    return teams


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", VARIANTS)
def test_bits_do_not_depend_on_the_number_of_threads(name, sparse, shared, rng):
    X = rng.standard_normal((203, 20)) * (rng.random((203, 20)) < 0.4)
    y = X[:, :3] if name == "several outputs" else X[:, 0]
    X = csr_array(X) if sparse else X
    options = {
        "hidden_layer_sizes": (70, 30), "batch_size": 64, "max_iter": 4, "random_state": 0,
        "n_iter_no_change": np.inf, "dtype": "float32", "tol": 0.0, **VARIANTS[name],
    }  # fmt: skip
    models = {}
    for n_jobs in (1, 3, 4):
        with pytest.warns(match="Maximum iterations"):
            models[n_jobs] = mlp_regressor(n_jobs=n_jobs, **options).fit(X, y)
    assert {1, 3} <= set(shared)
    for n_jobs in (3, 4):
        assert models[n_jobs].loss_curve_ == models[1].loss_curve_
        for kind in ("coefs_", "intercepts_"):
            for one, many in zip(
                getattr(models[1], kind), getattr(models[n_jobs], kind), strict=True
            ):
                np.testing.assert_array_equal(one, many)


TABLES = {
    "plain": {"scaled": False},
    "scaled": {},
    "dropout": {"dropout": 0.3},
    "several outputs": {"n_out": 3, "dropout": 0.2, "hidden": (30, 17)},
    "no hidden layer": {"hidden": (), "dropout": 0.2},
    "fewer columns than threads": {"columns": COLUMNS[:1]},
}


# Of 11 rows one of three threads gets none.
@pytest.mark.parametrize("n_last", [1, 11, 62])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", TABLES)
def test_bits_of_columns_do_not_depend_on_the_number_of_threads(name, dtype, n_last, shared, rng):
    spec = make_spec(**{"hidden": (40,), **TABLES[name]})
    start, n_rows = random_network(rng, spec, dtype).values, 2 * 64 + n_last
    table, y = random_table(rng, n_rows), rng.standard_normal((n_rows, spec.n_out))
    rows = table_rows(table, y, rng.uniform(0.5, 2, n_rows), dtype)
    settings = make_settings(solver="adamw", batch_size=64, clip_norm=1.0)
    orders = [rng.permutation(n_rows) for _ in range(3)]
    results = {}
    for n_threads in (1, 2, 3):
        network = Network([spec], start.copy())
        with Threads(n_threads, n_threads) as threads:
            bound = bind(network, settings, rows, threads)
            losses = [bound.train_epoch([o], [np.full(3, 0.01)], [np.ones(3)]) for o in orders]
        results[n_threads] = losses, network.values
    assert shared == [1, 2, 3]
    assert np.isfinite(results[1][0]).all()
    assert not (results[1][1] == start).any()
    for n_threads in (2, 3):
        assert results[n_threads][0] == results[1][0]
        np.testing.assert_array_equal(results[n_threads][1], results[1][1])


def test_batches_of_few_rows_are_not_shared(shared, rng):
    X = rng.standard_normal((20, 3))
    for batch_size in (1, 7):
        with pytest.warns(match="Maximum iterations"):
            mlp_regressor((4,), batch_size=batch_size, max_iter=1, n_jobs=2).fit(X, X[:, 0])
    assert set(shared) == {1}


def test_there_are_no_more_threads_than_cores(shared, rng, monkeypatch):
    monkeypatch.setattr(engine, "cpu_count", lambda: 2)
    X = rng.standard_normal((100, 3))
    with pytest.warns(match="Maximum iterations"):
        mlp_regressor((4,), max_iter=1, n_jobs=50).fit(X, X[:, 0])
    assert shared == [2]


def test_lbfgs_takes_one_thread(shared, rng):
    X = rng.standard_normal((300, 5))
    one, two = (
        mlp_regressor((30,), solver="lbfgs", n_jobs=n, tol=1e-2, random_state=0).fit(X, X[:, 0])
        for n in (1, 2)
    )
    assert set(shared) == {1}
    np.testing.assert_array_equal(one.coefs_[0], two.coefs_[0])


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_a_normalized_network_is_trained_by_one_thread(normalization, shared, rng):
    X = rng.standard_normal((100, 5))
    model = mlp_classifier((8,), normalization=normalization, max_iter=2, n_jobs=2)
    with pytest.warns(match="Maximum iterations"):
        model.fit(X, X[:, 0] > 0)
    assert set(shared) == {1}


def test_an_error_in_a_shared_step_ends_all_threads(shared, rng):
    X = rng.standard_normal((100, 5)) * 1e30
    model = mlp_regressor((8,), solver="sgd", learning_rate_init=1e30, n_jobs=2, dtype="float32")
    with pytest.raises(ValueError, match="non-finite"):
        model.fit(X, X[:, 0])
    assert 2 in shared


@pytest.mark.parametrize(("n_members", "size"), [(1, 2), (2, 1), (3, 1)])
def test_members_are_trained_side_by_side_unless_more_threads_can_share_a_step(
    n_members, size, shared, rng, monkeypatch
):
    X = rng.standard_normal((100, 5))
    # A step of this network is enough work for two.
    monkeypatch.setattr(engine, "TEAM_WORK", 300_000)
    with pytest.warns(match="Maximum iterations"):
        mlp_regressor((8,), n_members=n_members, max_iter=1, n_jobs=4).fit(X, X[:, 0])
    assert set(shared) == {size}


def test_columns_that_are_looked_up_are_little_work(rng):
    """The work does not depend on the number of their inputs."""
    works = []
    for n_bins in (5, 50):
        bins = InputColumn("bins", 0, n_bins, n_bins)
        columns = [InputColumn("number", 0), bins, bins, InputColumn("one_hot", 0, 3, 3)]
        network = random_network(rng, make_spec((6,), columns=tuple(columns)))
        features = table_rows(random_table(rng, 9), np.zeros((9, 1))).features
        works.append(engine.row_work(network.layouts[0], features))
    assert works[0] == works[1]
    # A number, two pairs of rows of the weights, and one for the category, for six units each.
    assert works[0] == 6 * (6 * 6 + 6) + engine.ELEMENT_WORK * (6 + 6 + 1)
