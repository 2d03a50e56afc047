"""Networks on the columns of a table, for tests."""

import numpy as np
from numpy_twin import Table, n_column_params

from skdnn.network.layout import Layout
from skdnn.network.network import Network
from skdnn.network.spec import InputColumn, NetworkSpec
from skdnn.training.data import make_features, rows_of, with_columns

N_BINS = 5
N_CODES = (3, 4, 2)

#: Of all kinds, those with parameters first. Bins and categories stand before a number, where they
#: are dense inputs, and behind it, where they are looked up.
COLUMNS = (
    InputColumn("periodic", 0, 3, 5),
    InputColumn("periodic", 2, 1, 2),
    InputColumn("embedding", 1, 2, 4),
    InputColumn("number", 2),
    InputColumn("bins", 1, N_BINS, N_BINS),
    InputColumn("one_hot", 1, 4, 4),
    InputColumn("binary", 2, 1, 2),
    InputColumn("number", 0),
    InputColumn("bins", 0, N_BINS, N_BINS),
    InputColumn("one_hot", 0, 3, 3),
    InputColumn("bins", 1, N_BINS, N_BINS),
    InputColumn("one_hot", 2, 2, 2),
)
N_INPUTS = sum(column.width for column in COLUMNS)


def random_table(rng, n_rows, dtype=np.float64):
    """Numbers, bins and codes that suit ``COLUMNS``, code 0 among them."""
    codes = np.stack([rng.integers(0, size + 1, n_rows) for size in N_CODES], axis=1)
    bins = rng.integers(0, N_BINS, (n_rows, 2)).astype(np.uint8)
    fractions = rng.random((n_rows, 2)).astype(np.float32)
    return Table(rng.standard_normal((n_rows, 3)).astype(dtype), bins, fractions, codes)


def table_features(table, dtype=np.float64, rows=None, n_bins=(N_BINS, N_BINS)):
    features = make_features(table.numbers, np.dtype(dtype), rows)
    return with_columns(features, table.bins, table.fractions, table.codes, n_bins, N_CODES)


def table_rows(table, y, weights=None, dtype=np.float64, rows=None):
    return rows_of(table_features(table, dtype, rows), y, weights, np.dtype(dtype))


def make_spec(
    hidden=(6,), n_out=1, columns=COLUMNS, *, activation="mish", loss="squared_error",
    scaled=True, dropout=0.0, **changes,
):  # fmt: skip
    sizes = (sum(column.width for column in columns), *hidden, n_out)
    dropouts = (dropout,) * (len(sizes) - 1)
    return NetworkSpec(
        sizes, activation, dropouts, loss, columns=columns, scaled_inputs=scaled, **changes
    )


def random_network(rng, spec, dtype=np.float64):
    layout = Layout(spec)
    values = np.zeros(layout.n_values, dtype)
    values[: layout.n_params] = rng.uniform(-0.7, 0.7, layout.n_params)
    return Network([spec], values)


def column_params(network):
    """The parameters of the columns, and the scales of the inputs (1 where there are none)."""
    spec = network.spec
    start = spec.n_weights + sum(spec.layer_sizes[1:])
    size = sum(n_column_params(column) for column in spec.columns)
    _, params, scales = np.split(network.params(0).copy(), [start, start + size])
    return params, scales if spec.scaled_inputs else np.ones(spec.n_in)
