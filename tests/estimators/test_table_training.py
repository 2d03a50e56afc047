"""What is learned of a table, and from which rows; going on, copies, threads, searches."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, PredefinedSplit, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tables import bits, make, mixed_frame, raw, targets

from skdnn import DNNClassifier, DNNRegressor, Periodic, PiecewiseLinear

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CLASSES = [DNNClassifier, DNNRegressor]
EMBEDDINGS = [None, "piecewise_linear", "periodic", "mixed"]
each_class = pytest.mark.parametrize("cls", CLASSES)


def data(cls, n_rows=120, seed=0):
    X = mixed_frame(n_rows, seed)
    return X, targets(cls, X, seed)


def extremes(X):
    """Rows of values that are far off, categories that are new, and gaps where there were none."""
    return X.assign(
        number=np.where(np.arange(len(X)) % 2, 1e30, np.nan), gaps=-1e30, color="new", word=None,
        thing="new",
    )  # fmt: skip


# ---------------------------------------------------------------- rows that are learned from


@each_class
def test_given_validation_rows_change_nothing(cls):
    X, y = data(cls)
    plain = make(cls).fit(X, y)
    judged = make(cls).fit(X, y, X_val=extremes(X), y_val=y)
    assert bits(judged) == bits(plain)
    assert len(judged.validation_scores_) == 3


@each_class
def test_rows_held_out_of_all_members_change_nothing(cls):
    """A splitter with one split: no member is trained on these rows, which only weigh members."""
    X, y = data(cls)
    fold = np.where(np.arange(len(y)) < 90, -1, 0)
    params = {"early_stopping": True, "validation_fraction": PredefinedSplit(fold), "max_iter": 1}
    params |= {"calibration": None} if cls is DNNClassifier else {}
    other = pd.concat([X[:90], extremes(X[90:])])
    y_other = y.copy()
    if cls is DNNRegressor:
        y_other[90:] = 1e6
    models = [make(cls, **params).fit(X, y), make(cls, **params).fit(other, y_other)]
    assert bits(models[0]) == bits(models[1])
    members = [model._member_raw(X) for model in models]
    np.testing.assert_array_equal(*members)


@pytest.mark.parametrize("embedding", EMBEDDINGS)
@each_class
def test_rows_without_weight_are_not_there(cls, embedding):
    X, y = data(cls)
    weights = np.where(np.arange(len(y)) < 100, 1.0, 0.0)
    params = {"numeric_embedding": embedding, "batch_size": 100}
    some = make(cls, **params).fit(X[:100], y[:100])
    spoilt = pd.concat([X[:100], extremes(X[100:])])
    y = y.copy()
    if cls is DNNRegressor:
        y[100:] = -1e6
    weighted = make(cls, **params).fit(spoilt, y, sample_weight=weights)
    assert bits(weighted) == bits(some)
    np.testing.assert_array_equal(raw(weighted, X), raw(some, X))


@pytest.mark.parametrize("scaling", [None, "robust", "standard"])
@pytest.mark.parametrize("embedding", EMBEDDINGS)
@each_class
def test_integer_weights_are_repeated_rows(cls, embedding, scaling):
    """In medians, bins, categories, targets and initial weights, too."""
    X, y = data(cls, 80)
    weights = np.random.default_rng(0).integers(0, 4, 80)
    again = np.repeat(np.arange(80), weights)
    params = {"numeric_embedding": embedding, "feature_scaling": scaling, "dtype": "float64",
              "max_iter": 5, "learning_rate_init": 1e-3}  # fmt: skip
    counted = make(cls, batch_size=np.count_nonzero(weights), **params)
    counted.fit(X, y, sample_weight=weights)
    repeated = make(cls, batch_size=len(again), **params).fit(X.iloc[again], y[again])
    np.testing.assert_allclose(raw(counted, X), raw(repeated, X), rtol=1e-8)
    np.testing.assert_allclose(counted.loss_curve_, repeated.loss_curve_, rtol=1e-8)


@each_class
def test_order_of_rows_and_of_the_index_of_a_frame_mean_nothing_to_statistics(cls):
    """Full batches: the same network, whatever the index is."""
    X, y = data(cls)
    params = {"batch_size": 120, "dtype": "float64"}
    order = np.random.default_rng(0).permutation(120)
    model, other = make(cls, **params).fit(X, y), make(cls, **params).fit(X.iloc[order], y[order])
    np.testing.assert_allclose(raw(other, X), raw(model, X), rtol=1e-6)
    odd = make(cls, **params).fit(X.set_index(np.zeros(120, int)), y)
    assert bits(odd) == bits(model)


# ---------------------------------------------------------------- copies and going on


@each_class
def test_pickle_and_clone(cls):
    X, y = data(cls)
    model = make(cls, early_stopping=True).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(raw(again, X), raw(model, X))
    rows = extremes(X)
    np.testing.assert_array_equal(raw(again, rows), raw(model, rows))
    copy = clone(make(cls, numeric_embedding=[Periodic(8), PiecewiseLinear(5)]))
    assert copy.numeric_embedding[1].n_bins == 5
    assert bits(clone(model).fit(X, y)) == bits(model)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("early_stopping", [False, True])
@each_class
def test_half_pickle_half_is_the_whole_bit_for_bit(cls, early_stopping, seed):
    X, y = data(cls)
    params = {"early_stopping": early_stopping, "dropout": 0.2, "random_state": seed}
    params |= {"calibration": "temperature"} if cls is DNNClassifier else {}
    whole = make(cls, max_iter=12, **params).fit(X, y)
    half = make(cls, max_iter=6, warm_start=True, **params).fit(X, y)
    again = pickle.loads(pickle.dumps(half)).fit(X, y)
    assert whole.loss_curve_ == again.loss_curve_
    assert whole.validation_scores_ == again.validation_scores_
    assert bits(again) == bits(whole)
    np.testing.assert_array_equal(raw(again, X), raw(whole, X))


@each_class
def test_epochs_of_partial_fit_are_those_of_fit(cls):
    X, y = data(cls)
    whole = make(cls, max_iter=5).fit(X, y)
    model = make(cls, max_iter=5)
    extra = {"classes": np.unique(y)} if cls is DNNClassifier else {}
    for _ in range(5):
        model = pickle.loads(pickle.dumps(model)).partial_fit(X, y, **extra)
    assert bits(model) == bits(whole)
    np.testing.assert_array_equal(raw(model, X), raw(whole, X))


@each_class
def test_the_first_rows_of_partial_fit_say_what_the_columns_are(cls):
    X, y = data(cls)
    extra = {"classes": np.unique(y)} if cls is DNNClassifier else {}
    model = make(cls).partial_fit(X[:60], y[:60], **extra)
    model.partial_fit(extremes(X[60:]), y[60:])
    assert np.isfinite(raw(model, X).ravel()).all()
    with pytest.raises(ValueError, match="feature names should match"):
        model.partial_fit(X[X.columns[::-1]], y)


@each_class
def test_warm_start_with_other_members_says_so(cls):
    X, y = data(cls)
    model = make(cls, warm_start=True, early_stopping=True).fit(X, y)
    before = raw(model, X)
    for n_members in (1, 3):
        with pytest.raises(ValueError, match=r"number of members.*Set warm_start=False"):
            model.set_params(n_members=n_members).fit(X, y)
    np.testing.assert_array_equal(raw(model, X), before)


@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"solver": "lbfgs"}])
@each_class
def test_threads_change_no_bit(cls, params):
    X, y = data(cls)
    one, two = (make(cls, n_members=3, n_jobs=n, **params).fit(X, y) for n in (1, 2))
    assert bits(one) == bits(two)
    np.testing.assert_array_equal(raw(one, X), raw(two, X))


# ---------------------------------------------------------------- validation and scikit-learn


@each_class
def test_validation_rows_are_frames(cls):
    """Every score is that of the estimator on them, the best one is kept."""
    X, y = data(cls)
    params = {"calibration": None} if cls is DNNClassifier else {}
    model = make(cls, max_iter=15, early_stopping=True, n_members=2, **params)
    model.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    assert model.best_validation_score_ == pytest.approx(model.score(X[80:], y[80:]))
    with pytest.raises(ValueError, match=r"X_val, y_val: The feature names should match"):
        make(cls).fit(X[:80], y[:80], X_val=X[X.columns[::-1]][80:], y_val=y[80:])


@pytest.mark.parametrize("given", [True, False])
@each_class
def test_scorers_get_frames(cls, given):
    X, y = data(cls)
    seen = []

    def scorer(estimator, rows, y):
        seen.append(rows)
        return estimator.score(rows, y)

    own = make(cls, early_stopping=True, scoring=None)
    other = make(cls, early_stopping=True, scoring=scorer)
    rows = {"X_val": X[80:], "y_val": y[80:]} if given else {}
    own.fit(X[:80], y[:80], **rows), other.fit(X[:80], y[:80], **rows)
    assert len(seen) == 3 * (1 if given else 2)
    assert all(list(each.columns) == list(X.columns) for each in seen)
    np.testing.assert_allclose(other.validation_scores_, own.validation_scores_)
    assert bits(other) == bits(own)


@each_class
def test_grid_search_reaches_into_the_embedding(cls):
    X, y = data(cls, 60)
    model = make(cls, numeric_embedding=PiecewiseLinear(), n_members=1)
    grid = {"numeric_embedding__n_bins": [2, 8], "feature_scaling": ["robust", None]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)
    best = search.best_estimator_
    assert best.numeric_embedding.n_bins == search.best_params_["numeric_embedding__n_bins"]
    assert model.numeric_embedding.n_bins == 16
    assert search.predict(X).shape == (60,)


@each_class
def test_cross_validate_and_pipeline(cls):
    X, y = data(cls, 60)
    scores = cross_validate(make(cls), X, y, cv=2, error_score="raise", return_estimator=True)
    assert np.isfinite(scores["test_score"]).all()
    numbers = X[["number", "gaps"]]
    chain = make_pipeline(StandardScaler(), make(cls)).fit(numbers, y)
    assert raw(chain[-1], chain[:-1].transform(numbers)).shape[0] == 60
    assert np.isfinite(chain.score(numbers, y))
