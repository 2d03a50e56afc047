"""Inputs from the columns of a table, against NumPy; training and prediction with them."""

import numpy as np
import pytest
from encoded import (
    COLUMNS,
    N_INPUTS,
    column_params,
    make_spec,
    random_network,
    random_table,
    table_features,
)
from numba import config
from numpy_twin import forward, split_columns, table_inputs

from skdnn.kernels import epoch as entries
from skdnn.kernels.embeddings import SPAN
from skdnn.network.spec import InputColumn
from skdnn.training import data
from skdnn.training.arguments import make_program, make_state
from skdnn.training.engine import first_inputs, predict_raw
from skdnn.training.threads import Threads

needs_compiler = pytest.mark.skipif(
    bool(config.DISABLE_JIT), reason="compilation is switched off by NUMBA_DISABLE_JIT"
)

#: Of inputs and predictions of a few waves: an angle of some turns has an error of some 1e-6.
TOLERANCE = {np.float32: {"rtol": 0, "atol": 2e-5}, np.float64: {"rtol": 0, "atol": 1e-12}}
N_ROWS = 2 * SPAN + 3


def make_case(rng, *, dtype=np.float64, n_rows=N_ROWS, **changes):
    network = random_network(rng, make_spec(**changes), dtype)
    return network, random_table(rng, n_rows)


def inputs_of(network, features, rows):
    return first_inputs(network, 0, features, np.asarray(rows))


def predict(network, features):
    return predict_raw(network, [features], Threads(None, 1))[0]


def batch_inputs(network, features, order):
    """The dense inputs of a whole batch, as training and prediction make them."""
    layout = network.layouts[0]
    state = make_state(network, 0, features, order.size)
    # Nothing may be read before it is written.
    for array in (state.arena, state.scratch, state.numbers, state.x_batch):
        array[:] = np.nan
    raw = np.empty((order.size, network.spec.n_out), network.dtype)
    entries.predict_raw(
        make_program(network, 0), None, layout.encoding, state, features, order, raw
    )
    return state.x_batch[: order.size * layout.n_dense].reshape(order.size, -1)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("X_dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inputs_are_those_of_the_twin(dtype, X_dtype, order, monkeypatch, rng):
    monkeypatch.setattr(data, "COPY_BYTES", 0)
    network, table = make_case(rng, dtype=dtype, n_rows=30)
    table = table._replace(numbers=np.asarray(table.numbers, X_dtype, order=order))
    index = rng.integers(0, 30, 11)
    seen = table._replace(numbers=table.numbers.astype(dtype))
    params, _ = column_params(network)
    for rows, meant in ((None, seen), (index, seen.take(index))):
        features = table_features(table, dtype, rows)
        wanted = rng.permutation(len(meant.codes))
        inputs = inputs_of(network, features, wanted)
        assert inputs.dtype == dtype
        expected = table_inputs(COLUMNS, meant.take(wanted), params.astype(float))
        np.testing.assert_allclose(inputs, expected, **TOLERANCE[dtype])


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: f"{column.kind}{column.source}")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_column_alone(dtype, column, rng):
    network, table = make_case(rng, dtype=dtype, n_rows=20, columns=(column,), hidden=())
    table = table._replace(numbers=table.numbers.astype(dtype))
    params, _ = column_params(network)
    inputs = inputs_of(network, table_features(table, dtype), np.arange(20))
    expected = table_inputs([column], table, params.astype(float))
    np.testing.assert_allclose(inputs, expected, **TOLERANCE[dtype])


def test_bins():
    """1 below the own bin, the fraction in it, 0 above; all of them have their place."""
    columns = (InputColumn("bins", 0, 3, 3),)
    network = random_network(np.random.default_rng(0), make_spec(columns=columns))
    table = random_table(np.random.default_rng(0), 3)
    table.bins[:, 0], table.fractions[:, 0] = [0, 1, 2], [0.25, 0.5, -1.5]
    inputs = inputs_of(network, table_features(table, n_bins=(3, 5)), np.arange(3))
    assert inputs.tolist() == [[0.25, 0, 0], [1, 0.5, 0], [1, 1, -1.5]]


def test_unknown_categories_are_zeros_or_have_a_vector_of_their_own(rng):
    columns = tuple(InputColumn(*c) for c in [("embedding", 0, 2, 3), ("one_hot", 0, 3, 3)])
    columns += (InputColumn("binary", 2, 1, 2),)
    network, table = make_case(rng, columns=columns, n_rows=4)
    table.codes[:, 0], table.codes[:, 2] = [0, 1, 2, 3], [0, 1, 2, 0]
    inputs = inputs_of(network, table_features(table), np.arange(4))
    vectors = split_columns(columns, column_params(network)[0])[0].reshape(4, 2)
    np.testing.assert_array_equal(inputs[:, :2], vectors)
    assert inputs[:, 2:].tolist() == [[0, 0, 0, 0], [1, 0, 0, -1], [0, 1, 0, 1], [0, 0, 1, 0]]


def test_a_missing_number_is_missing_in_its_own_inputs_alone(rng):
    network, table = make_case(rng, n_rows=5)
    before = inputs_of(network, table_features(table), np.arange(5))
    table.numbers[3, 0] = np.nan
    after = inputs_of(network, table_features(table), np.arange(5))
    missing = np.zeros_like(after, bool)
    own = [c.kind in ("number", "periodic") and c.source == 0 for c in COLUMNS]
    missing[3] = np.repeat(own, [column.width for column in COLUMNS])
    assert missing.sum() == 4
    np.testing.assert_array_equal(after, np.where(missing, np.nan, before))


@pytest.mark.parametrize("n_rows", [1, SPAN - 1, SPAN, SPAN + 1, N_ROWS])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inputs_of_a_row_have_the_same_bits_in_any_batch(dtype, n_rows, rng):
    network, table = make_case(rng, dtype=dtype)
    features = table_features(table, dtype)
    order = rng.permutation(N_ROWS)[:n_rows]
    inputs = batch_inputs(network, features, order)
    assert 0 < inputs.shape[1] < N_INPUTS
    alone = inputs_of(network, features, order)
    np.testing.assert_array_equal(inputs, alone[:, : inputs.shape[1]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("hidden", [(), (9, 4)])
def test_prediction_is_that_of_the_twin(hidden, scaled, dtype, rng):
    network, table = make_case(rng, dtype=dtype, hidden=hidden, n_out=2, scaled=scaled)
    table = table._replace(numbers=table.numbers.astype(dtype))
    params, scales = column_params(network)
    X = table_inputs(COLUMNS, table, params.astype(float)) * scales
    expected = forward(network.coefs, network.intercepts, "mish", X)[-1][-1]
    raw = predict(network, table_features(table, dtype))
    np.testing.assert_allclose(raw, expected, **TOLERANCE[dtype])


@needs_compiler
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hidden", [(), (33, 5)])
def test_a_prediction_has_the_same_bits_in_any_batch(hidden, dtype, rng):
    """NumPy's products, without a compiler, depend on the number of rows."""
    network, table = make_case(rng, dtype=dtype, hidden=hidden)
    raw = predict(network, table_features(table, dtype))
    for n in (1, 2, SPAN - 1, SPAN + 1, N_ROWS - 1):
        rows = rng.permutation(N_ROWS)[:n]
        np.testing.assert_array_equal(
            predict(network, table_features(table, dtype, rows)), raw[rows]
        )
        # The same rows without those before, where other places of a span are theirs.
        rest = table_features(table.take(slice(N_ROWS - n, None)), dtype)
        np.testing.assert_array_equal(predict(network, rest), raw[-n:])


def test_a_table_without_numbers(rng):
    columns = tuple(
        column for column in COLUMNS if column.kind in ("embedding", "one_hot", "binary")
    )
    network, table = make_case(rng, columns=columns, n_rows=7)
    table = table._replace(
        numbers=np.empty((7, 0)), bins=table.bins[:, :0], fractions=table.fractions[:, :0]
    )
    params, scales = column_params(network)
    X = table_inputs(columns, table, params) * scales
    expected = forward(network.coefs, network.intercepts, "mish", X)[-1][-1]
    np.testing.assert_allclose(predict(network, table_features(table)), expected, atol=1e-12)
