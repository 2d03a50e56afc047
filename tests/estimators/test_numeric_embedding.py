"""The parameter numeric_embedding: what becomes of numbers, of each member."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from tables import bits, make, mixed_frame, raw, targets

from skdnn import (
    DNNClassifier,
    DNNRegressor,
    InputColumn,
    NumericEmbedding,
    Periodic,
    PiecewiseLinear,
)
from skdnn.network.embeddings import EMBEDDINGS, resolve_embeddings

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CLASSES = [DNNClassifier, DNNRegressor]
each_class = pytest.mark.parametrize("cls", CLASSES)


class Own(NumericEmbedding):
    """A number and its bins."""

    def __init__(self, n_bins=3):
        self.n_bins = n_bins

    def columns(self, source, n_bins):
        return [InputColumn("number", source), InputColumn("bins", source, n_bins, n_bins)]


class Duck:
    """What an embedding has, but none."""

    def columns(self, source, n_bins):
        return [InputColumn("number", source)]

    def check(self):
        pass


def data(cls):
    X = mixed_frame()[["number", "gaps"]]
    return X, targets(cls, mixed_frame())


def widths(model):
    """Number of inputs of each member."""
    first = model.coefs_[0]
    return [len(each) for each in (first if model.n_members > 1 else [first])]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, [3, 3, 3]),
        (PiecewiseLinear(4), [9, 9, 9]),
        (Periodic(d_embedding=5), [11, 11, 11]),
        ([PiecewiseLinear(4), None], [9, 3, 9]),
        ([Own(4), None], [11, 3, 11]),
        ((Periodic(d_embedding=2), PiecewiseLinear(1), PiecewiseLinear(2)), [5, 3, 5]),
    ],
)
@each_class
def test_members_take_their_turn(cls, value, expected):
    """Two numbers and the indicator of one that is missing at times."""
    model = make(cls, numeric_embedding=value, n_members=3).fit(*data(cls))
    assert widths(model) == expected


@each_class
def test_a_member_is_the_same_alone(cls):
    """Of several members the first is that of an estimator with its embedding."""
    X, y = data(cls)
    several = make(cls, numeric_embedding=[PiecewiseLinear(4), Periodic()], n_members=2).fit(X, y)
    one = make(cls, numeric_embedding=PiecewiseLinear(4), n_members=1).fit(X, y)
    first = several._network.part(slice(0, 1)).values
    np.testing.assert_array_equal(first, one._network.values)


@each_class
def test_mixed_members_differ(cls):
    X, y = data(cls)
    model = make(cls, numeric_embedding="mixed", n_members=4).fit(X, y)
    kinds = {tuple(column.kind for column in spec.columns) for spec in model._network.specs}
    assert len(kinds) == 2
    by_hand = make(cls, numeric_embedding=list(EMBEDDINGS["mixed"]), n_members=4).fit(X, y)
    assert bits(by_hand) == bits(model)


@each_class
def test_bins_are_at_the_quantiles_of_the_column(cls):
    """An increasing function of a number does not change in which bin it is."""
    rng = np.random.default_rng(0)
    levels = np.repeat(np.arange(5.0), 24)[:, None]
    y = targets(cls, mixed_frame())
    params = {"numeric_embedding": PiecewiseLinear(4), "feature_scaling": None, "n_members": 1}
    params["max_iter"] = 10
    rng.shuffle(levels)
    model, other = make(cls, **params).fit(levels, y), make(cls, **params).fit(levels**3, y)
    np.testing.assert_array_equal(raw(model, levels), raw(other, levels**3))
    # Between two edges the network's first layer is linear in the number.
    z = np.array([[1.0], [1.25], [1.5], [2.0]])
    inside = model._inputs.features(z, model._network.dtype)[0]
    np.testing.assert_allclose(inside.fractions, [0, 0.25, 0.5, 0], atol=1e-6)


@each_class
def test_numbers_beyond_the_bins_go_on_to_a_bound(cls):
    X, y = data(cls)
    model = make(cls, numeric_embedding="piecewise_linear", feature_scaling=None, n_members=1)
    model.fit(X, y)
    far = X[:3].assign(number=[1e6, 1e9, 1e300])
    far["gaps"] = 1.0
    predictions = raw(model, far)
    assert np.isfinite(predictions).all()
    np.testing.assert_array_equal(predictions, predictions[:1].repeat(3, axis=0))


@each_class
def test_more_bins_than_values(cls):
    """Of equal quantiles one edge is left; a column of one value says nothing."""
    X = np.column_stack([np.tile([0.0, 1.0, 5.0], 40), np.ones(120)])
    model = make(cls, numeric_embedding=PiecewiseLinear(256), n_members=1)
    model.fit(X, targets(cls, mixed_frame()))
    assert np.unique(raw(model, X), axis=0).shape[0] == 3
    np.testing.assert_array_equal(raw(model, X), raw(model, X * [1, 1e9]))


@each_class
def test_settings_are_parameters(cls):
    model = make(cls, numeric_embedding=Periodic()).set_params(numeric_embedding__sigma=0.5)
    assert clone(model).get_params()["numeric_embedding__sigma"] == 0.5
    X, y = data(cls)
    assert bits(clone(model).fit(X, y)) != bits(make(cls, numeric_embedding=Periodic()).fit(X, y))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "'numeric_embedding' parameter must not be an empty sequence"),
        ((), "'numeric_embedding' parameter must not be an empty sequence"),
        (["bins"], r"'numeric_embedding' parameter must be .*Got \['bins'\] instead"),
        ([16], r"'numeric_embedding' parameter must be .*Got \[16\] instead"),
        ([["mixed"]], "'numeric_embedding' parameter must be "),
        (PiecewiseLinear, r"'numeric_embedding' parameter of .* not a class: PiecewiseLinear\(\)"),
        ([PiecewiseLinear], "'numeric_embedding' parameter must be "),
        (Duck(), "'numeric_embedding' parameter of .*NumericEmbedding.*Got <.*Duck object"),
        (Own(257), r"'n_bins' parameter of Own must be an int in the range \[0, 256\]\. Got 257"),
        ([Own(-1)], "'n_bins' parameter of Own "),
        ([Own(2.0)], "'n_bins' parameter of Own "),
        (PiecewiseLinear(0), r"'n_bins' parameter of PiecewiseLinear .*\[1, 256\]. Got 0"),
        (PiecewiseLinear(257), "'n_bins' parameter of PiecewiseLinear"),
        (PiecewiseLinear(True), "'n_bins' parameter of PiecewiseLinear"),
        ([None, PiecewiseLinear(2.0)], "'n_bins' parameter of PiecewiseLinear"),
        (Periodic(n_frequencies=0), "'n_frequencies' parameter of Periodic"),
        (Periodic(d_embedding=1), "'d_embedding' parameter of Periodic"),
        (Periodic(d_embedding=65), "'d_embedding' parameter of Periodic"),
        (Periodic(sigma=0), "'sigma' parameter of Periodic"),
        (Periodic(sigma=np.inf), "'sigma' parameter of Periodic"),
        (Periodic(sigma="1"), "'sigma' parameter of Periodic"),
    ],
)
@each_class
def test_wrong_embeddings(cls, value, message):
    """Also for rows that are not embedded."""
    X, y = data(cls)
    model = make(cls, numeric_embedding=value)
    for rows in (X, sparse.eye_array(len(y), format="csr")):
        with pytest.raises(ValueError, match=message):
            model.fit(rows, y)
    assert not hasattr(model, "n_features_in_")


def test_resolved_for_so_many_members():
    bins, waves = PiecewiseLinear(3), Periodic()
    assert resolve_embeddings(None, 2) == [None, None]
    assert str(resolve_embeddings([bins, waves], 3)) == str([bins, waves, bins])
    assert str(resolve_embeddings([bins, waves], 1)) == str([bins])
    mixed = resolve_embeddings("mixed", 2 * len(EMBEDDINGS["mixed"]))
    assert str(mixed) == str([*EMBEDDINGS["mixed"]] * 2)


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_a_name_makes_fewer_inputs_of_each_number_of_a_wide_table(name):
    chosen = [*EMBEDDINGS[name]]
    n_members = len(chosen)
    for n_numbers in (0, 1, 100):
        assert str(resolve_embeddings(name, n_members, n_numbers)) == str(chosen)
    widest = 100 * max(sum(c.width for c in e.columns(0, 48)) for e in chosen)
    for n_numbers in (101, 150, 400, 1000, 5000):
        for embedding in resolve_embeddings(name, n_members, n_numbers):
            columns = [] if embedding is None else embedding.columns(0, embedding_bins(embedding))
            width = sum(column.width for column in columns) or 1
            assert width * n_numbers <= max(widest, n_numbers)
    assert resolve_embeddings(name, n_members, 5000) == [None] * n_members
    # What is asked for is what it is.
    assert str(resolve_embeddings(chosen, n_members, 5000)) == str(chosen)


def embedding_bins(embedding):
    return getattr(embedding, "n_bins", 0)


@each_class
def test_wide_tables(cls):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 400))
    y = X[:, 0] > 0
    model = make(cls, numeric_embedding="mixed", n_members=4, max_iter=1).fit(X, y)
    # Of 16 and 48 bins, of 8 inputs of waves.
    assert widths(model) == [4 * 400, 12 * 400, 2 * 400, 2 * 400]
    model.fit(np.tile(X, 5), y)
    assert widths(model) == [2000, 2 * 2000, 2000, 2000]
    model.set_params(numeric_embedding=PiecewiseLinear(8)).fit(X, y)
    assert widths(model) == [8 * 400] * 4
