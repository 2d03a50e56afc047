"""The fitted model predicts without its estimator, with the same bits."""

import pickle
import subprocess
import sys
import weakref

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_array, csr_array
from sklearn.metrics import make_scorer

from skdnn import DNNClassifier, DNNRegressor, Quantile
from skdnn.estimators import _model
from skdnn.estimators._inputs import TableInputs
from skdnn.tabular.encoder import TableEncoder

rng = np.random.default_rng(0)
X = rng.normal(size=(150, 4))
TABLE = pd.DataFrame(X, columns=list("abcd")).assign(e=np.arange(150) % 5)
TABLE["e"] = TABLE["e"].map({0: "v", 1: "w", 2: "x", 3: "y", 4: None})
y = X[:, 0] + X[:, 1]
SMALL = {"hidden_layer_sizes": (5,), "max_iter": 3, "n_members": 2, "random_state": 0}


def assert_same(found, expected):
    np.testing.assert_array_equal(found, expected, strict=True)


@pytest.mark.parametrize("table", [X, TABLE, csr_array(X)], ids=["array", "frame", "sparse"])
@pytest.mark.parametrize(
    "targets", [y > 0, np.digitize(y, [-1, 1]), np.c_[y > 0, X > 0].astype(int), y > 9]
)
def test_of_a_classifier(table, targets):
    estimator = DNNClassifier(**SMALL).fit(table, targets)
    model = pickle.loads(pickle.dumps(estimator._model))
    assert_same(model.predict(table), estimator.predict(table))
    assert_same(model.predict_proba(table), estimator.predict_proba(table))
    assert_same(model.task.decision(model.predict_raw(table)), estimator.decision_function(table))


@pytest.mark.parametrize("table", [X, TABLE, csr_array(X)], ids=["array", "frame", "sparse"])
@pytest.mark.parametrize("loss", ["squared_error", "poisson", Quantile([0.1, 0.6])])
def test_of_a_regressor(table, loss):
    targets = np.exp(np.c_[y, -y]) if loss == "poisson" else np.c_[y, -y]
    estimator = DNNRegressor(loss=loss, **SMALL).fit(table, targets)
    model = pickle.loads(pickle.dumps(estimator._model))
    assert_same(model.predict(table), estimator.predict(table))
    if isinstance(loss, Quantile):
        assert_same(model.predict_quantiles(table), estimator.predict_quantiles(table))
    members = [model.part(slice(i, i + 1)).predict(table) for i in (0, 1)]
    np.testing.assert_allclose(
        np.std(members, axis=0), estimator.predict(table, return_std=True)[1]
    )


def test_in_another_process(tmp_path):
    estimator = DNNRegressor(**SMALL).fit(TABLE, y)
    (tmp_path / "model").write_bytes(pickle.dumps((estimator._model, TABLE)))
    code = "import pickle, sys\nmodel, X = pickle.load(open(sys.argv[1], 'rb'))\n"
    code += "print(model.predict(X).tobytes().hex())"
    command = [sys.executable, "-c", code, str(tmp_path / "model")]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert bytes.fromhex(found) == estimator.predict(TABLE).tobytes()


def test_parts_that_do_not_belong_together():
    model = DNNRegressor(**SMALL).fit(TABLE, y)._model
    single = DNNRegressor(**{**SMALL, "n_members": 1}).fit(TABLE, y)._model
    with pytest.raises(ValueError, match="1 members, but there are inputs for 2"):
        _model.FittedModel(model.inputs, single.network, model.task).check()


def test_a_snapshot_stays():
    estimator = DNNRegressor(warm_start=True, **SMALL).fit(X, y)
    snapshot = estimator._model.snapshot()
    before = snapshot.predict(X)
    estimator._network.values[...] = 0
    assert_same(snapshot.predict(X), before)


@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_a_table_is_encoded_once_in_a_fit(cls, monkeypatch):
    calls = []
    transform = TableEncoder.transform

    def spy(self, *args):
        calls.append(args)
        return transform(self, *args)

    monkeypatch.setattr(TableEncoder, "transform", spy)
    cls(early_stopping=True, **SMALL).fit(TABLE, y > 0 if cls is DNNClassifier else y)
    assert len(calls) == 1


def test_the_table_of_float64_is_gone_before_bins_are_made(monkeypatch):
    """Where the network is of float32: the table in both is twice as large as the bins."""
    tables, alive = [], []
    transform, features_of = TableEncoder.transform, TableInputs.features_of

    def transform_spy(self, *args):
        table = transform(self, *args)
        tables.append(weakref.ref(table.numeric))
        return table

    def features_spy(self, table, dtype):
        assert table.numeric.dtype == np.float32
        alive.extend(ref() is not None for ref in tables)
        return features_of(self, table, dtype)

    monkeypatch.setattr(TableEncoder, "transform", transform_spy)
    monkeypatch.setattr(TableInputs, "features_of", features_spy)
    DNNRegressor(dtype="float32", **SMALL).fit(TABLE, y)
    assert alive == [False]


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("table", [X, TABLE], ids=["array", "frame"])
def test_blocks_of_rows_have_the_same_bits(table, n_jobs, monkeypatch):
    estimator, sizes = DNNClassifier(**SMALL).fit(table, y > 0).set_params(n_jobs=n_jobs), []
    expected = estimator.predict_proba(table)
    features_of = TableInputs.features_of

    def spy(self, table, dtype):
        sizes.append(len(table.codes))
        return features_of(self, table, dtype)

    monkeypatch.setattr(TableInputs, "features_of", spy)
    monkeypatch.setattr(_model, "BLOCK_VALUES", 1)
    monkeypatch.setattr(_model, "LEAST_ROWS", 40)
    assert_same(estimator.predict_proba(table), expected)
    assert sorted(sizes) == [30, 40, 40, 40]


def test_sparse_rows_of_a_model_of_dense_ones_are_made_dense_in_blocks(monkeypatch):
    """Except for categories; a warning of overflow reads the rows that overflow alone."""
    params = {**SMALL, "feature_scaling": "standard", "numeric_embedding": None, "n_members": 1}
    estimator, sizes = DNNRegressor(**params, dtype="float32").fit(X, y), []
    transform = TableEncoder.transform

    def spy(self, X, *args):
        sizes.append(len(X))
        return transform(self, X, *args)

    far = X.copy()
    far[7, 2] = 3e38
    estimator._network.values[...] = 2
    with pytest.warns(UserWarning, match="column 2"):
        expected = estimator.predict(far)
    monkeypatch.setattr(_model, "BLOCK_VALUES", 1)
    monkeypatch.setattr(_model, "LEAST_ROWS", 40)
    monkeypatch.setattr(TableEncoder, "transform", spy)
    with pytest.warns(UserWarning, match=r"for 1 row\(s\) overflow.* column 2"):
        assert_same(estimator.predict(csr_array(far)), expected)
    assert sorted(sizes) == [1, 30, 40, 40, 40]
    assert_same(estimator._model.predict(coo_array(X)), estimator.predict(X))
    coded = np.digitize(X, [0.0])
    estimator = DNNRegressor(categorical_features=[1], **SMALL).fit(coded, y)
    assert_same(estimator.predict(csr_array(coded)), estimator.predict(coded))
    with pytest.warns(UserWarning, match="known category") as caught:
        estimator.predict(csr_array(coded + 5))
    assert len(caught) == 1


def test_an_error_in_a_block_is_an_error(monkeypatch):
    estimator = DNNClassifier(**SMALL, n_jobs=2).fit(TABLE, y > 0)
    monkeypatch.setattr(_model, "BLOCK_VALUES", 1)
    monkeypatch.setattr(_model, "LEAST_ROWS", 40)
    monkeypatch.setattr(estimator._model.network, "values", np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="values of shape"):
        estimator.predict(TABLE)


def test_a_scorer_is_answered_from_the_predictions_of_the_epoch(monkeypatch):
    """Held-out rows are neither encoded nor predicted a second time."""

    def scorer(estimator, X, y):
        scores.append((estimator.predict(X), y))
        return -np.abs(estimator.predict(X) - y).mean()

    def refuse(*args):
        raise AssertionError("predicted again")

    scores = []
    params = {**SMALL, "n_members": 1, "early_stopping": True, "validation_fraction": 0.2}
    expected = DNNRegressor(scoring="neg_mean_absolute_error", **params).fit(TABLE, y)
    monkeypatch.setattr(_model.FittedModel, "predict_encoded", refuse)
    model = DNNRegressor(scoring=scorer, **params).fit(TABLE, y)
    assert model.validation_scores_ == expected.validation_scores_
    assert len(scores) == 3


def test_a_scorer_may_ask_for_other_rows():
    seen = []

    def scorer(estimator, X, y):
        seen.append(estimator.predict(X[:7]))
        np.testing.assert_array_equal(seen[-1], estimator.predict(X)[:7])
        return make_scorer(lambda y, p: -np.abs(y - p).max())(estimator, X, y)

    params = {**SMALL, "early_stopping": True}
    DNNRegressor(scoring=scorer, **params).fit(TABLE, y)
    assert len(seen) == 6
    assert not np.array_equal(seen[0], seen[-1])
