"""In which precision a network works, and that the form of the input changes no bit."""

import threading

import numpy as np
import pandas as pd
import pytest
from mlp import mlp
from sklearn.datasets import load_diabetes, load_digits
from sklearn.preprocessing import scale

from skdnn import DNNClassifier, DNNRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)

ACTIVATIONS = [
    "identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish",
    "softplus",
]  # fmt: skip
DTYPES = ["float32", "float64"]


def digits(n_rows=200):
    X, y = load_digits(return_X_y=True)
    return X[:n_rows] / 16, y[:n_rows]


def make(cls, **params):
    return mlp(
        cls,
        **{"hidden_layer_sizes": (9,), "max_iter": 3, "random_state": 0, "dtype": "auto", **params},
    )


# ---------------------------------------------------------------- policy

# 25 inputs and outputs of 400 hidden units: 10_000 weights.
LIMIT_ROWS = 200
POLICY = [
    # dtype parameter, input, rows, dtype of the network
    ("auto", "float32", 10, "float32"),
    ("auto", "float64", 10, "float64"),
    ("auto", "int64", 10, "float64"),
    ("auto", "uint8", 10, "float64"),
    ("auto", "bool", 10, "float64"),
    ("auto", "float16", 10, "float64"),
    ("auto", "float64", LIMIT_ROWS, "float64"),
    ("auto", "float64", LIMIT_ROWS + 1, "float32"),
    ("auto", "int64", LIMIT_ROWS + 1, "float32"),
    ("auto", "float32", LIMIT_ROWS + 1, "float32"),
    ("input", "float32", 10, "float32"),
    ("input", "float64", 10, "float64"),
    ("input", "int64", 10, "float64"),
    ("input", "float64", LIMIT_ROWS + 1, "float64"),
    ("input", "float32", LIMIT_ROWS + 1, "float32"),
    ("float32", "float64", 10, "float32"),
    ("float64", "float32", 10, "float64"),
    ("float32", "int64", 10, "float32"),
    ("float64", "float64", LIMIT_ROWS + 1, "float64"),
]


@pytest.mark.parametrize(("dtype", "given", "n_rows", "expected"), POLICY)
@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_policy(cls, dtype, given, n_rows, expected):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (n_rows, 24)).astype(given)
    y = np.arange(n_rows) % 2
    model = make(cls, hidden_layer_sizes=(400,), dtype=dtype, max_iter=1).fit(X, y)
    assert {array.dtype for array in [*model.coefs_, *model.intercepts_]} == {np.dtype(expected)}
    outputs = [model.predict(X)] if cls is DNNRegressor else [
        model.predict_proba(X), model.predict_log_proba(X), model.decision_function(X)
    ]  # fmt: skip
    assert {output.dtype for output in outputs} == {np.dtype(expected)}
    if cls is DNNClassifier:
        assert model.predict(X).dtype == y.dtype


def test_frames_count_by_their_common_dtype():
    X, y = load_diabetes(as_frame=True, return_X_y=True)
    y = (y - y.mean()) / y.std()
    mixed = X.astype("float32").assign(sex=(X["sex"] > 0).astype("int64"))
    extension = X.astype("Float64")
    assert make(DNNRegressor).fit(X.astype("float32"), y).coefs_[0].dtype == np.float32
    assert make(DNNRegressor).fit(mixed, y).coefs_[0].dtype == np.float64
    assert make(DNNRegressor).fit(extension, y).coefs_[0].dtype == np.float64
    np.testing.assert_array_equal(
        make(DNNRegressor).fit(extension, y).predict(extension),
        make(DNNRegressor).fit(X, y).predict(X),
    )


@pytest.mark.parametrize("fitted", DTYPES)
def test_predictions_have_the_dtype_of_the_network(fitted):
    """Whatever rows are asked for, the arithmetic is that of the training."""
    X, y = digits()
    model = make(DNNClassifier, dtype=fitted).fit(X, y)
    exact = X.astype(np.float32)  # multiples of 1/16: the same numbers in both
    np.testing.assert_array_equal(exact, X)
    assert model.predict_proba(exact).dtype == fitted
    np.testing.assert_array_equal(model.predict_proba(exact), model.predict_proba(X))


def test_both_precisions_learn_the_same():
    X, y = digits(600)
    single, double = (make(DNNClassifier, dtype=d, max_iter=20).fit(X, y) for d in DTYPES)
    difference = np.abs(single.predict_proba(X) - double.predict_proba(X)).max()
    assert 0 < difference < 1e-3
    np.testing.assert_allclose(single.loss_curve_, double.loss_curve_, rtol=1e-4)


# ---------------------------------------------------------------- rows are independent


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_row_does_not_depend_on_its_neighbors(activation, dtype):
    """Alone, in a batch of any size, at any place: the same bits."""
    X, y = digits(200)
    for cls, target in ((DNNClassifier, y), (DNNRegressor, y / 10)):
        model = make(
            cls, activation=activation, dtype=dtype, hidden_layer_sizes=(33, 7), max_iter=1
        ).fit(X, target)
        predict = model.predict_proba if cls is DNNClassifier else model.predict
        whole = predict(X)
        assert np.isfinite(whole).all()
        alone = np.concatenate([predict(X[i : i + 1]) for i in range(len(X))])
        np.testing.assert_array_equal(alone, whole)
        for n_rows in (2, 3, 5, 8, 63, 64, 65, 128, 199):
            np.testing.assert_array_equal(predict(X[:n_rows]), whole[:n_rows])
            np.testing.assert_array_equal(predict(X[-n_rows:]), whole[-n_rows:])
        order = np.random.default_rng(0).permutation(len(X))
        np.testing.assert_array_equal(predict(X[order]), whole[order])
        np.testing.assert_array_equal(predict(X[[5] * 70]), whole[[5] * 70])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [(), (1,), (3, 1, 2), (16,), (17, 31), (300, 130)])
@pytest.mark.parametrize("n_columns", [1, 5, 64])
def test_a_row_does_not_depend_on_its_neighbors_in_any_architecture(n_columns, sizes, dtype):
    """Vectors and tiles of the matrix products have rests in every direction."""
    X, y = digits(70)
    X = X[:, 32 : 32 + n_columns] if n_columns < 64 else X
    Y = np.column_stack([y, y**2, -y])
    for target in (y, Y):
        model = make(DNNRegressor, hidden_layer_sizes=sizes, dtype=dtype, max_iter=1).fit(X, target)
        whole = model.predict(X)
        for n_rows in (1, 2, 3, 4, 5, 7, 8, 9, 15, 17, 33):
            for start in range(0, 70, n_rows):
                rows = slice(start, start + n_rows)
                np.testing.assert_array_equal(model.predict(X[rows]), whole[rows])
        a = X.astype(dtype)
        for weight, bias in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
            a = np.maximum(a @ weight + bias, 0)
        a = a @ model.coefs_[-1] + model.intercepts_[-1]
        tolerance = 1e-5 if dtype == "float32" else 1e-13
        np.testing.assert_allclose(whole.reshape(a.shape), a, rtol=tolerance, atol=tolerance)


def test_predictions_in_threads():
    X, y = digits(200)
    model = make(DNNClassifier).fit(X, y)
    expected, results = model.predict_proba(X), {}

    def predict(i):
        results[i] = [model.predict_proba(X) for _ in range(20)]

    threads = [threading.Thread(target=predict, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(4):
        for result in results[i]:
            np.testing.assert_array_equal(result, expected)


# ---------------------------------------------------------------- forms of the input


def read_only(array, tmp_path):
    array = array.copy()
    array.flags.writeable = False
    return array


def fortran(array, tmp_path):
    return np.asfortranarray(array)


def strided(array, tmp_path):
    return np.repeat(np.repeat(array, 2, axis=0), 3, axis=-1)[::2, ..., ::3]


def reversed_(array, tmp_path):
    return array[::-1, ..., ::-1].copy()[::-1, ..., ::-1]


def unaligned(array, tmp_path):
    buffer = np.zeros(array.nbytes + 1, dtype=np.uint8)
    out = buffer[1:].view(array.dtype).reshape(array.shape)
    out[...] = array
    assert not out.flags.aligned
    return out


def mapped(array, tmp_path):
    path = tmp_path / f"{array.ndim}.npy"
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def big_endian(array, tmp_path):
    return array.astype(array.dtype.newbyteorder(">"))


def pandas(array, tmp_path):
    return pd.DataFrame(array) if array.ndim == 2 else pd.Series(array)


def pandas_by_columns(array, tmp_path):
    return pd.concat([pd.Series(column) for column in array.T], axis=1)


def nested_lists(array, tmp_path):
    return array.tolist()


FORMS = [read_only, fortran, unaligned, mapped, pandas]


def weights_for(y):
    return np.random.default_rng(0).uniform(0, 2, len(y))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", [*FORMS, strided, reversed_, pandas_by_columns])
def test_form_of_features_changes_no_bit(form, dtype, tmp_path):
    X, y = digits()
    X = X.astype(dtype)
    expected = make(DNNClassifier).fit(X, y)
    other = form(X, tmp_path)
    np.testing.assert_array_equal(np.asarray(other), X)
    model = make(DNNClassifier).fit(other, y)
    np.testing.assert_array_equal(model.predict_proba(other), expected.predict_proba(X))
    np.testing.assert_array_equal(np.asarray(other), X)  # and it was left alone


@pytest.mark.parametrize("form", [big_endian, nested_lists])
def test_forms_that_mean_float64(form, tmp_path):
    X, y = digits()
    model = make(DNNClassifier).fit(form(X, tmp_path), y)
    expected = make(DNNClassifier).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(form(X, tmp_path)), expected.predict_proba(X))


@pytest.mark.parametrize("form", [*FORMS, big_endian, nested_lists, strided])
def test_form_of_targets_and_weights_changes_no_bit(form, tmp_path):
    X, y = load_diabetes(return_X_y=True)
    X, y = scale(X), scale(y)
    Y, weights = np.column_stack([y, y**2]), weights_for(y)
    expected = make(DNNRegressor).fit(X, Y, sample_weight=weights).predict(X)
    if form is not strided:
        other = make(DNNRegressor).fit(X, Y, sample_weight=form(weights, tmp_path))
        np.testing.assert_array_equal(other.predict(X), expected)
    other = make(DNNRegressor).fit(X, form(Y, tmp_path), sample_weight=weights)
    np.testing.assert_array_equal(other.predict(X), expected)
