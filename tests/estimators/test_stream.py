"""Data that arrive in pieces: partial_fit and warm_start."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from skdnn import DNNClassifier, DNNRegressor
from skdnn.estimators._stream import BEGINNING_ROWS

rng = np.random.default_rng(0)


def table(n_rows):
    """Numbers, one of them missing at times, a category and what they say."""
    X = pd.DataFrame({
        "size": rng.gamma(2, 100, n_rows),
        "rate": rng.normal(size=n_rows),
        "town": rng.choice(["Bonn", "Lima", "Oslo"], n_rows),
    })  # fmt: skip
    y = np.log(X["size"]) + X["rate"] * (X["town"] == "Oslo")
    X.loc[rng.random(n_rows) < 0.1, "rate"] = np.nan
    return X, y.to_numpy(copy=True)


def regressor(hidden_layer_sizes=(16,), **parameters):
    parameters = {"random_state": 0, "learning_rate": "constant", "n_members": 2, **parameters}
    return DNNRegressor(hidden_layer_sizes, **parameters)


def stream(model, X, y, size, n_passes=1, **first_call):
    take = X.iloc.__getitem__ if hasattr(X, "iloc") else X.__getitem__
    for _ in range(n_passes):
        for start in range(0, len(y), size):
            rows = slice(start, start + size)
            model.partial_fit(take(rows), y[rows], **first_call)
    return model


#: Rows of a piece, passes over the data, and how much less than of the whole the score may be.
CUTS = [(1, 1, 0.25), (8, 8, 0.1), (60, 30, 0.05)]


@pytest.mark.parametrize(("size", "n_passes", "margin"), CUTS)
def test_pieces_reach_the_score_of_the_whole(size, n_passes, margin):
    X, y = table(240)
    whole = stream(regressor(), X, y, 240, n_passes=60).score(X, y)
    pieces = stream(regressor(), X, y, size, n_passes)
    assert pieces.score(X, y) > whole - margin > 0.7


def test_the_beginning_of_a_stream_knows_its_columns_as_if_from_the_start():
    """Nothing depends on how the first rows are cut, but the steps of the training."""
    X, y = table(BEGINNING_ROWS)
    pieces, whole = stream(regressor(), X, y, 50), regressor().partial_fit(X, y)
    for name in ("center", "scale", "imputation", "indicated"):
        found, expected = (getattr(m._inputs.encoder.scaler, name) for m in (pieces, whole))
        np.testing.assert_array_equal(found, expected)
    assert pieces._inputs.encoder.categories == whole._inputs.encoder.categories
    assert pieces._model.task.scaler.scale == whole._model.task.scaler.scale
    assert pieces.t_ == whole.t_ == BEGINNING_ROWS
    assert len(pieces.loss_curve_) == 10
    assert pieces._beginning is None


def test_no_rows_are_kept_longer_than_needed():
    X, y = table(BEGINNING_ROWS)
    model = regressor().partial_fit(X[:40], y[:40])
    assert model._beginning.n_rows == 40
    before = model.predict(X)
    X[:40] = X[40:80].to_numpy()  # the caller's memory is the caller's
    restored = pickle.loads(pickle.dumps(model))
    model.partial_fit(X[100:], y[100:])
    np.testing.assert_array_equal(
        restored.partial_fit(X[100:], y[100:]).predict(X), model.predict(X)
    )
    assert not np.array_equal(model.predict(X), before)
    assert model._inputs.n_rows == BEGINNING_ROWS - 60
    assert stream(model, X, y, 400)._beginning is None
    assert regressor(max_iter=1, learning_rate="cosine").fit(X, y)._beginning is None


def test_rows_that_come_again_are_all_there_are():
    X, y = table(60)
    twice = stream(regressor(), X, y, 20, n_passes=2)
    assert twice._beginning is None
    assert twice._inputs.n_rows == 60


def test_single_rows_that_are_equal_are_not_all_there_are():
    """Of a few whole numbers one row by chance equals another at once."""
    numbers = np.random.default_rng(0)
    X = numbers.integers(0, 3, (60, 2)).astype(float)
    X[:5] = X[0]
    y = X.sum(axis=1)
    rows, whole = stream(regressor((8,)), X, y, 1), regressor((8,)).partial_fit(X[:32], y[:32])
    assert rows._inputs.n_rows == 32  # as often as there were twice as many
    np.testing.assert_array_equal(
        rows._inputs.encoder.scaler.scale, whole._inputs.encoder.scaler.scale
    )
    assert rows._beginning.n_rows == 60


def test_rows_of_weight_zero_do_not_count():
    X, y = table(BEGINNING_ROWS + 100)
    weights = np.ones(len(y))
    weights[3:BEGINNING_ROWS] = 0
    first, rest = slice(BEGINNING_ROWS), slice(BEGINNING_ROWS, None)
    model = regressor((8,)).partial_fit(X[first], y[first], sample_weight=weights[first])
    model.partial_fit(X[rest], y[rest])
    assert model._inputs.n_rows == 103


def test_changed_weights_are_kept():
    X, y = table(200)
    model = regressor().partial_fit(X[:50], y[:50])
    for member in model.coefs_[0]:
        member[...] = 0
    model.partial_fit(X[50:], y[50:])
    assert len(model.loss_curve_) == 2
    assert model._beginning is None
    assert model._inputs.n_rows == 50


def test_calls_with_other_parameters_are_not_repeated():
    X, y = table(200)
    model = regressor().partial_fit(X[:50], y[:50])
    model.set_params(learning_rate_init=0.1).partial_fit(X[50:], y[50:])
    expected = regressor().partial_fit(X[:50], y[:50])
    expected._beginning = None
    expected.set_params(learning_rate_init=0.1).partial_fit(X[50:], y[50:])
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))


def test_the_beginning_goes_on_from_a_pickle_and_with_other_threads():
    """A generator has another address there; the number of threads changes no numbers."""
    X, y = table(80)
    states = [np.random.RandomState(0) for _ in range(2)]
    at_once, model = (regressor((8,), random_state=state) for state in states)
    stream(at_once, X, y, 20)
    for i in range(4):
        rows = slice(20 * i, 20 * (i + 1))
        model = pickle.loads(pickle.dumps(model))
        model.set_params(n_jobs=1 + i % 2, verbose=False).partial_fit(X[rows], y[rows])
    assert model._inputs.n_rows == 80
    np.testing.assert_array_equal(model.predict(X), at_once.predict(X))


def test_arrays_of_objects_keep_the_names_of_their_columns():
    X, y = table(80)
    pieces = stream(regressor((8,)), X.to_numpy(object), y, 40)
    whole = regressor((8,)).partial_fit(X.to_numpy(object), y)
    assert pieces._inputs.n_rows == 80
    assert pieces._inputs.encoder.names == whole._inputs.encoder.names
    assert pieces._inputs.encoder.categories == whole._inputs.encoder.categories


@pytest.mark.parametrize("embedding", ["mixed", "piecewise_linear", "periodic", None])
@pytest.mark.parametrize("scaling", ["robust", "standard", None])
def test_columns_that_say_something_late(scaling, embedding):
    """A flag that was always 0, and a number that was always missing, are learned later."""
    n_rows = 2 * BEGINNING_ROWS
    X = pd.DataFrame({"noise": rng.normal(size=n_rows), "flag": 0.0, "late": np.nan})
    later = X.index >= BEGINNING_ROWS
    X.loc[later, "flag"] = rng.integers(0, 2, later.sum())
    X.loc[later, "late"] = rng.normal(5, 2, later.sum())
    y = X["flag"] + np.nan_to_num(X["late"] > 5)
    model = regressor(feature_scaling=scaling, numeric_embedding=embedding, activation="relu")
    model.partial_fit(X[~later], rng.normal(size=BEGINNING_ROWS))
    for _ in range(30):
        model.partial_fit(X[later], y[later])
    assert model.score(X[later], y[later]) > 0.7


def test_columns_that_are_missing_late():
    X, y = table(2 * BEGINNING_ROWS)
    X["rate"] = X["rate"].fillna(0)
    model = regressor().partial_fit(X[:BEGINNING_ROWS], y[:BEGINNING_ROWS])
    X, y = X[BEGINNING_ROWS:].copy(), y[BEGINNING_ROWS:].copy()
    missing = rng.random(len(X)) < 0.5
    X.loc[missing, "rate"] = np.nan
    y[missing] += 5
    for _ in range(30):
        model.partial_fit(X, y)
    assert model._inputs.encoder.indicator_names == ["missingindicator_rate"]
    assert model.score(X, y) > 0.8


@pytest.mark.parametrize(("n_first", "n_later"), [(1, 2), (1, 9), (2, 3), (4, 40), (40, 60)])
def test_categories_that_come_late(n_first, n_later):
    """They get inputs of their own; what is known of the others stays."""
    town = np.arange(2 * BEGINNING_ROWS) % n_first
    later = np.arange(2 * BEGINNING_ROWS) >= BEGINNING_ROWS
    town[later] = np.arange(later.sum()) % n_later
    X = pd.DataFrame({"town": pd.Series(town).map("t{:02}".format), "noise": 0.0 * town})
    y = (town % 2).astype(float)
    model = regressor().partial_fit(X[~later], rng.normal(size=BEGINNING_ROWS))
    before = model.predict(X[~later])
    known = model._inputs.encoder.categories[0].n_codes
    small = model.set_params(learning_rate_init=1e-300).partial_fit(X[later], y[later])
    np.testing.assert_allclose(small.predict(X[~later]), before, rtol=1e-6)
    model.set_params(learning_rate_init=0.01)
    for _ in range(60):
        model.partial_fit(X[later], y[later])
    assert model._inputs.encoder.categories[0].n_codes == n_later > known == n_first
    assert model.score(X[later], y[later]) > 0.9


def test_units_of_categories_have_a_limit():
    ids = pd.DataFrame({"id": pd.Series(np.arange(900)).map(str)})
    y = np.arange(900.0)
    model = regressor().partial_fit(ids[:20].loc[np.arange(500) % 20], y[:500])
    model.partial_fit(ids, y)
    assert model._inputs.encoder.n_codes == (256,)
    assert np.isfinite(model.predict(ids)).all()


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "huber"])
def test_a_target_that_is_constant_at_first(loss):
    X, y = table(2 * BEGINNING_ROWS)
    y = 100 * (y - y.min())
    model = regressor(loss=loss).partial_fit(X[:BEGINNING_ROWS], np.full(BEGINNING_ROWS, 7.0))
    np.testing.assert_allclose(model.predict(X), 7.0)
    for _ in range(60):
        model.partial_fit(X, y)
    assert model.score(X, y) > 0.6


def test_a_classifier_row_by_row():
    X = rng.normal(size=(120, 3))
    y = np.where(X[:, 0] > 0, "yes", "no")
    model = DNNClassifier((16,), learning_rate="constant", n_members=2, random_state=0)
    stream(model, X, y, 1, n_passes=3, classes=["no", "yes"])
    assert model.score(X, y) > 0.9


def test_warm_starts_in_pieces():
    X, y = table(400)
    X["flag"] = (X.index >= 200).astype(float)
    y[200:] += 5
    model = regressor(warm_start=True, max_iter=30, early_stopping=True, learning_rate="cosine")
    model.fit(X[:200], y[:200])
    model.fit(X, y)
    assert model.score(X, y) > 0.7
    again = pickle.loads(pickle.dumps(model)).fit(X, y)
    np.testing.assert_array_equal(again.predict(X), model.fit(X, y).predict(X))


def test_a_warm_start_from_a_few_rows_says_so():
    X, y = table(400)
    model = regressor(warm_start=True, max_iter=2, learning_rate="cosine").fit(X[:20], y[:20])
    with pytest.warns(UserWarning, match=r"from 20 rows.*warm_start=False"):
        model.fit(X, y)


def test_the_same_bits_for_any_number_of_threads():
    X, y = table(200)
    found = [stream(regressor(n_jobs=n), X, y, 30).predict(X) for n in (1, 2)]
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("method", ["partial_fit", "fit"])
def test_sparse_rows_after_dense_ones(method):
    """They are rows of the same table."""
    X = np.where(rng.random((90, 3)) < 0.5, 0.0, rng.normal(size=(90, 3)))
    y = X[:, 0]
    parameters = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0}
    models = [DNNRegressor(warm_start=True, **parameters).fit(X, y) for _ in range(2)]
    models[0].set_params(max_iter=3)
    models[1].set_params(max_iter=3)
    getattr(models[0], method)(X, y)
    getattr(models[1], method)(csr_array(X), y)
    np.testing.assert_array_equal(models[0].predict(X), models[1].predict(csr_array(X)))


@pytest.mark.parametrize("first", [1, 2])
def test_another_number_of_targets(first):
    X, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    targets = [y[:, 0], y] if first == 1 else [y, y[:, 0]]
    model = DNNRegressor((4,), random_state=0).partial_fit(X[:5], targets[0][:5])
    with pytest.raises(ValueError, match=r"as many columns.*Got shape \(20"):
        model.partial_fit(X, targets[1])
    labels = DNNClassifier((4,), random_state=0)
    labels.partial_fit(X[:5], np.arange(5) % 2, classes=[0, 1])
    with pytest.raises(ValueError, match="as many columns"):
        labels.partial_fit(X, (y > 0).astype(int))


def late_table(n_rows):
    X = pd.DataFrame({"noise": rng.normal(size=n_rows), "late": 0.0})
    later = X.index >= BEGINNING_ROWS
    X.loc[later, "late"] = rng.normal(5, 2, later.sum())
    return X, later


@pytest.mark.parametrize("first", [1e-9, 3.0])
def test_a_column_that_varies_late_is_learned_from_more_than_one_row(first):
    X, later = late_table(2 * BEGINNING_ROWS)
    X.loc[BEGINNING_ROWS, "late"] = first
    y = np.sin(X["late"])
    model = regressor().partial_fit(X[~later], y[~later] + X["noise"][~later])
    model.partial_fit(X[BEGINNING_ROWS : BEGINNING_ROWS + 1], [0.0])
    assert model._inputs.encoder.scaler.n_late == {1: 2}
    for _ in range(40):
        model.partial_fit(X[later], y[later])
    assert model._inputs.encoder.scaler.late == {}
    assert model.score(X[later], y[later]) > 0.8


def test_a_column_that_varies_late_row_by_row():
    X, later = late_table(BEGINNING_ROWS + 40)
    model = regressor().partial_fit(X[~later], X["noise"][~later])
    for row in np.flatnonzero(later):
        model.partial_fit(X[row : row + 1], X["late"][row : row + 1])
    scaler = model._inputs.encoder.scaler
    assert scaler.late[1].size == 41
    assert scaler.n_late == {1: 32}
    np.testing.assert_array_equal(scaler.late[1], np.append(0, X["late"][later]))


def test_a_target_that_varies_late_is_scaled_by_more_than_one_row():
    X, y = table(2 * BEGINNING_ROWS)
    model = regressor().partial_fit(X[:BEGINNING_ROWS], np.zeros(BEGINNING_ROWS))
    model.partial_fit(X[:1], [1e-9])
    for _ in range(40):
        model.partial_fit(X, y)
    np.testing.assert_allclose(model._model.task.scaler.scale, y.std(), rtol=0.05)
    assert model._model.task.scaler.late is None
    assert model.score(X, y) > 0.8


def test_a_call_without_a_row_that_counts_says_so():
    X, y = table(100)
    model = DNNClassifier((4,), class_weight={0: 0, 1: 1}).partial_fit(X, y > 5, classes=[0, 1])
    with pytest.raises(ValueError, match=r"Sample weights times class_weight.*not all zero"):
        model.partial_fit(X, np.zeros(100, dtype=int))


@pytest.mark.parametrize(
    "wrong", [{"alpha": -1}, {"batch_size": 0}, {"max_iter": 0}, {"dtype": "int8"}, {"loss": "x"}]
)
def test_parameters_are_checked_in_every_call(wrong):
    X, y = np.arange(20.0)[:, None], np.arange(20) % 2
    model = DNNClassifier((3,), random_state=0).partial_fit(X, y, classes=[0, 1])
    (name,) = wrong
    with pytest.raises(ValueError, match=f"The '{name}' parameter of DNNClassifier must be"):
        model.set_params(**wrong).partial_fit(X, y)
