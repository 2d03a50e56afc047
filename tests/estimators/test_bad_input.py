"""What is refused, and that the message says what and why."""

import re

import numpy as np
import pandas as pd
import pytest
from mlp import mlp, mlp_regressor
from scipy import sparse
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import scale
from sklearn.utils._param_validation import InvalidParameterError

from skdnn import DNNClassifier, DNNRegressor
from skdnn.network.embeddings import NumericEmbedding
from skdnn.network.spec import InputColumn

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)

CLASSES = [DNNClassifier, DNNRegressor]
NAN, INF = np.nan, np.inf


def data(cls):
    X, y = (load_iris if cls is DNNClassifier else load_diabetes)(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:60]
    return scale(X[rows]), y[rows] if cls is DNNClassifier else scale(y[rows])


def make(cls, **params):
    return mlp(cls, **{"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0, **params})


# ---------------------------------------------------------------- parameters

WRONG = {
    "hidden_layer_sizes": [
        0, -1, 2.5, "abc", "", "5", None, (5, 0), (5, -1), (5.0,), (True,), ("a",), [[5]],
        np.array([2.5]), np.array([[5, 5]]), np.array(5), (NAN,), True, {4, 3}, {4: 1}, b"ab",
        2**70,
    ],
    "calibration": ["Temperature", "platt", "", 1, True],
    "categorical_features": ["from_dtypes", "", "all", 1, 0.5, True],
    "feature_scaling": ["Robust", "minmax", "", 1, True],
    "numeric_embedding": ["Mixed", "bins", "", 16, 0.5, True, {"periodic"}],
    "monotonic_cst": [1, "increasing", True],
    "target_scaling": ["robust", "Standard", "", 1, True],
    "activation": ["Relu", "sigmoid", "", None, 1, ["relu"]],
    "solver": ["Lbfgs", "Adam", None, 0],
    "learning_rate": ["Constant", "cos", None, 0.1, 1],
    "power_t": [-0.5, NAN, None, "0.5"],
    "warm_start": [2, "yes", None],
    "max_fun": [0, -1, 1.5, None],
    "alpha": [-1e-9, NAN, INF, "0", None, 1j],
    "batch_size": [0, -5, 2.5, "all", None, NAN],
    "learning_rate_init": [0, -0.1, NAN, INF, "constant", None],
    "max_iter": [0, -1, 1.5, INF, None, "many"],
    "shuffle": [2, "yes", None, 0.5],
    "random_state": [-1, 0.5, "seed", 2**32, np.random.default_rng(0)],
    "tol": [-1e-9, NAN, INF, None, "auto"],
    "verbose": [-1, "loud", 0.5, None],
    "momentum": [-0.1, 1.1, NAN, None],
    "nesterovs_momentum": [2, "no", None],
    "early_stopping": [2, "Auto", None],
    "validation_fraction": [-0.1, 1.0, 1.5, NAN, None, "0.1"],
    "beta_1": [-0.1, 1.0, NAN, None],
    "beta_2": [-0.1, 1.0, NAN, None],
    "epsilon": [0, -1e-8, NAN, INF, None],
    "n_iter_no_change": [0, -1, 2.5, NAN, None, "10"],
    "dropout": [
        1.0, 1, -0.1, 1.5, NAN, INF, "x", "0.5", None, (), (0.1, 0.1), (1.0,), (-0.1,), (NAN,),
        ("a",), (None,), [[0.1]], np.array(0.5), True,
    ],
    "weight_decay": [-0.01, NAN, INF, None],
    "loss": ["mse", "", None, 1, dict],
    "input_dropout": [1.0, -0.1, NAN, None, (0.1,)],
    "normalization": ["Batch", "none", 1, True],
    "l1_ratio": [-0.1, 1.1, NAN, None],
    "clip_norm": [0, -1, NAN, None, "1"],
    "regularization_schedule": ["cosine", None, 0.5],
    "scoring": [1, 0.5],
    "max_time": [0, -1, NAN, None, "1"],
    "n_members": [0, -1, 1.5, None, "auto"],
    "n_jobs": [0, 1.5, "all"],
    "label_smoothing": [1.0, -0.1, NAN, None],
    "dtype": ["int8", "float16", "double", "", None, np.float32, np.dtype("float64"), float],
    "class_weight": ["auto", 2.0, [1.0, 2.0], True],
}  # fmt: skip


@pytest.mark.parametrize("cls", CLASSES)
def test_every_parameter_is_tried(cls):
    assert set(cls().get_params()) <= set(WRONG)


CASES = [
    (cls, name, value)
    for cls in CLASSES
    for name, values in WRONG.items()
    for value in values
    if name in cls().get_params()
]


@pytest.mark.parametrize(
    ("cls", "name", "value"), CASES, ids=lambda value: getattr(value, "__name__", repr(value)[:16])
)
def test_wrong_parameter(cls, name, value):
    """Wherever it matters: the error names parameter and value, before any work is done."""
    model = make(cls).set_params(**{name: value})  # never an error before fit
    with pytest.raises(InvalidParameterError) as caught:
        model.fit(*data(cls))
    assert f"The '{name}' parameter" in str(caught.value)
    assert f"Got {value!r} instead" in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("name", ["hidden_layer_sizes", "dropout"])
@pytest.mark.parametrize("cls", CLASSES)
def test_iterators_are_refused(cls, name):
    """They could be read only once, and a second fit would have another network."""
    for iterator in ((x for x in [1]), iter([1]), map(int, "1")):
        model = make(cls).set_params(**{name: iterator})
        with pytest.raises(InvalidParameterError, match=rf"'{name}'.*Got <"):
            model.fit(*data(cls))
        assert next(iterator) == 1  # it was not even read


@pytest.mark.parametrize(("sizes", "n_hidden"), [((), 0), ((5,), 1), ((5, 5, 5), 3)])
def test_number_of_dropout_rates(sizes, n_hidden):
    model = make(DNNRegressor, hidden_layer_sizes=sizes, dropout=(0.1, 0.1))
    with pytest.raises(InvalidParameterError, match=rf"'dropout'.*{n_hidden} hidden layers"):
        model.fit(*data(DNNRegressor))


# ---------------------------------------------------------------- features


def with_value(value):
    def change(X):
        X = X.copy()
        X[3, 1] = value
        return X

    return change


def as_text(X):
    X = X.astype(object)
    X[3, 1] = "red"
    return X


BAD_FEATURES = {
    "inf": (with_value(INF), ValueError, r"Input X contains infinity"),
    "-inf": (with_value(-INF), ValueError, r"Input X contains infinity"),
    "no rows": (lambda X: X[:0], ValueError, r"Found array with 0 sample"),
    "no columns": (lambda X: X[:, :0], ValueError, r"0 feature\(s\).*minimum of 1"),
    "1-d": (lambda X: X[:, 0], ValueError, r"Expected 2D array, got 1D array"),
    "scalar": (lambda X: 1.0, ValueError, r"Expected 2D array, got scalar array"),
    "3-d": (lambda X: X[:, :, None], ValueError, r"Found array with dim 3"),
    "complex": (lambda X: X * 1j, ValueError, r"Complex data not supported"),
    "csr with NaN": (lambda X: sparse.csr_array(with_value(NAN)(X)), ValueError, "contains NaN"),
    "csc with inf": (lambda X: sparse.csc_array(with_value(INF)(X)), ValueError, "infinity"),
    "text": (as_text, ValueError, r"could not convert string to float: 'red'"),
    "frame of text": (lambda X: pd.DataFrame(as_text(X)), ValueError, r"convert string.*'red'"),
    "ragged": (lambda X: [[1.0, 2.0], [3.0]], ValueError, r"inhomogeneous"),
    "dicts": (lambda X: [{"a": 1}] * len(X), TypeError, r"list of dicts.*DataFrame\(X\)"),
    "dict": (lambda X: {"a": X[:, 0]}, TypeError, r"X is a dict, but must be.*DataFrame\(X\)"),
    "generator": (lambda X: (row for row in X), TypeError, r"X is a generator, but must be"),
    "dates": (
        lambda X: np.full(X.shape, np.datetime64("2024-01-01")), TypeError, r"Column 0 holds dates"
    ),
    "names only": (lambda X: type("Lazy", (), {"columns": ["a"]})(), TypeError, r"Lazy.*in memory"),
    "structured": (
        lambda X: np.rec.fromarrays(X.T), TypeError, r"structured array.*pd\.DataFrame\(X\)"
    ),
    "words": (lambda X: ["red"] * len(X), ValueError, r"could not convert string to float: 'red'"),
}  # fmt: skip
#: Where there were numbers alone in training.
BAD_IN_PREDICTION = {
    **BAD_FEATURES,
    "NaN": (
        with_value(NAN), ValueError,
        r"Input X contains NaN in column 1\. DNN\w+ was fitted without missing values",
    ),
    "frame with NA": (
        lambda X: pd.DataFrame(X).astype("Float64").mask(X > 1.5), ValueError, r"contains NaN"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD_FEATURES)
@pytest.mark.parametrize("cls", CLASSES)
def test_bad_features_in_fit(cls, kind):
    change, error, message = BAD_FEATURES[kind]
    X, y = data(cls)
    model = make(cls)
    with pytest.raises(error, match=message):
        model.fit(change(X), y)
    assert not hasattr(model, "n_features_in_")


@pytest.mark.parametrize("kind", BAD_IN_PREDICTION)
@pytest.mark.parametrize("cls", CLASSES)
def test_bad_features_in_prediction(cls, kind):
    change, error, message = BAD_IN_PREDICTION[kind]
    X, y = data(cls)
    model = make(cls).fit(X, y)
    methods = ["predict"]
    if cls is DNNClassifier:
        methods += ["predict_proba", "predict_log_proba", "decision_function"]
    for method in methods:
        with pytest.raises(error, match=message):
            getattr(model, method)(change(X))


@pytest.mark.parametrize("n_columns", [1, 3, 5])
@pytest.mark.parametrize("cls", CLASSES)
def test_number_of_features(cls, n_columns):
    X, y = data(cls)
    model = make(cls).fit(X[:, :4], y)
    other = np.resize(X, (len(X), n_columns))
    message = rf"X has {n_columns} features, but {cls.__name__} is expecting 4 features"
    with pytest.raises(ValueError, match=message):
        model.predict(other)
    with pytest.raises(ValueError, match=message):
        model.score(other, y)


@pytest.mark.parametrize("cls", CLASSES)
def test_names_of_features(cls):
    X, y = data(cls)
    frame = pd.DataFrame(X[:, :3], columns=["a", "b", "c"])
    model = make(cls).fit(frame, y)
    with pytest.raises(ValueError, match=r"feature names should match(.|\n)*same order"):
        model.predict(frame[["b", "a", "c"]])
    with pytest.raises(ValueError, match=r"unseen at fit time:\n- z"):
        model.predict(frame.rename(columns={"b": "z"}))
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X[:, :3])
    with pytest.raises(TypeError, match="Feature names are only supported if all"):
        make(cls).fit(frame.rename(columns={"b": 1}), y)


@pytest.mark.parametrize("cls", CLASSES)
def test_features_beyond_float32_in_fit(cls):
    """Finite numbers, but not for this network: the column is named."""
    X, y = data(cls)
    with pytest.raises(ValueError, match=r"too large for float32.*e\+20\d in column \d"):
        make(cls, dtype="float32").fit(X * 1e200, y)


@pytest.mark.parametrize(
    ("cls", "method"),
    [(DNNRegressor, "predict"), (DNNClassifier, "predict"), (DNNClassifier, "predict_proba")],
)
def test_features_beyond_float32_in_prediction(cls, method):
    """No answer, instead of NaN or of a class that NaN happens to give."""
    X, y = data(cls)
    model = make(cls, dtype="float32").fit(X, y)
    with pytest.raises(ValueError, match=r"too large for float32"):
        getattr(model, method)(X * 1e200)


# ---------------------------------------------------------------- targets


def test_bad_targets_of_the_classifier():
    X, y = data(DNNClassifier)
    missing = y.astype(float)
    missing[4] = NAN
    infinite = np.where(np.arange(len(y)) == 4, INF, y)
    for target, message in [
        (missing, r"Input y contains NaN"),
        (infinite, r"Input y contains infinity"),
        (pd.Series(y, dtype="Int64").mask(y == 1), r"contains NaN"),
        (y[:-1], r"inconsistent numbers of samples: \[60, 59\]"),
        (X[:, 0], r"Unknown label type: continuous"),
        (None, r"requires y to be passed, but the target y is None"),
        (y[0], r"should be a 1d array|Expected sequence|Singleton|scalar"),
        (np.array([object()] * len(y)), r"Unknown label type|not supported"),
        (np.empty(0, int), r"0 sample|inconsistent numbers of samples"),
    ]:
        with pytest.raises((ValueError, TypeError), match=message):
            make(DNNClassifier).fit(X, target)


def test_bad_targets_of_the_regressor():
    X, y = data(DNNRegressor)
    missing, infinite = y.copy(), y.copy()
    missing[4], infinite[4] = NAN, -INF
    for target, message in [
        (missing, r"Input y contains NaN"),
        (infinite, r"Input y contains infinity"),
        (np.column_stack([y, missing]), r"contains NaN"),
        (y[:-1], r"inconsistent numbers of samples: \[60, 59\]"),
        (y * 1j, r"Complex data not supported"),
        (np.array(["a"] * len(y)), r"could not convert string to float"),
        (np.array(["a"] * len(y), dtype=object), r"could not convert string to float"),
        (np.zeros((len(y), 2, 2)), r"dim 3"),
        (np.zeros((len(y), 0)), r"0 feature\(s\)"),
        (None, r"requires y to be passed, but the target y is None"),
    ]:
        with pytest.raises(ValueError, match=message):
            make(DNNRegressor).fit(X, target)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_targets_too_large_for_the_network(dtype):
    X, y = data(DNNRegressor)
    with pytest.raises(
        ValueError, match=r"y contains a value too large for float32|regression target"
    ):
        make(DNNRegressor, dtype=dtype).fit(X, y * 1e300)


def test_one_row():
    """The classifier knows one class; the regressor learns its target."""
    X, y = data(DNNClassifier)
    model = make(DNNClassifier).fit(X[:1], y[:1])
    assert (model.predict(X) == y[0]).all()
    X, y = data(DNNRegressor)
    model = make(DNNRegressor, max_iter=500, learning_rate_init=0.01, n_iter_no_change=INF)
    model.fit(X[:1], y[:1])
    assert model.predict(X[:1])[0] == pytest.approx(y[0], abs=0.05)


# ---------------------------------------------------------------- weights


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (lambda n: -np.ones(n), r"Negative values in data passed to `sample_weight`"),
        (lambda n: np.r_[np.ones(n - 1), -1e-9], r"Negative values"),
        (lambda n: np.full(n, NAN), r"sample_weight contains NaN"),
        (lambda n: np.r_[np.ones(n - 1), INF], r"sample_weight contains infinity"),
        (np.zeros, r"[Ss]ample weights must contain at least one non-zero"),
        (lambda n: np.ones(n - 1), r"sample_weight.shape == \(59,\), expected \(60,\)"),
        (lambda n: np.ones((n, 1)), r"Sample weights must be 1D array or scalar"),
        (lambda n: ["heavy"] * n, r"could not convert string to float"),
        (lambda n: np.ones(n) * 1j, r"Complex data not supported"),
    ],
)
@pytest.mark.parametrize("cls", CLASSES)
def test_bad_weights(cls, weights, message):
    X, y = data(cls)
    model = make(cls)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, sample_weight=weights(len(y)))
    assert not hasattr(model, "coefs_")


# ---------------------------------------------------------------- state


@pytest.mark.parametrize(
    ("cls", "method"),
    [
        (DNNRegressor, "predict"),
        (DNNClassifier, "predict"),
        (DNNClassifier, "predict_proba"),
        (DNNClassifier, "predict_log_proba"),
        (DNNClassifier, "decision_function"),
    ],
)
def test_not_fitted(cls, method):
    """Also before any look at the data."""
    message = re.escape(f"This {cls.__name__} instance is not fitted yet")
    for X in (data(cls)[0], "nonsense"):
        with pytest.raises(NotFittedError, match=message):
            getattr(make(cls), method)(X)


@pytest.mark.parametrize("cls", CLASSES)
def test_unknown_parameters(cls):
    with pytest.raises(TypeError, match="learning_rate_int"):
        cls(learning_rate_int=0.1)
    with pytest.raises(ValueError, match="Invalid parameter 'learning_rate_int'"):
        cls().set_params(learning_rate_int=0.1)
    with pytest.raises(TypeError, match="positional"):
        cls((5,), "relu", "adam")


@pytest.mark.parametrize("kind", ["coo", "csr", "csc", "bsr"])
@pytest.mark.parametrize("make", [DNNRegressor, mlp_regressor])
def test_broken_sparse_rows(make, kind):
    """SciPy reads outside of its arrays where an index is too large; we look first."""
    X = np.random.default_rng(0).normal(size=(20, 3))
    model = make((4,), max_iter=2, random_state=0).fit(X, X[:, 0])
    broken = sparse.coo_matrix(X).asformat(kind)
    if kind == "coo":
        broken.row = np.full_like(broken.row, 10**8)
    else:
        broken.indices = np.full_like(broken.indices, 10**8)
    with pytest.raises(ValueError, match="ind"):
        model.predict(broken)
    with pytest.raises(ValueError, match="ind"):
        model.fit(broken, X[:, 0])


def test_a_changed_number_of_features():
    """The attribute is public; what the network was trained on is not changed by it."""
    X = np.random.default_rng(0).normal(size=(20, 3))
    model = mlp_regressor((4,), max_iter=2, random_state=0).fit(X, X[:, 0])
    model.n_features_in_ = 5000
    with pytest.raises(ValueError, match=r"5000 features.*trained on 3"):
        model.predict(np.zeros((20, 5000)))


class Own(NumericEmbedding):
    """An embedding of a user's own, which says what it was told to."""

    def __init__(self, found=()):
        self.found = found

    def columns(self, source, n_bins):
        return self.found(source) if callable(self.found) else self.found


@pytest.mark.parametrize(
    ("found", "error"),
    [
        ([], "at least one InputColumn"),
        ([InputColumn("number", 10**6)], "with this source"),
        (lambda source: [InputColumn("bins", source, 3, 3)], "kinds"),
        ([InputColumn("embedding", 0, 8, 5)], "kinds"),
        ([InputColumn("one_hot", 0, 1, 1)], "kinds"),
        (None, "list of InputColumn"),
        (["number"], "list of InputColumn"),
    ],
)
def test_an_embedding_of_ones_own_that_asks_for_what_is_not_there(found, error):
    X = np.random.default_rng(0).normal(size=(20, 3))
    with pytest.raises((TypeError, ValueError), match=error):
        DNNRegressor((4,), max_iter=2, numeric_embedding=Own(found)).fit(X, X[:, 0])


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("wave", 0), "kind"),
        (("number", -1), "source"),
        (("number", 0, 2), "width"),
        (("bins", 0, 3, 4), "width"),
        (("periodic", 0, 0, 3), "width"),
        (("periodic", 0, 3, 0), "size"),
        (("one_hot", 0, 2.0, 2), "width"),
    ],
)
def test_a_column_of_inputs_that_no_kernel_is_made_for(arguments, error):
    with pytest.raises(ValueError, match=error):
        InputColumn(*arguments)


@pytest.mark.parametrize("name", ["learning_rate_init", "alpha", "weight_decay", "power_t", "tol"])
def test_an_int_that_no_float_can_hold(name):
    X = np.arange(20.0)[:, None]
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of DNNRegressor"):
        DNNRegressor((2,), **{name: 10**400}).fit(X, X[:, 0])
