"""The estimators for Dask collections, on a cluster of two processes."""

import pickle
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from lazy import lazy_table, mixed_table, rows_on_workers
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

from distributed import Client  # noqa: E402

import skdnn  # noqa: E402
from skdnn import DNNClassifier, DNNRegressor, Quantile  # noqa: E402
from skdnn.distributed import DaskDNNClassifier, DaskDNNRegressor  # noqa: E402

CLASSES = [(DaskDNNClassifier, DNNClassifier), (DaskDNNRegressor, DNNRegressor)]
FAST = {"hidden_layer_sizes": (16,), "max_iter": 4, "random_state": 0}


def numbers(n_rows=300):
    X = np.random.default_rng(0).normal(size=(n_rows, 3))
    return X, X[:, 0] + X[:, 1] ** 2


@pytest.fixture(scope="module")
def fitted():
    """A classifier that is fitted in memory: predictions need no cluster."""
    X, y = mixed_table()
    return DaskDNNClassifier(**FAST).fit(X, y), X, y


# ---------------------------------------------------------------- conventions of scikit-learn


@pytest.mark.parametrize(("lazy", "plain"), CLASSES)
def test_parameters_are_those_of_the_plain_estimator_and_two(lazy, plain):
    assert lazy().get_params() == {
        **plain().get_params(),
        "client": None,
        "on_worker_lost": "raise",
    }


@pytest.mark.parametrize(("lazy", "plain"), CLASSES)
def test_parameters_are_set_and_shown_as_usual(lazy, plain):
    model = lazy((5,), max_iter=3).set_params(on_worker_lost="continue")
    assert (model.hidden_layer_sizes, model.max_iter) == ((5,), 3)
    assert repr(model).startswith(f"{lazy.__name__}(hidden_layer_sizes=(5,), max_iter=3")
    assert "on_worker_lost" in model._repr_html_()
    with pytest.raises(TypeError, match="unexpected keyword argument 'depth'"):
        lazy(depth=3)
    with pytest.raises(ValueError, match="The 'on_worker_lost' parameter"):
        lazy(on_worker_lost="ignore").fit(*numbers(20))


def test_a_clone_has_the_same_client(client):
    model = DaskDNNRegressor(client=client, **FAST)
    assert clone(model).client is client
    assert clone(model).get_params() == model.get_params()


@pytest.mark.parametrize(("lazy", "plain"), CLASSES)
def test_presets_are_those_of_the_plain_estimator(lazy, plain):
    assert lazy.preset("mlp")._local().get_params() == plain.preset("mlp").get_params()


# ---------------------------------------------------------------- fit


@pytest.mark.parametrize(("lazy", "plain"), CLASSES)
def test_one_partition_is_the_local_fit_to_the_bit(client, lazy, plain):
    X, y = mixed_table()
    if lazy is DaskDNNRegressor:
        y = (y == "yes") * X["size"]
    weights = np.arange(400) % 3.0
    lazy_X, lazy_y, lazy_weights = lazy_table(X, y, 1, weights=weights)
    model = lazy(**FAST).fit(lazy_X, lazy_y, lazy_weights)
    local = plain(**FAST).fit(X, y, weights)
    for found, expected in zip(model.coefs_, local.coefs_, strict=True):
        for each in zip(found, expected, strict=True):
            assert np.array_equal(*each)
    assert model.loss_curve_ == local.loss_curve_
    assert np.array_equal(model.predict(lazy_X).compute(), local.predict(X))


def test_partitions_of_one_worker_are_the_local_fit_too(client):
    """All rows are on one worker: nothing is averaged."""
    X, y = numbers()
    one = sorted(client.nthreads())[:1]
    lazy_X, lazy_y = client.persist(
        [da.from_array(X, chunks=(100, 3)), da.from_array(y, chunks=100)], workers=one
    )
    model = DaskDNNRegressor(**FAST).fit(lazy_X, lazy_y)
    assert np.array_equal(model.predict(X), DNNRegressor(**FAST).fit(X, y).predict(X))


@pytest.fixture(scope="module")
def tables():
    """Rows of a table in one partition and in several, known and unknown categories."""
    X, y = mixed_table(600)
    return X, y


def test_two_workers_learn_a_table(client, tables):
    X, y = tables
    lazy_X, lazy_y = lazy_table(X, y)
    model = DaskDNNClassifier(max_iter=15, random_state=0).fit(lazy_X, lazy_y)
    local = DNNClassifier(max_iter=15, random_state=0).fit(X, y)
    assert model.score(lazy_X, lazy_y) > local.score(X, y) - 0.05
    assert model.classes_.tolist() == ["no", "yes"]
    assert model.feature_names_in_.tolist() == list(X.columns)
    assert model.is_categorical_.tolist() == [False, False, True, True]
    assert model.n_features_in_ == 4
    assert len(model.loss_curve_) == len(model.history_["loss"]) == 15


def test_rows_that_a_shuffle_sends_from_worker_to_worker(client, tables):
    X, y = tables
    whole = dd.from_pandas(X.assign(label=y), npartitions=4)
    names = dd.from_pandas(pd.DataFrame({"city": ["Bonn", "Rome", "Oslo"], "n": range(3)}), 2)
    for rows in (whole.set_index("size", drop=False), whole.merge(names, on="city")):
        model = DaskDNNClassifier(max_iter=15, random_state=0)
        model.fit(rows[list(X.columns)], rows["label"])
        assert model.score(X, y) > 0.8


def test_the_same_partitions_give_the_same_bits(client, tables):
    lazy_X, lazy_y = client.persist(list(lazy_table(*tables)))
    models = [DaskDNNClassifier(**FAST).fit(lazy_X, lazy_y) for _ in range(2)]
    first, second = (model.predict_proba(tables[0]) for model in models)
    assert np.array_equal(first, second)


def test_arrays_with_unknown_chunks_and_multiple_targets(client):
    X, y = numbers()
    frame = dd.from_pandas(pd.DataFrame(np.c_[X, y, -y]), npartitions=4)
    values = frame.values
    model = DaskDNNRegressor(**{**FAST, "max_iter": 30}).fit(values[:, :3], values[:, 3:])
    assert model.predict(X).shape == (300, 2)
    assert model.score(values[:, :3], values[:, 3:]) > 0.5


def test_a_class_that_only_one_worker_has(client):
    X, y = mixed_table(400)
    y[X.index[X["size"] > 1.5][-5:]] = "rare"
    y[:200] = y[:200].replace("rare", "yes")
    lazy_X, lazy_y = lazy_table(X, y, 2)
    model = DaskDNNClassifier(**FAST).fit(lazy_X, lazy_y)
    assert model.classes_.tolist() == ["no", "rare", "yes"]
    assert model.predict_proba(X).shape == (400, 3)


def test_partitions_of_unequal_size_and_empty_ones(client):
    X, y = numbers(400)
    sizes = (300, 0, 60, 40)
    chunks = (sizes, (3,))
    lazy_X, lazy_y = da.from_array(X, chunks=chunks), da.from_array(y, chunks=(sizes,))
    model = DaskDNNRegressor(**{**FAST, "max_iter": 20}).fit(lazy_X, lazy_y)
    assert model.score(X, y) > 0.5


def test_a_worker_with_few_rows_gives_them_to_another(client):
    """Two rows are too few to train on."""
    X, y, _ = rows_on_workers(client, (40, 2))
    model = DaskDNNRegressor(**FAST).fit(X, y)
    expected = DNNRegressor(**FAST).fit(X.compute(), y.compute())
    assert np.array_equal(model.predict(np.ones((1, 3))), expected.predict(np.ones((1, 3))))


def test_a_small_share_is_told(client):
    X, y, addresses = rows_on_workers(client, (489, 11))
    message = rf"The worker {addresses[1]} has 11 rows, the mean is 250\."
    with pytest.warns(UserWarning, match=message):
        DaskDNNRegressor(**FAST).fit(X, y)


@pytest.mark.parametrize("n_partitions", [1, 4])
def test_validation_rows_reach_all_workers(client, tables, n_partitions):
    X, y = tables
    val_X, val_y = lazy_table(X[:100], y[:100], n_partitions)
    model = DaskDNNClassifier(**FAST).fit(*lazy_table(X, y), X_val=val_X, y_val=val_y)
    assert len(model.validation_scores_) == 4
    assert model.best_validation_score_ > 0.5


def test_validation_rows_may_be_in_memory(client, tables):
    X, y = tables
    model = DaskDNNClassifier(**FAST).fit(*lazy_table(X, y), X_val=X[:50], y_val=y[:50])
    assert len(model.validation_loss_curve_) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_val": None}, "X_val is given without y_val"),
        ({"X_val": None}, "y_val is given without X_val"),
        ({"X_val": None, "y_val": None, "sample_weight_val": np.ones(50)}, "sample_weight_val is"),
    ],
)
def test_incomplete_validation_rows_are_refused(client, tables, change, message):
    X, y = tables
    given = {"X_val": X[:50], "y_val": y[:50], **change}
    with pytest.raises(ValueError, match=message):
        DaskDNNClassifier(**FAST).fit(*lazy_table(X, y), **given)


def test_warnings_of_the_training_arrive(client):
    X, y = mixed_table(300)
    X["name"] = [f"n{i}" for i in range(300)]
    with pytest.warns(UserWarning, match="'name'"):
        DaskDNNClassifier(**FAST).fit(*lazy_table(X, y))


def test_the_random_state_none_is_the_same_for_all_workers(client, tables):
    model = DaskDNNClassifier(**{**FAST, "random_state": None}).fit(*lazy_table(*tables))
    assert model.random_state is None
    assert model.n_iter_ == 4


# ---------------------------------------------------------------- bad input


def test_bad_data_raise_what_the_plain_estimator_raises(client):
    X, y = mixed_table(100)
    with pytest.raises(ValueError, match=r"Partition 1: Input y contains NaN.*\n*"):
        DaskDNNClassifier(**FAST).fit(*lazy_table(X, y.where(y.index != 60), 2))
    X["day"] = pd.Timestamp("2020-01-01")
    with pytest.raises(TypeError, match="Column 'day' holds dates"):
        DaskDNNClassifier(**FAST).fit(*lazy_table(X, y, 2))


def test_different_numbers_of_rows_are_refused(client):
    X, y = numbers(20)
    frame = dd.from_pandas(pd.DataFrame(X), npartitions=2)
    with pytest.raises(ValueError, match="Partition 0: X has 10 rows, but y has 20"):
        DaskDNNRegressor(**FAST).fit(
            frame.values, dd.from_pandas(pd.Series(np.r_[y, y]), npartitions=2).values
        )


def test_rows_without_any_weight_are_refused(client):
    X, y = numbers(20)
    X, y = da.from_array(X, chunks=(10, 3)), da.from_array(y, chunks=10)
    with pytest.raises(ValueError, match="all are zero"):
        DaskDNNRegressor(**FAST).fit(X, y, da.zeros(20, chunks=10))
    with pytest.raises(ValueError, match="all partitions of X are empty"):
        DaskDNNRegressor(**FAST).fit(X[:0], y[:0])


@pytest.mark.parametrize(
    ("parameters", "arguments", "message"),
    [
        ({"warm_start": True}, {}, "warm_start is not available"),
        ({}, {"groups": [1]}, "groups are not available"),
        ({"scoring": "no such score"}, {}, "no such score"),
        ({"client": 3}, {}, "client must be"),
    ],
)
def test_what_is_not_available_is_refused(parameters, arguments, message):
    X, y = da.ones((20, 2), chunks=(10, 2)), da.ones(20, chunks=10)
    with pytest.raises(ValueError, match=message):
        DaskDNNRegressor(**{**FAST, **parameters}).fit(X, y, **arguments)


def test_without_a_client_the_error_says_how_to_make_one():
    X, y = da.ones((20, 2), chunks=(10, 2)), da.ones(20, chunks=10)
    with pytest.raises(ValueError, match=r"There is no Dask client\. Make one"):
        DaskDNNRegressor(**FAST).fit(X, y)


def test_a_closed_client_is_refused(cluster):
    X, y = da.ones((20, 2), chunks=(10, 2)), da.ones(20, chunks=10)
    with Client(cluster, set_as_default=False) as closed:
        pass
    with pytest.raises(ValueError, match="Client that is not closed"):
        DaskDNNRegressor(**FAST, client=closed).fit(X, y)


def test_a_failed_fit_changes_nothing(client, tables):
    X, y = tables
    model = DaskDNNClassifier(**FAST).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="Partition 0"):
        model.fit(*lazy_table(X.iloc[:, :2], y.where(y.index > 3)))
    assert np.array_equal(model.predict_proba(X), before)


def test_a_new_fit_replaces_all_attributes(client, tables):
    model = DaskDNNRegressor(**FAST).fit(tables[0], tables[0]["size"])
    X, y = numbers()
    model.fit(da.from_array(X, chunks=(300, 3)), da.from_array(y, chunks=300))
    assert model.n_features_in_ == 3
    assert not hasattr(model, "feature_names_in_")


def test_partial_fit_takes_rows_in_memory():
    X, y = numbers(50)
    model = DaskDNNRegressor(**FAST).partial_fit(X, y)
    assert model.n_iter_ == 1
    with pytest.raises(TypeError, match="partial_fit takes rows in memory"):
        model.partial_fit(da.from_array(X), y)


# ---------------------------------------------------------------- predictions


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba",
                                    "decision_function", "predict_set"])  # fmt: skip
def test_lazy_predictions_of_a_frame_have_its_index(fitted, method):
    model, X, y = fitted
    X = X.set_index(np.arange(400) + 7)
    found = getattr(model, method)(lazy_table(X, y)[0])
    expected = getattr(model.to_local(), method)(X)
    assert isinstance(found, dd.Series if expected.ndim == 1 else dd.DataFrame)
    computed = found.compute(scheduler="sync")
    assert computed.index.equals(X.index)
    assert np.array_equal(computed, expected)
    if expected.ndim == 2:
        assert list(found.columns) == list(computed.columns) == ["no", "yes"]
        assert (found.dtypes == computed.dtypes).all()
    else:
        assert found.dtype == computed.dtype


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # of Dask
def test_predicted_text_can_be_written_to_parquet(fitted, tmp_path):
    model, X, y = fitted
    with dask.config.set(scheduler="sync"):
        model.predict(lazy_table(X, y)[0]).to_frame("label").to_parquet(tmp_path)
    assert np.array_equal(pd.read_parquet(tmp_path)["label"], model.predict(X))


def test_columns_of_several_targets_are_numbered():
    X, y = mixed_table()
    targets = np.c_[y, X["city"]].astype(object)
    model = DaskDNNClassifier(**FAST).fit(X, targets)
    found = model.predict(lazy_table(X, y)[0])
    assert list(found.columns) == [0, 1]
    assert np.array_equal(found.compute(scheduler="sync"), model.predict(X))


def test_labels_that_are_not_all_text_are_objects():
    X, y = mixed_table()
    model = DaskDNNClassifier(**FAST).fit(X, np.where(y == "yes", True, False).astype(object))
    assert model.predict(lazy_table(X, y)[0]).dtype == model.classes_.dtype


def test_lazy_predictions_of_arrays():
    X, y = numbers()
    model = DaskDNNRegressor(**FAST, loss=Quantile([0.1, 0.5, 0.9])).fit(X, y)
    lazy_X = da.from_array(X, chunks=(70, 2))
    for method in ("predict", "predict_interval", "predict_quantiles"):
        found = getattr(model, method)(lazy_X)
        expected = getattr(model.to_local(), method)(X)
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        assert np.array_equal(found.compute(scheduler="sync"), expected)


def test_intervals_and_quantiles_of_frames():
    X, y = numbers()
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    lazy_X = dd.from_pandas(frame, npartitions=3)
    model = DaskDNNRegressor(**FAST).fit(frame, y)
    interval = model.predict_interval(lazy_X, coverage=0.8)
    assert list(interval.columns) == ["lower", "upper"]
    expected = model.to_local().predict_interval(frame, coverage=0.8)
    assert np.array_equal(interval.compute(scheduler="sync"), expected)
    several = DaskDNNRegressor(**FAST, loss=Quantile([0.1, 0.9])).fit(frame, np.c_[y, -y])
    quantiles = several.predict_quantiles(lazy_X)
    assert quantiles.ndim == 3
    expected = several.predict_quantiles(frame)
    assert np.array_equal(quantiles.compute(scheduler="sync"), expected)


def test_quantiles_need_a_loss_of_quantiles():
    assert not hasattr(DaskDNNRegressor(), "predict_quantiles")


def test_deviations_of_members():
    X, y = numbers()
    model = DaskDNNRegressor(**FAST).fit(X, y)
    found = model.predict(da.from_array(X, chunks=(100, 3)), return_std=True)
    expected = model.predict(X, return_std=True)
    for lazy, each in zip(found, expected, strict=True):
        assert np.array_equal(lazy.compute(scheduler="sync"), each)


def test_empty_partitions_are_predicted_as_such(fitted):
    model, X, y = fitted
    lazy_X = lazy_table(X, y)[0]
    some = lazy_X[lazy_X["size"] > X["size"].nlargest(2).iloc[-1] - 1e-9]
    assert (some.map_partitions(len).compute(scheduler="sync") == 0).any()
    assert model.predict_proba(some).compute(scheduler="sync").shape == (2, 2)


def test_nothing_is_computed_before_it_is_asked_for(fitted):
    model, X, y = fitted

    def fail(part):
        raise AssertionError

    lazy_X = lazy_table(X, y)[0]
    lazy_X = lazy_X.map_partitions(fail, meta=lazy_X._meta)
    lazy = model.predict(lazy_X)
    with pytest.raises(AssertionError):
        lazy.compute(scheduler="sync")


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_other_columns_are_refused_at_once(fitted, method):
    model, X, y = fitted
    with pytest.raises(ValueError, match="feature names should match"):
        getattr(model, method)(lazy_table(X.rename(columns={"age": "years"}), y)[0])
    with (
        pytest.warns(UserWarning, match="valid feature names"),
        pytest.raises(ValueError, match="expecting 4 features"),
    ):
        getattr(model, method)(da.ones((5, 3)))


def test_without_a_fit_there_are_no_predictions():
    with pytest.raises(NotFittedError):
        DaskDNNClassifier().predict(da.ones((5, 3)))


# ---------------------------------------------------------------- the plain estimator


@pytest.mark.parametrize(("lazy", "plain"), CLASSES)
def test_to_local_is_the_plain_estimator(lazy, plain):
    X, y = numbers()
    y = y if lazy is DaskDNNRegressor else y > 0
    model = lazy(**FAST).fit(X, y)
    local = model.to_local()
    assert type(local) is plain
    assert local.get_params() == plain(**FAST).get_params()
    assert np.array_equal(local.predict(X), model.predict(X))
    again = pickle.loads(pickle.dumps(local))
    assert np.array_equal(again.predict(X), model.predict(X))


def test_pickles_have_no_client(client, fitted):
    model, X, _ = fitted
    model = clone(model).set_params(client=client).fit(*fitted[1:])
    again = pickle.loads(pickle.dumps(model))
    assert again.client is None
    assert model.client is client
    assert np.array_equal(again.predict(X), model.predict(X))


def test_a_saved_model_is_the_plain_one(fitted):
    model, X, _ = fitted
    file = BytesIO()
    model.save(file)
    file.seek(0)
    loaded = skdnn.load(file)
    assert type(loaded) is DNNClassifier
    assert np.array_equal(loaded.predict(X), model.predict(X))


def test_data_in_memory_are_fitted_as_by_the_plain_estimator(fitted):
    model, X, y = fitted
    expected = DNNClassifier(**FAST).fit(X, y)
    assert np.array_equal(model.predict_proba(X), expected.predict_proba(X))
    assert model.score(X, y) == expected.score(X, y)


def test_a_search_with_data_in_memory(client):
    X, y = numbers(100)
    search = GridSearchCV(DaskDNNRegressor(**FAST, client=client), {"max_iter": [1, 8]}, cv=2)
    search.fit(X, y)
    assert search.best_params_ == {"max_iter": 8}
    assert search.best_estimator_.client is client
