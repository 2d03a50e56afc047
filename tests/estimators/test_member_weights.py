"""The weights of the members in predictions."""

import io
import pickle

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.model_selection import PredefinedSplit

import skdnn
from skdnn import DNNClassifier, DNNRegressor, Periodic, PiecewiseLinear, Quantile
from skdnn.estimators._data import n_holdouts

each_class = pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])


def data(cls, n_rows=400):
    """A fast wave, which two coarse bins cannot follow."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(n_rows, 2))
    wave = np.sin(9 * X[:, 0])
    return X, (wave > 0).astype(int) if cls is DNNClassifier else wave + X[:, 1]


def make(cls, **params):
    embedding = (PiecewiseLinear(2), PiecewiseLinear(2), Periodic(sigma=1.0), Periodic(sigma=1.0))
    params = {"numeric_embedding": embedding, "max_iter": 30, "random_state": 0, **params}
    return cls((32,), **params)


@pytest.fixture(scope="module", params=[DNNClassifier, DNNRegressor])
def fitted(request):
    return make(request.param).fit(*data(request.param))


def test_better_members_have_more_weight(fitted):
    weights = fitted.member_weights_
    assert weights.shape == (4,)
    assert weights.sum() == pytest.approx(1)
    assert weights[2:].min() > 2 * weights[:2].max()
    # Two members share a hold-out, and each hold-out has the same weight.
    assert weights[[0, 2]].sum() == pytest.approx(0.5, abs=0.001)


def test_predictions_are_weighted_means(fitted):
    X, _ = data(type(fitted), 50)
    members, weights = fitted._member_raw(X), fitted.member_weights_
    if isinstance(fitted, DNNClassifier):
        p = np.average(expit(members[..., 0]), axis=0, weights=weights)
        np.testing.assert_allclose(fitted.predict_proba(X)[:, 1], p, rtol=1e-5)
        return
    predictions = np.array([fitted._task.predict(member) for member in members])
    mean, deviation = fitted.predict(X, return_std=True)
    np.testing.assert_allclose(mean, np.average(predictions, axis=0, weights=weights), rtol=1e-5)
    variance = np.average((predictions - mean) ** 2, axis=0, weights=weights)
    np.testing.assert_allclose(deviation, np.sqrt(variance), rtol=1e-4)


def test_of_several_classes():
    X, y = data(DNNRegressor)
    model = make(DNNClassifier).fit(X, np.digitize(y, [-0.5, 0.5]))
    p = np.average(softmax(model._member_raw(X), axis=-1), axis=0, weights=model.member_weights_)
    np.testing.assert_allclose(model.predict_proba(X), p, rtol=1e-4, atol=1e-6)
    assert np.ptp(model.member_weights_) > 0.1


def test_of_quantiles():
    X, y = data(DNNRegressor)
    model = make(DNNRegressor, loss=Quantile([0.1, 0.5, 0.9])).fit(X, y)
    assert np.ptp(model.member_weights_) > 0.1


def test_pickles_and_files_have_them(fitted):
    X, _ = data(type(fitted), 20)
    file = io.BytesIO()
    fitted.save(file)
    file.seek(0)
    for other in (pickle.loads(pickle.dumps(fitted)), skdnn.load(file)):
        np.testing.assert_array_equal(other.member_weights_, fitted.member_weights_)
        np.testing.assert_array_equal(other.predict(X), fitted.predict(X))


def test_the_attribute_is_a_copy(fitted):
    before = fitted.member_weights_
    fitted.member_weights_[0] = 100
    np.testing.assert_array_equal(fitted.member_weights_, before)


def test_partial_fit_keeps_them(fitted):
    X, y = data(type(fitted))
    other = pickle.loads(pickle.dumps(fitted)).partial_fit(X, y)
    np.testing.assert_array_equal(other.member_weights_, fitted.member_weights_)


def test_a_warm_start_without_held_out_rows_has_none(fitted):
    X, y = data(type(fitted))
    other = pickle.loads(pickle.dumps(fitted))
    other.set_params(warm_start=True, early_stopping=False, max_iter=32).fit(X, y)
    np.testing.assert_array_equal(other.member_weights_, 0.25)


def test_the_number_of_threads_is_irrelevant(fitted):
    X, y = data(type(fitted))
    other = make(type(fitted), n_jobs=1).fit(X, y)
    np.testing.assert_array_equal(other.member_weights_, fitted.member_weights_)


@pytest.mark.parametrize(
    "params",
    [{"n_members": 1}, {"n_members": 3}, {"early_stopping": False}],
    ids=["one", "three", "no held-out rows"],
)
@each_class
def test_members_that_share_no_held_out_rows_are_equal(cls, params):
    model = make(cls, numeric_embedding=Periodic(), max_iter=2, **params).fit(*data(cls))
    np.testing.assert_allclose(model.member_weights_, 1 / model.n_members)


@each_class
def test_the_score_of_given_rows_is_that_of_the_model(cls):
    X, y = data(cls)
    model = make(cls).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    np.testing.assert_array_equal(model.member_weights_, 0.25)
    assert model.best_validation_score_ == pytest.approx(model.score(X[300:], y[300:]), abs=1e-5)


def test_a_splitter_decides_who_shares():
    X, y = data(DNNRegressor)
    apart = make(DNNRegressor, validation_fraction=PredefinedSplit(np.arange(400) % 4)).fit(X, y)
    np.testing.assert_array_equal(apart.member_weights_, 0.25)
    together = PredefinedSplit(np.where(np.arange(400) % 4, -1, 0))
    model = make(DNNRegressor, validation_fraction=together).fit(X, y)
    assert np.ptp(model.member_weights_) > 0.1


def test_numbers_of_holdouts():
    assert [n_holdouts(n) for n in (1, 2, 3, 4, 5, 8, 9, 16)] == [1, 2, 3, 2, 2, 2, 3, 4]


@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_groups_of_the_preset_best_have_bins_and_periodic_embeddings(cls):
    model = cls.preset("best")
    k = n_holdouts(model.n_members)
    for first in range(k):
        kinds = [type(each) for each in model.numeric_embedding[first::k]]
        assert kinds.count(PiecewiseLinear) == kinds.count(Periodic) == 2
