"""Prediction intervals and sets: from which rows, and how often they are right."""

import pickle
from copy import deepcopy
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from mlp import mlp, mlp_classifier, mlp_regressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skdnn
import skdnn_light
from skdnn import DNNClassifier, DNNRegressor, Quantile
from skdnn.estimators import _fit
from skdnn.estimators._conformal import N_LOST
from skdnn_light.conformal import class_scores

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

each_class = pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
LEVELS = [0.05, 0.5, 0.95]


def heteroscedastic(n_rows, seed=0):
    """Noise that is five times larger on one side."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, size=(n_rows, 2))
    return X, np.sin(3 * X[:, 0]) + np.where(X[:, 1] > 0, 0.5, 0.1) * rng.normal(size=n_rows)


def classes(n_rows, seed=0):
    """Four classes, of which some rows can be two."""
    X, y = heteroscedastic(n_rows, seed)
    return X, np.array(["a", "b", "c", "d"])[np.digitize(y, [-0.7, 0, 0.7])]


def make(cls, **params):
    defaults = {"max_iter": 12, "batch_size": 32, "learning_rate_init": 0.02, "random_state": 0}
    return mlp(cls, (8,), **{**defaults, **params})


def rows_of(cls, n_rows, seed=0):
    return (classes if cls is DNNClassifier else heteroscedastic)(n_rows, seed)


def predict_both(model, X, coverage=0.9):
    """The intervals, or the sets."""
    if hasattr(model, "predict_set"):
        return model.predict_set(X, coverage)
    return model.predict_interval(X, coverage)


def is_inside(model, X, y, coverage=0.9):
    found = predict_both(model, X, coverage)
    if found.dtype == bool:
        return found[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    return (found[..., 0] <= y) & (y <= found[..., 1])


# ---------------------------------------------------------------- rows of the user


@each_class
def test_conformalize_covers_new_rows(cls):
    X, y = rows_of(cls, 4600)
    model = make(cls).fit(X[:300], y[:300]).conformalize(X[300:2600], y[300:2600])
    for coverage in (0.8, 0.9, 0.95):
        share = is_inside(model, X[2600:], y[2600:], coverage).mean()
        assert coverage - 0.02 < share < coverage + 0.02


def test_the_interval_of_a_prediction_is_the_direct_formula():
    X, y = heteroscedastic(400)
    model = make(DNNRegressor).fit(X[:200], y[:200]).conformalize(X[200:299], y[200:299])
    margin = np.sort(np.abs(y[200:299] - model.predict(X[200:299])))[90 - 1]
    predicted = model.predict(X[300:])
    found = model.predict_interval(X[300:], coverage=0.9)
    np.testing.assert_array_equal(found, np.column_stack([predicted - margin, predicted + margin]))


def test_the_interval_of_quantiles_is_the_direct_formula():
    X, y = heteroscedastic(400)
    model = make(DNNRegressor, loss=Quantile(LEVELS)).fit(X[:200], y[:200])
    low, _, high = model.predict_quantiles(X).T
    score = np.sort(np.maximum(low - y, y - high)[200:299])[90 - 1]
    found = model.conformalize(X[200:299], y[200:299]).predict_interval(X, coverage=0.9)
    np.testing.assert_array_equal(found, np.column_stack([low - score, high + score]))


def test_quantiles_adapt_to_the_noise_and_are_narrower():
    X, y = heteroscedastic(3000)
    widths, shares = {}, {}
    for loss in ("squared_error", Quantile(LEVELS)):
        model = make(DNNRegressor, loss=loss, max_iter=40).fit(X[:1000], y[:1000])
        model.conformalize(X[1000:2000], y[1000:2000])
        lower, upper = model.predict_interval(X[2000:]).T
        widths[str(loss)] = (upper - lower).mean()
        noisy = X[2000:, 1] > 0
        shares[str(loss)] = is_inside(model, X[2000:], y[2000:])[noisy].mean()
    assert widths[str(Quantile(LEVELS))] < 0.9 * widths["squared_error"]
    assert shares[str(Quantile(LEVELS))] > 0.84 > shares["squared_error"]


@pytest.mark.parametrize("loss", ["squared_error", Quantile(LEVELS)], ids=str)
def test_each_output_has_its_own_margin(loss):
    X, y = heteroscedastic(1200)
    Y = np.column_stack([y, 100 * y[::-1]])
    model = make(DNNRegressor, loss=loss).fit(X[:300], Y[:300]).conformalize(X[300:], Y[300:])
    found = model.predict_interval(X[300:])
    assert found.shape == (900, 2, 2)
    inside = (found[..., 0] <= Y[300:]) & (Y[300:] <= found[..., 1])
    np.testing.assert_allclose(inside.mean(axis=0), 0.9, atol=2 / 900)


@each_class
def test_weights_are_removed_and_repeated_rows(cls):
    X, y = rows_of(cls, 500)
    weights = np.random.default_rng(1).integers(0, 3, 200)
    model = make(cls).fit(X[:300], y[:300])
    weighted = deepcopy(model).conformalize(X[300:], y[300:], weights)
    repeated = deepcopy(model).conformalize(
        np.repeat(X[300:], weights, axis=0), np.repeat(y[300:], weights)
    )
    for coverage in (0.5, 0.8, 0.9):
        np.testing.assert_array_equal(
            predict_both(weighted, X, coverage), predict_both(repeated, X, coverage)
        )
    plain = model.conformalize(X[300:], y[300:])._model.scores.n_rows
    assert (plain, weighted._model.scores.n_rows) == (200, weights.sum())


def test_losses_of_positive_targets_have_no_interval_below_0():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 1))
    y = rng.poisson(np.exp(X[:, 0] - 1))
    model = mlp_regressor((4,), loss="poisson", max_iter=5, random_state=0).fit(X, y)
    found = model.conformalize(X, y).predict_interval(X)
    assert found.min() == 0
    assert ((found[:, 0] <= y) & (y <= found[:, 1])).mean() >= 0.9


def test_classes_can_have_other_names():
    X, y = classes(300)
    model = make(DNNClassifier).fit(X, y)
    expected = deepcopy(model).conformalize(X, y).predict_set(X)
    model.classes_ = np.array(["e", "f", "g", "h"])
    model.conformalize(X, model.classes_[np.searchsorted(["a", "b", "c", "d"], y)])
    np.testing.assert_array_equal(model.predict_set(X), expected)


@each_class
def test_tables_and_predictions_of_a_pipeline(cls):
    X, y = rows_of(cls, 400)
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(c=np.where(X[:, 0] > 0, "yes", None))
    model = make(cls, categorical_features="from_dtype").fit(frame[:200], y[:200])
    model.conformalize(frame[200:], y[200:])
    assert is_inside(model, frame[200:], y[200:]).mean() >= 0.9
    pipe = make_pipeline(StandardScaler(), make(cls)).fit(X[:200], y[:200])
    transformed = pipe[:-1].transform(X)
    pipe[-1].conformalize(transformed[200:], y[200:])
    assert is_inside(pipe[-1], transformed[200:], y[200:]).mean() >= 0.9


@each_class
def test_predictions_remain_and_a_new_fit_forgets(cls):
    X, y = rows_of(cls, 300)
    model = make(cls, warm_start=True).fit(X, y)
    before = model.predict(X)
    np.testing.assert_array_equal(model.conformalize(X, y).predict(X), before)
    predict_both(model, X)
    model.fit(X, y)
    with pytest.raises(ValueError, match="has held out none"):
        predict_both(model, X)
    model.conformalize(X, y).partial_fit(X, y)
    with pytest.raises(ValueError, match="has held out none"):
        predict_both(model, X)


# ---------------------------------------------------------------- rows that fit holds out


def held_out(monkeypatch):
    """What the members of the last fit were judged by."""
    seen, split_data = [], _fit.split_data

    def spy(*args):
        seen[:] = split_data(*args)
        return seen

    monkeypatch.setattr(_fit, "split_data", spy)
    return seen


@each_class
@pytest.mark.parametrize("n_members", [1, 3, 4])
def test_each_row_is_predicted_by_the_members_that_hold_it_out(cls, n_members, monkeypatch):
    splits = held_out(monkeypatch)
    X, y = rows_of(cls, 300)
    weights = np.random.default_rng(1).integers(0, 4, 300).astype(float)
    model = make(cls, early_stopping=True, n_members=n_members).fit(X, y, weights)
    raw, shares = model._member_raw(X), model.member_weights_
    scores = {}
    for row in range(300):
        members = [i for i, split in enumerate(splits * (4 // len(splits)))
                   if i < n_members and row in split.held_out.rows]  # fmt: skip
        if not members:
            continue
        own = shares[members] / shares[members].sum()
        mean = model._model.task.mean(raw[members][:, [row]], model.out_activation_, own)
        if cls is DNNClassifier:
            proba = model._task.probabilities(mean)
            scores[row] = class_scores(proba)[0, np.searchsorted(model.classes_, y[row])]
        else:
            scores[row] = abs(model._task.predict(mean)[0] - y[row])
    found = model._model.scores
    np.testing.assert_allclose(found.values[0], sorted(scores.values()), atol=1e-6)
    assert found.n_rows == weights[list(scores)].sum()
    assert found.n_lost == N_LOST


def test_validation_rows_are_predicted_by_all_members():
    X, y = heteroscedastic(500)
    model = make(DNNRegressor, n_members=2).set_params(early_stopping=True)
    model.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    errors = np.sort(np.abs(y[300:] - model.predict(X[300:])))
    np.testing.assert_allclose(model._model.scores.values[0], errors, atol=1e-6)
    lower, upper = model.predict_interval(X).T
    # One rank more than of rows that have not chosen the epoch.
    np.testing.assert_allclose((upper - lower) / 2, errors[181 + N_LOST - 1], atol=1e-6)


@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_held_out_rows_cover_new_ones_on_average(cls):
    shares = []
    for seed in range(12):
        X, y = rows_of(cls, 1400, seed)
        model = make(cls, early_stopping=True, n_members=4, random_state=seed, max_iter=25)
        shares.append(is_inside(model.fit(X[:400], y[:400]), X[400:], y[400:]).mean())
    assert 0.87 < np.mean(shares) < 0.94


# ---------------------------------------------------------------- copies, and what is refused


@each_class
def test_copies_and_files_predict_the_same(cls):
    X, y = rows_of(cls, 300)
    model = make(cls, early_stopping=True).fit(X, y)
    file = BytesIO()
    model.save(file)
    expected = predict_both(model, X)
    for other in (
        pickle.loads(pickle.dumps(model)),
        skdnn.load(BytesIO(file.getvalue())),
        skdnn_light.load(BytesIO(file.getvalue())),
    ):
        np.testing.assert_allclose(predict_both(other, X), expected, atol=1e-6)
    loaded = skdnn.load(BytesIO(file.getvalue()))
    again = deepcopy(model).conformalize(X, y)
    np.testing.assert_array_equal(
        predict_both(loaded.conformalize(X, y), X), predict_both(again, X)
    )


@each_class
def test_a_file_without_scores_says_what_to_do(cls):
    X, y = rows_of(cls, 100)
    file = BytesIO()
    make(cls).fit(X, y).save(file)
    for load in (skdnn.load, skdnn_light.load):
        with pytest.raises(ValueError, match=r"held out none. Call conformalize\(X_cal, y_cal\)"):
            predict_both(load(BytesIO(file.getvalue())), X)


@each_class
@pytest.mark.parametrize("coverage", [0, 1, -0.5, 90, "0.9", None, np.nan])
def test_a_coverage_is_above_0_and_below_1(cls, coverage):
    X, y = rows_of(cls, 100)
    model = make(cls).fit(X, y).conformalize(X, y)
    with pytest.raises(ValueError, match=r"coverage must be a number above 0 and below 1. Got "):
        predict_both(model, X, coverage)


def test_too_few_rows_give_infinite_intervals_and_all_classes():
    X, y = heteroscedastic(100)
    model = make(DNNRegressor).fit(X, y).conformalize(X[:8], y[:8])
    with pytest.warns(UserWarning, match=r"needs at least 9 rows .* there are 8: .* infinite"):
        assert np.isinf(model.predict_interval(X, 0.9)).all()
    X, y = classes(100)
    model = make(DNNClassifier).fit(X, y).conformalize(X[:8], y[:8])
    with pytest.warns(UserWarning, match=r"needs at least 9 rows .* returns all classes"):
        assert model.predict_set(X, 0.9).all()


@each_class
def test_rows_that_are_not_valid_leave_the_model_as_it_was(cls):
    X, y = rows_of(cls, 100)
    with pytest.raises(NotFittedError):
        make(cls).conformalize(X, y)
    model = make(cls).fit(X, y).conformalize(X, y)
    before = model._model
    for X_cal, y_cal, weights, message in (
        (X[:, :1], y, None, "X_cal, y_cal: X has 1 features"),
        (X, y[:-1], None, "inconsistent numbers of samples"),
        (X, y, np.zeros(100), "X_cal, y_cal: Sample weights must contain at least one non-zero"),
    ):
        with pytest.raises(ValueError, match=message):
            model.conformalize(X_cal, y_cal, weights)
    assert model._model is before


def test_targets_of_another_kind_are_refused():
    X, y = heteroscedastic(100)
    with pytest.raises(ValueError, match="y_cal has 2 targets, but the model has 1"):
        make(DNNRegressor).fit(X, y).conformalize(X, np.column_stack([y, y]))
    X, y = classes(100)
    with pytest.raises(ValueError, match="`y_cal` has classes not in"):
        make(DNNClassifier).fit(X, y).conformalize(X, np.full(100, "z"))


def test_multilabel_targets_have_no_sets():
    X, y = heteroscedastic(200)
    Y = np.column_stack([y > 0, X[:, 0] > 0]).astype(int)
    model = mlp_classifier((4,), early_stopping=True, max_iter=3).fit(X, Y)
    with pytest.raises(ValueError, match="multilabel"):
        model.predict_set(X)
    with pytest.raises(ValueError, match="several labels"):
        model.conformalize(X, Y)
