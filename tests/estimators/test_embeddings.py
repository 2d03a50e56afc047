"""What the first layer receives from a column, against its weights by hand."""

import pickle

import numpy as np
import pandas as pd
import pytest
from mlp import mlp_classifier, mlp_regressor
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError

from skdnn import Periodic, PiecewiseLinear
from skdnn.kernels.embeddings import COLUMN_KINDS, KIND, N_PARAMS, PARAMS, SOURCE

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

#: More than become units of their own.
TOWNS = [f"town {i:02}" for i in range(40)]


def table(n=240):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "town": TOWNS * (n // 40),
            "size": rng.normal(50, 20, n),
            "color": rng.choice(["red", "green", "blue"], n),
            "sold": rng.choice(["yes", "no"], n),
            "rooms": rng.integers(1, 6, n).astype(float),
        }
    )
    X.loc[::7, ["size", "color"]] = None
    return X


MEMBERS = [PiecewiseLinear(4), Periodic(n_frequencies=3, d_embedding=4), None]


def fit(X, **parameters):
    y = np.arange(len(X)) % 3
    parameters = {
        "categorical_features": "from_dtype", "feature_scaling": "robust",
        "numeric_embedding": MEMBERS, "n_members": len(MEMBERS), "max_iter": 2, "random_state": 0,
        **parameters,
    }  # fmt: skip
    return mlp_classifier((6, 4), **parameters).fit(X, y)


@pytest.fixture(scope="module")
def model():
    return fit(table())


def places(model, member, prefix):
    """The places of the inputs whose names begin so."""
    names = model._inputs.names(member)
    return [i for i, name in enumerate(names) if name.startswith(prefix)]


def rows_named(model, member, prefix):
    """Their rows of the first weight matrix, times their scales."""
    rows = places(model, member, prefix)
    return model.coefs_[0][member][rows] * model._network.scales(member)[rows, None]


@pytest.mark.parametrize("member", range(3))
def test_one_unit_for_each_category(model, member):
    embedding = model.column_embedding("color", member=member)
    assert embedding.index.tolist() == ["blue", "green", "red", None, "unknown"]
    assert embedding.index.name == "color"
    assert embedding.columns.tolist() == list(range(6))
    weights = rows_named(model, member, "color_")
    assert_array_equal(embedding, np.vstack([weights, np.zeros(6)]))
    inputs = model.column_embedding("color", member=member, of="inputs")
    assert inputs.columns.tolist() == ["color_blue", "color_green", "color_red", "color_None"]
    scales = model._network.scales(member)[places(model, member, "color_")]
    assert_array_equal(inputs, np.eye(5, 4) * scales)
    # Only the member with waves has learned them.
    assert (scales != 1).all() == (scales != 1).any() == (member == 1)


@pytest.mark.parametrize("member", range(3))
def test_two_categories(model, member):
    (weights,) = rows_named(model, member, "sold_")
    embedding = model.column_embedding("sold", member=member)
    assert embedding.index.tolist() == ["no", "yes", "unknown"]
    assert_array_equal(embedding, [-weights, weights, 0 * weights])


@pytest.mark.parametrize("member", range(3))
def test_learned_vectors(model, member):
    vectors = model.column_embedding("town", member=member, of="inputs")
    assert vectors.index.tolist() == [*TOWNS, "unknown"]
    assert vectors.columns.tolist() == [f"town_embedding{i}" for i in range(8)]
    assert (vectors.loc["unknown"] == 0).all()
    assert np.linalg.matrix_rank(vectors) == 8
    embedding = model.column_embedding("town", member=member)
    rows = places(model, member, "town_")
    assert_allclose(embedding, vectors @ model.coefs_[0][member][rows], atol=1e-12)
    # As the parameters hold them: that of what is unknown, then those of the towns.
    columns = model._network.layouts[member].columns
    (start, size) = columns[columns[:, KIND] == COLUMN_KINDS["embedding"].code][
        0, [PARAMS, N_PARAMS]
    ]
    stored = model._network.params(member)[start : start + size].reshape(-1, 8)
    expected = np.roll(stored, -1, axis=0) * model._network.scales(member)[rows]
    assert_array_equal(vectors, expected)


def test_a_number_by_its_bins(model):
    X = table()
    known = X["size"].dropna()
    embedding = model.column_embedding("size")
    grid = embedding.index[:-1]
    assert np.isnan(embedding.index[-1])
    assert (grid[0], grid[50], grid[-1]) == (known.min(), known.median(), known.max())
    assert_allclose(
        grid, np.quantile(known, np.linspace(0, 1, 101), method="averaged_inverted_cdf")
    )
    weights = rows_named(model, 0, "size_bin")
    # Edges are quartiles, missing numbers being the median: each adds the weights before it.
    levels = np.linspace(0, 1, 5)
    edges = np.quantile(X["size"].fillna(grid[50]), levels, method="averaged_inverted_cdf")
    expected = np.vstack([0 * weights[:1], weights.cumsum(axis=0)])
    assert_allclose(model.column_embedding("size", edges), expected, atol=1e-6)
    assert_allclose(embedding.iloc[[0, 100]], expected[[0, 4]], atol=1e-6)
    # Missing is the median and the indicator.
    (indicator,) = rows_named(model, 0, "missingindicator_size")
    assert_allclose(embedding.iloc[-1], embedding.iloc[50] + indicator, atol=1e-6)


def test_a_number_as_it_is(model):
    known = table()["size"].dropna()
    embedding = model.column_embedding("size", [10, 50.5, None], member=2)
    q25, median, q75 = np.quantile(known, [0.25, 0.5, 0.75], method="averaged_inverted_cdf")
    x = (np.array([10, 50.5, median]) - median) / (q75 - q25)
    x = x / np.sqrt(1 + (x / 3) ** 2)
    number, indicator = (rows_named(model, 2, name)[0] for name in ("size", "missingindicator"))
    expected = x[:, None] * number + np.array([[0], [0], [1]]) * indicator
    assert_allclose(embedding, expected, atol=1e-12)
    assert_array_equal(embedding.index, [10, 50.5, np.nan])


def test_periodic_inputs(model):
    inputs = model.column_embedding("size", member=1, of="inputs")
    names = ["size_periodic0", "size_periodic1", "size_periodic2", "size", "missingindicator_size"]
    assert inputs.columns.tolist() == names
    rows = [model._inputs.names(1).index(name) for name in names]
    unscaled = inputs / model._network.scales(1)[rows]
    plain = model.column_embedding("size", member=2, of="inputs")
    assert_allclose(unscaled[names[3:]], plain, atol=1e-12)
    # Frequencies, phases, the matrix and its bias, as the kernel has them.
    columns = model._network.layouts[1].columns
    source = columns[:, SOURCE] == 0
    (start, size) = columns[source & (columns[:, KIND] == COLUMN_KINDS["periodic"].code)][
        0, [PARAMS, N_PARAMS]
    ]
    frequencies, phases, matrix, bias = np.split(
        model._network.params(1)[start : start + size], [3, 6, 6 + 9]
    )
    cosines = np.cos(2 * np.pi * plain[["size"]].to_numpy() * frequencies + phases)
    assert_allclose(unscaled[names[:3]], cosines @ matrix.reshape(3, 3) + bias, atol=1e-6)
    expected = inputs @ model.coefs_[0][1][rows]
    assert_allclose(model.column_embedding("size", member=1), expected, atol=1e-12)


@pytest.mark.parametrize("member", range(3))
def test_the_columns_together_are_the_first_layer(model, member):
    """The sum over the columns, and the bias, is what the first layer makes of a row."""
    X = table().iloc[:30]
    total = model.intercepts_[0][member] + sum(
        model.column_embedding(name, X[name], member=member).to_numpy() for name in X
    )
    hidden = np.maximum(total, 0)
    hidden = np.maximum(hidden @ model.coefs_[1][member] + model.intercepts_[1][member], 0)
    raw = hidden @ model.coefs_[2][member] + model.intercepts_[2][member]
    assert_allclose(raw, model._member_raw(X)[member], atol=1e-6)


def test_few_distinct_numbers_and_no_missing_ones(model):
    assert model.column_embedding("rooms").index.tolist() == [1, 2, 3, 4, 5]


def test_chosen_categories(model):
    embedding = model.column_embedding("color", ["red", None, "pink", "red"])
    assert embedding.index[0] == embedding.index[3] == "red"
    known = model.column_embedding("color").to_numpy()
    assert_array_equal(embedding, known[[2, 3, 4, 2]])
    as_dtype = pd.Categorical(["red", None, "pink", "red"])
    assert_array_equal(model.column_embedding("color", as_dtype), embedding)
    assert model.column_embedding("color", []).shape == (0, 6)


def test_position_and_member_counted_from_the_end(model):
    by_name = model.column_embedding("size", member=2)
    pd.testing.assert_frame_equal(model.column_embedding(1, member=-1), by_name)


def test_a_pickle_says_the_same(model):
    other = pickle.loads(pickle.dumps(model))
    for name in table():
        pd.testing.assert_frame_equal(other.column_embedding(name), model.column_embedding(name))


def test_weights_of_rows_and_float32():
    X = table()
    weights = np.where(X["color"] == "red", 0, 1.0)
    model = fit(X, dtype="float32")
    assert set(model.column_embedding("size").dtypes) == {np.dtype(np.float32)}
    model = mlp_regressor((), max_iter=1, numeric_embedding="piecewise_linear",
                          categorical_features="from_dtype")  # fmt: skip
    model.fit(X, np.arange(240.0), sample_weight=weights)
    embedding = model.column_embedding("color")
    assert embedding.index.tolist() == ["blue", "green", None, "unknown"]
    assert embedding.shape == (4, 1)
    assert model.column_embedding("size").index[0] == X["size"][weights > 0].min()


def test_a_constant_column_adds_nothing():
    X = table().assign(color="red", size=np.nan)
    model = fit(X)
    embedding = model.column_embedding("color")
    assert embedding.index.tolist() == ["red", "unknown"]
    assert (embedding == 0).all(axis=None)
    assert model.column_embedding("color", of="inputs").shape == (2, 0)
    assert model.column_embedding("size").index.isna().tolist() == [True]


def test_an_array_has_columns_by_number():
    X = np.random.default_rng(0).normal(size=(60, 2))
    model = fit(X)
    embedding = model.column_embedding(1)
    assert embedding.index.name == "x1"
    pd.testing.assert_frame_equal(model.column_embedding("x1"), embedding)
    assert embedding.index[-1] == X[:, 1].max()


def test_what_cannot_be_answered(model):
    names = "'town', 'size', 'color', 'sold', 'rooms'"
    for column in ("height", 5, -1, True, None):
        with pytest.raises(ValueError, match=rf"no column {column!r}. The 5 columns are {names};"):
            model.column_embedding(column)
    with pytest.raises(ValueError, match=r"member must be an int in the range \[-3, 2\]. Got 3 "):
        model.column_embedding("size", member=3)
    with pytest.raises(ValueError, match=r"of must be 'units' or 'inputs'\. Got 'bins'"):
        model.column_embedding("size", of="bins")
    with pytest.raises(ValueError, match="'size' must be numeric"):
        model.column_embedding("size", ["big"])
    with pytest.raises(NotFittedError):
        mlp_classifier().column_embedding("size")
    X, y = np.random.default_rng(0).normal(size=(60, 40)), np.arange(60) % 2
    many = fit(X)
    with pytest.raises(ValueError, match=r"The 40 columns are 'x0', .*, 'x29', ...;"):
        many.column_embedding("height")
    for rows in (X, csr_array(X)):
        plain = mlp_classifier((3,), max_iter=1).fit(rows, y)
        with pytest.raises(ValueError, match=r"takes the columns of X as they are.*coefs_\[0\]"):
            plain.column_embedding(0)


def test_weights_too_large_for_the_dtype_are_infinite_without_a_remark():
    model = fit(table())
    model._network.params(1)[:] *= np.finfo(model.dtype_).max ** 0.75
    inputs = model.column_embedding("size", member=1, of="inputs")
    units = model.column_embedding("size", member=1)
    assert not np.isfinite(np.c_[inputs, units]).all()
