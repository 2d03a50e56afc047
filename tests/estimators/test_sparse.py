"""Sparse features: the same numbers as dense ones, and never made dense."""

import pickle
import tracemalloc

import numpy as np
import pytest
from mlp import mlp, mlp_regressor
from scipy import sparse
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder

from skdnn import DNNClassifier, DNNRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning",
    "ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning",
)

CLASSES = [DNNClassifier, DNNRegressor]


def data(cls):
    """Dense rows that are mostly zero, a few of them and one column completely."""
    X, y = (load_iris if cls is DNNClassifier else load_diabetes)(return_X_y=True)
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(X))[:120]
    X, y = X[rows] / X.std(axis=0), y[rows]
    X = np.column_stack([X, X**2 / 5, np.zeros(len(X))])
    X[rng.random(X.shape) < 0.6] = 0
    X[[0, 7, 119]] = 0
    return X, y if cls is DNNClassifier else (y - y.mean()) / y.std()


def make(cls, hidden=(8,), **params):
    defaults = {"learning_rate_init": 0.01, "max_iter": 8, "batch_size": 16, "random_state": 0,
                "dtype": "float64"}  # fmt: skip
    return mlp(cls, hidden, **{**defaults, **params})


def raw(model, X):
    return model.decision_function(X) if isinstance(model, DNNClassifier) else model.predict(X)


def assert_same(a, b, X_a, X_b, rtol=1e-9):
    np.testing.assert_allclose(raw(a, X_a), raw(b, X_b), rtol=rtol, atol=rtol)
    np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=rtol)
    assert (a.validation_scores_ is None) == (b.validation_scores_ is None)
    if a.validation_scores_ is not None:
        np.testing.assert_allclose(a.validation_scores_, b.validation_scores_, rtol=rtol)


def with_long_indices(X):
    X = sparse.csr_array(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def unsorted(X):
    X = sparse.csr_array(X)
    for start, stop in zip(X.indptr[:-1], X.indptr[1:], strict=True):
        X.indices[start:stop] = X.indices[start:stop][::-1].copy()
        X.data[start:stop] = X.data[start:stop][::-1].copy()
    X.has_sorted_indices = False
    return X


def with_duplicates(X):
    """Every element in two halves."""
    X = sparse.coo_array(X)
    both = np.tile(X.row, 2), np.tile(X.col, 2)
    X = sparse.coo_array((np.tile(X.data / 2, 2), both), shape=X.shape)
    rows = np.argsort(X.row, kind="stable")
    indptr = np.searchsorted(X.row[rows], np.arange(X.shape[0] + 1))
    return sparse.csr_array((X.data[rows], X.col[rows], indptr), shape=X.shape)


def with_stored_zeros(X):
    everything = sparse.csr_array(np.ones(X.shape))
    everything.data[...] = X.ravel()
    return everything


FORMATS = {
    "csr_array": sparse.csr_array, "csr_matrix": sparse.csr_matrix, "csc_array": sparse.csc_array,
    "csc_matrix": sparse.csc_matrix, "coo_array": sparse.coo_array, "coo_matrix": sparse.coo_matrix,
    "lil_array": sparse.lil_array, "dok_array": sparse.dok_array, "bsr_array": sparse.bsr_array,
    "long indices": with_long_indices, "unsorted": unsorted, "duplicates": with_duplicates,
    "stored zeros": with_stored_zeros,
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("cls", CLASSES)
def test_formats(cls, kind):
    X, y = data(cls)
    S = FORMATS[kind](X)
    np.testing.assert_allclose(S.toarray(), X, rtol=1e-15)
    dense, other = make(cls).fit(X, y), make(cls).fit(S, y)
    assert_same(other, dense, S, X)
    # A network does not know what it was trained on.
    np.testing.assert_allclose(raw(dense, S), raw(dense, X), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(raw(other, X), raw(other, S), rtol=1e-12, atol=1e-12)


PARAMS = {
    "adam": {}, "adamw": {"solver": "adamw"}, "sgd": {"solver": "sgd"},
    "rmsprop": {"solver": "rmsprop"}, "lbfgs": {"solver": "lbfgs", "max_iter": 5},
    "no hidden layer": {"hidden": ()}, "two hidden layers": {"hidden": (6, 4)},
    "batch normalization": {"normalization": "batch"},
    "layer normalization": {"normalization": "layer"},
    "dropout": {"dropout": 0.3}, "input dropout": {"input_dropout": 0.3},
    "input dropout, full batch": {"input_dropout": 0.6, "batch_size": 120},
    "L1": {"alpha": 2.0, "l1_ratio": 0.7}, "clipping": {"clip_norm": 0.05},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3},
    "members": {"n_members": 3, "n_jobs": 2},
}  # fmt: skip


@pytest.mark.parametrize("params", PARAMS.values(), ids=PARAMS)
@pytest.mark.parametrize("cls", CLASSES)
def test_every_setting(cls, params):
    """The same masks, batches and hold-out as for dense rows."""
    X, y = data(cls)
    S = sparse.csr_array(X)
    assert_same(make(cls, **params).fit(S, y), make(cls, **params).fit(X, y), S, X, rtol=1e-8)


@pytest.mark.parametrize("cls", CLASSES)
def test_float32_and_integers(cls):
    X, y = data(cls)
    S = sparse.csr_array(X.astype(np.float32))
    model = make(cls, dtype="auto").fit(S, y)
    assert model.coefs_[0].dtype == np.float32
    dense = make(cls, dtype="auto").fit(X.astype(np.float32), y)
    assert_same(model, dense, S, X.astype(np.float32), rtol=1e-3)
    counts = np.round(X).astype(np.int64)
    S = sparse.csr_array(counts)
    assert_same(make(cls).fit(S, y), make(cls).fit(counts, y), S, counts)


def test_multilabel_and_several_targets():
    X, y = data(DNNClassifier)
    S, Y = sparse.csr_array(X), np.column_stack([y == 1, y > 0, y != 2]).astype(int)
    dense, other = make(DNNClassifier).fit(X, Y), make(DNNClassifier).fit(S, Y)
    assert_same(other, dense, S, X)
    # The targets sparse, too.
    assert_same(make(DNNClassifier).fit(S, sparse.csr_array(Y)), dense, S, X)
    X, y = data(DNNRegressor)
    S, Y = sparse.csr_array(X), np.column_stack([y, y**2])
    assert_same(make(DNNRegressor).fit(S, Y), make(DNNRegressor).fit(X, Y), S, X)


@pytest.mark.parametrize("cls", CLASSES)
def test_weights_with_zeros(cls):
    X, y = data(cls)
    weights = np.random.default_rng(0).integers(0, 3, len(y))
    S, keep = sparse.csr_array(X), weights > 0
    weighted = make(cls).fit(S, y, sample_weight=weights)
    assert_same(weighted, make(cls).fit(X, y, sample_weight=weights), S, X)
    removed = make(cls).fit(S[keep], y[keep], sample_weight=weights[keep])
    np.testing.assert_array_equal(raw(weighted, S), raw(removed, S))


@pytest.mark.parametrize("cls", CLASSES)
def test_partial_fit_and_resuming(cls):
    X, y = data(cls)
    S = sparse.csr_matrix(X)
    extra = {"classes": np.unique(y)} if cls is DNNClassifier else {}
    whole, parts = make(cls, max_iter=4).fit(S, y), make(cls, max_iter=4)
    for _ in range(4):
        parts = pickle.loads(pickle.dumps(parts)).partial_fit(S, y, **extra)
    np.testing.assert_array_equal(raw(whole, S), raw(parts, S))
    # Dense and sparse epochs may follow each other.
    mixed, dense = make(cls), make(cls)
    for rows in (S, X, S):
        mixed.partial_fit(rows, y, **extra)
        dense.partial_fit(X, y, **extra)
    np.testing.assert_allclose(raw(mixed, S), raw(dense, X), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("sparse_training", [False, True])
@pytest.mark.parametrize("cls", CLASSES)
def test_sparse_validation_rows(cls, sparse_training):
    """With dense or sparse rows to train on."""
    X, y = data(cls)
    part, rest = slice(0, 80), slice(80, None)
    to_train = sparse.csr_array(X[part]) if sparse_training else X[part]
    params = {"early_stopping": "auto", "scoring": "loss"}
    model = make(cls, **params).fit(
        to_train, y[part], X_val=sparse.csc_array(X[rest]), y_val=y[rest]
    )
    dense = make(cls, **params).fit(X[part], y[part], X_val=X[rest], y_val=y[rest])
    assert_same(model, dense, X, X)
    np.testing.assert_allclose(
        model.validation_loss_curve_, dense.validation_loss_curve_, rtol=1e-9
    )


@pytest.mark.parametrize("scoring", ["neg_log_loss", "f1_macro"])
def test_scorers_of_sparse_rows(scoring):
    X, y = data(DNNClassifier)
    params = {"early_stopping": True, "scoring": scoring, "validation_fraction": 0.3}
    model = make(DNNClassifier, **params).fit(sparse.csr_array(X), y)
    assert_same(model, make(DNNClassifier, **params).fit(X, y), X, X)


def test_in_pipelines_and_cross_validation():
    X, y = data(DNNRegressor)
    S = sparse.csr_array(X)
    pipeline = make_pipeline(MaxAbsScaler(), make(DNNRegressor))
    np.testing.assert_allclose(
        cross_val_score(pipeline, S, y, cv=3), cross_val_score(pipeline, X, y, cv=3), rtol=1e-8
    )
    codes = np.random.default_rng(0).integers(0, 4, (200, 2))
    target = np.array([0.0, 1, 4, 9])[codes[:, 0]] - codes[:, 1]
    encoded = make_pipeline(OneHotEncoder(), make(DNNRegressor, (), solver="lbfgs", max_iter=200))
    assert encoded.fit(codes, target).score(codes, target) > 0.999


# ---------------------------------------------------------------- memory


@pytest.fixture
def forbidden(monkeypatch):
    """Whoever makes an array dense fails."""

    def fail(self, *args, **kwargs):
        raise AssertionError("a sparse array was made dense")

    for kind in (sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.coo_array):
        for name in ("toarray", "todense"):
            monkeypatch.setattr(kind, name, fail)


@pytest.mark.parametrize("params", [
    {}, {"early_stopping": True}, {"solver": "sgd", "input_dropout": 0.2},
    {"early_stopping": True, "scoring": "neg_mean_absolute_error"},
], ids=str)  # fmt: skip
def test_a_million_columns(forbidden, params):
    """Dense they would be 8 gigabytes."""
    rng = np.random.default_rng(0)
    n_rows, n_columns = 2000, 1_000_000
    rows = np.repeat(np.arange(n_rows), 5)
    columns = rng.integers(0, n_columns, rows.size)
    X = sparse.csr_array((np.ones(rows.size), (rows, columns)), shape=(n_rows, n_columns))
    y = np.sign(np.arange(n_rows) % 2 - 0.5)
    model = mlp_regressor((2,), max_iter=1, batch_size=1000, random_state=0, **params)
    tracemalloc.start()
    try:
        predictions = model.fit(X, y).predict(X)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert predictions.shape == (n_rows,)
    assert np.isfinite(predictions).all()
    # 2 million weights in float32, and a dozen vectors of that size.
    assert peak < 250e6


@pytest.mark.parametrize("kind", ["csr_array", "csc_array", "coo_array", "unsorted", "duplicates",
                                  "long indices", "stored zeros"])  # fmt: skip
@pytest.mark.parametrize("cls", CLASSES)
def test_the_users_arrays_are_not_changed(cls, kind):
    X, y = data(cls)
    S = FORMATS[kind](X)
    names = ("data", "row", "col") if kind == "coo_array" else ("data", "indices", "indptr")
    before = {name: getattr(S, name).copy() for name in names}
    model = make(cls, early_stopping=True).fit(S, y)
    model.predict(S)
    for name, array in before.items():
        assert getattr(S, name).dtype == array.dtype
        np.testing.assert_array_equal(getattr(S, name), array)


@pytest.mark.parametrize("cls", CLASSES)
def test_read_only_arrays(cls):
    """As joblib maps them into its processes."""
    X, y = data(cls)
    S = sparse.csr_array(X)
    for array in (S.data, S.indices, S.indptr):
        array.flags.writeable = False
    assert_same(make(cls).fit(S, y), make(cls).fit(X, y), S, X)


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(("value", "message"), [
    (np.nan, "contains NaN"), (np.inf, "infinity|inf"), (-np.inf, "infinity|inf"),
])  # fmt: skip
@pytest.mark.parametrize("cls", CLASSES)
def test_values_that_are_not_finite(cls, value, message):
    X, y = data(cls)
    good, bad = sparse.csr_array(X), sparse.csr_array(X)
    bad.data[3] = value
    with pytest.raises(ValueError, match=message):
        make(cls).fit(bad, y)
    with pytest.raises(ValueError, match=message):
        make(cls).fit(good, y, X_val=bad, y_val=y)
    model = make(cls).fit(good, y)
    with pytest.raises(ValueError, match=message):
        model.predict(bad)


@pytest.mark.parametrize("cls", CLASSES)
def test_values_beyond_float32(cls):
    """The message names the column."""
    X, y = data(cls)
    bad = sparse.csr_array(X)
    bad.data[bad.indices == 2] = 1e40
    with pytest.raises(ValueError, match=r"X contains a value too large for float32.* column 2\."):
        make(cls, dtype="float32").fit(bad, y)
    with pytest.raises(ValueError, match=r"X_val contains a value too large.* column 2\."):
        make(cls, dtype="float32").fit(X, y, X_val=bad, y_val=y)


@pytest.mark.parametrize("cls", CLASSES)
def test_wrong_indices_are_refused(cls):
    """The kernels would read and write beyond their arrays."""
    X, y = data(cls)
    for wrong in (10**6, -1):
        S = sparse.csr_array(X)
        S.indices[5] = wrong
        with pytest.raises(ValueError, match="ind"):
            make(cls).fit(S, y)
        model = make(cls).fit(X, y)
        with pytest.raises(ValueError, match="ind"):
            model.predict(S)


@pytest.mark.parametrize("cls", CLASSES)
def test_wrong_number_of_columns(cls):
    X, y = data(cls)
    model = make(cls).fit(sparse.csr_array(X), y)
    with pytest.raises(ValueError, match="features"):
        model.predict(sparse.csr_array(X[:, :3]))
