"""What is done without scikit-learn is what scikit-learn would do."""

import warnings

import numpy as np
import pandas as pd
import pytest
from mlp import mlp, mlp_regressor
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import r2_score

from skdnn import DNNClassifier, DNNRegressor
from skdnn._sklearn import has_known_names, is_validated, validate_data
from skdnn.estimators import _base, _tables
from skdnn.estimators._scoring import mean_r2
from skdnn.estimators._tables import x_format

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)


class Text(str):
    """No ``str`` to scikit-learn, although it is equal."""


class Frame(pd.DataFrame):
    """A data frame of one's own."""


NAMES = ["a", "b", "c"]
X = np.random.default_rng(0).standard_normal((40, 3))
Y = (X[:, 0] > 0).astype(int)


def fitted(cls, X=X, **params):
    return mlp(cls, (4,), max_iter=2, random_state=0, **params).fit(X, Y)


def with_value(value):
    changed = X.copy()
    changed[7, 1] = value
    return changed


PLAIN = {
    "float64": X,
    "float32": X.astype(np.float32),
    "one row": X[:1],
    "read-only": np.frombuffer(X.tobytes()).reshape(X.shape),
}
OTHERS = {
    "frame": pd.DataFrame(X, columns=NAMES),
    "other names": pd.DataFrame(X, columns=["a", "b", "z"]),
    "another order": pd.DataFrame(X, columns=["b", "a", "c"]),
    "NumPy's text as names": pd.DataFrame(X, columns=np.array(NAMES, dtype=object).astype(str)),
    "subclasses of text as names": pd.DataFrame(X, columns=pd.Index(map(Text, NAMES), dtype="O")),
    "numbers as names": pd.DataFrame(X),
    "a subclass of frames": Frame(X, columns=NAMES),
    "more columns": pd.DataFrame(np.hstack([X, X]), columns=[*NAMES, "d", "e", "f"]),
    "a frame without rows": pd.DataFrame(X[:0], columns=NAMES),
    "list": X.tolist(),
    "integers": np.ones((2, 3), int),
    "half": X.astype(np.float16),
    "big-endian": X.astype(">f4"),
    "columns first": np.asfortranarray(X),
    "strided": np.hstack([X, X])[:, ::2],
    "subclass": X.view(np.recarray),
    "objects": X.astype(object),
    "sparse": sparse.csr_matrix(X),
    "missing": with_value(np.nan),
    "infinite": with_value(np.inf),
    "too many columns": np.hstack([X, X]),
    "no rows": X[:0],
    "vector": X[0],
    "cube": X[None],
    "complex": X + 1j,
    "words": np.full((2, 3), "word"),
}


def outcome(model, X):
    """Prediction or error, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = model.predict(X).tobytes()
        except Exception as error:
            result = f"{type(error).__name__}: {error}"
    return result, [str(warning.message) for warning in caught]


@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize("case", [*PLAIN, *OTHERS])
@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_predictions_and_errors_do_not_depend_on_who_validates(cls, case, names, monkeypatch):
    model = fitted(cls, pd.DataFrame(X, columns=NAMES) if names else X)
    rows = {**PLAIN, **OTHERS}[case]
    actual = outcome(model, rows)
    for module, shortcut in ((_base, "is_validated"), (_tables, "has_known_names")):
        monkeypatch.setattr(module, shortcut, lambda estimator, X: False)
    assert actual == outcome(model, rows)


def test_plain_arrays_are_not_validated_twice():
    model, named = fitted(DNNClassifier), fitted(DNNClassifier, pd.DataFrame(X, columns=NAMES))
    for name, rows in PLAIN.items():
        assert is_validated(model, rows), name
        assert validate_data(model, rows, reset=False, **x_format(rows)) is rows
        assert not is_validated(named, rows)
    for name, rows in OTHERS.items():
        assert not is_validated(model, rows), name


def test_known_names_are_not_validated_twice():
    model = fitted(DNNClassifier, pd.DataFrame(X, columns=NAMES))
    known = [name for name, rows in OTHERS.items() if has_known_names(model, rows)]
    assert known == ["frame", "NumPy's text as names", "a frame without rows"]
    assert not has_known_names(fitted(DNNClassifier), OTHERS["frame"])


def test_each_class_has_the_parameters_of_its_own_constructor():
    class Deep(DNNClassifier):
        def __init__(self, depth=2, random_state=None):
            super().__init__((5,) * depth, random_state=random_state, max_iter=2)
            self.depth = depth

    assert "depth" not in DNNClassifier().get_params()
    for _ in range(2):
        assert Deep(3).get_params() == {"depth": 3, "random_state": None}
    assert clone(Deep(3)).depth == 3
    assert list(DNNRegressor().get_params()) == sorted(DNNRegressor().get_params())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_r2_is_that_of_scikit_learn_to_the_bit(n_outputs, dtype):
    rng = np.random.default_rng(n_outputs)
    y, prediction = rng.standard_normal((2, 57, n_outputs)).astype(dtype)
    weights = rng.uniform(0, 2, 57).astype(dtype)
    cases = [(y, prediction), (y, y), (np.ones_like(y), prediction), (y, prediction * 1e3)]
    if n_outputs > 1:
        mixed = y.copy()
        mixed[:, 1] = prediction[:, 1]
        mixed[:, 2] = 4
        cases.append((mixed, prediction))
    for y_true, y_pred in cases:
        expected = r2_score(y_true, y_pred, sample_weight=weights)
        assert mean_r2(y_true, y_pred, weights) == expected


def test_r2_of_a_single_validation_row_is_not_defined():
    """The loss judges."""
    model = mlp_regressor((4,), max_iter=2, random_state=0)
    with pytest.warns(Warning, match="not well-defined with less than two samples"):
        model.fit(X, X[:, 0], X_val=X[:1], y_val=X[:1, 0])
    np.testing.assert_array_equal(model.validation_scores_, -np.array(model.validation_loss_curve_))
