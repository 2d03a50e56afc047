"""Where two features meet."""

import numpy as np
import pandas as pd
import pytest
from engines import replace_entry
from mlp import mlp_classifier, mlp_regressor
from scipy import sparse
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import PredefinedSplit
from sklearn.preprocessing import scale

from skdnn import Huber, Quantile

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


def test_ctrl_c_in_the_first_epoch_with_recorded_rows(monkeypatch):
    X, y = diabetes()

    def call(*args):
        raise KeyboardInterrupt

    replace_entry(monkeypatch, "train_epoch", call)
    with pytest.warns(UserWarning, match="interrupted"):
        model = mlp_regressor((3,)).fit(X, y, X_val=X, y_val=y)
    assert model.n_iter_ == 0
    assert np.isnan(model.best_validation_score_)


@pytest.mark.parametrize("later", ["partial_fit", "fit"])
def test_curves_fit_a_frame(later):
    X, y = diabetes()
    model = mlp_regressor((3,), max_iter=2, warm_start=True)
    if later == "partial_fit":
        model.fit(X, y, X_val=X, y_val=y).partial_fit(X, y)
    else:
        model.fit(X, y).fit(X, y, X_val=X, y_val=y)
    assert len(pd.DataFrame(model.history_)) == len(model.loss_curve_)


def test_a_splitter_and_rows_without_weight():
    X, y = diabetes()
    weights, fold = np.ones(len(y)), np.where(np.arange(len(y)) % 5, -1, 0)
    weights[:50] = 0
    model = mlp_regressor((3,), max_iter=1, early_stopping=True)
    model.set_params(validation_fraction=PredefinedSplit(fold)).fit(X, y, weights)
    assert model.t_ == ((fold < 0) & (weights > 0)).sum()


def test_counts_that_are_mostly_zero_can_be_held_out():
    X, _ = diabetes()
    y = np.where(np.arange(len(X)) == 5, 3, 0)
    model = mlp_regressor((3,), loss="poisson", max_iter=1, early_stopping=True, random_state=0)
    assert len(model.fit(X, y).validation_scores_) == 1


def test_counts_that_are_zero_in_a_part():
    X, _ = diabetes()
    y = np.arange(len(X)) % 3
    model = mlp_regressor((3,), loss="poisson", max_iter=1).partial_fit(X, y)
    model.partial_fit(X[:1], y[:1])
    model.fit(X, y, X_val=X[::3], y_val=y[::3])
    assert np.isfinite(model.validation_loss_curve_).all()


def test_a_callable_with_class_weights_and_no_sample_weights():
    X, y = load_iris(return_X_y=True)

    def scorer(estimator, X, y):
        return estimator.score(X, y)

    model = mlp_classifier((3,), max_iter=2, early_stopping=True, class_weight="balanced")
    assert len(model.set_params(scoring=scorer).fit(X, y).validation_scores_) == 2


@pytest.mark.parametrize("method", ["fit", "predict"])
def test_a_sparse_array_with_room_to_spare_is_not_changed(method):
    X, y = diabetes()
    S = sparse.csr_array(X)
    S.data, S.indices = np.append(S.data, 9.0), np.append(S.indices, S.indices[:1])
    size = S.data.size
    model = mlp_regressor((3,), max_iter=1)
    if method == "predict":
        model.fit(X, y).predict(S)
    else:
        model.fit(S, y)
    assert S.data.size == size


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_batch_normalization_of_rows_that_hardly_count(dtype):
    X, y = diabetes()
    weights = np.ones(len(y))
    weights[:200] = 1e-60 if dtype == "float32" else 5e-324
    params = {"dtype": dtype, "shuffle": False, "batch_size": 50, "max_iter": 2}
    model = mlp_regressor((3,), normalization="batch", **params).fit(X, y, weights * 1.5)
    assert np.isfinite(model.predict(X)).all()


def test_names_in_messages():
    X, y = diabetes()
    with pytest.raises(ValueError, match="validation_fraction"):
        mlp_regressor((3,), validation_fraction=0.0, early_stopping=True).fit(
            X, y, groups=np.arange(len(y)) // 5
        )
    with pytest.raises(ValueError, match="validation_fraction"):
        mlp_regressor((3,), early_stopping=True).fit(X, y, groups=np.zeros(len(y)))


def test_names_of_the_weights():
    X, y = diabetes()
    with pytest.raises(ValueError, match="sample_weight_val"):
        mlp_regressor((3,)).fit(X, y, X_val=X, y_val=y, sample_weight_val=np.ones(3))


def test_a_scalar_in_a_message():
    X, _ = diabetes()
    with pytest.raises(ValueError, match=r"contains -1\."):
        mlp_regressor((3,), loss="poisson").fit(X, np.arange(len(X)) - 1)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_scores_that_are_all_nan(early_stopping):
    X, y = diabetes()
    model = mlp_regressor((3,), max_iter=2, early_stopping=early_stopping)
    model.set_params(scoring=lambda model, X, y: np.nan)
    with pytest.warns(UserWarning, match="is not defined .*: the score is not a number"):
        model.fit(X, y, X_val=X, y_val=y)
    losses = np.array(model.validation_loss_curve_)
    np.testing.assert_array_equal(model.validation_scores_, -losses)
    assert model.best_validation_score_ == -losses.min()


# ---------------------------------------------------------------- warm starts


def test_another_score_begins_a_new_search_for_the_best():
    X, y = diabetes()
    model = mlp_regressor((3,), max_iter=8, early_stopping=True, warm_start=True, random_state=0)
    model.fit(X, y).set_params(scoring="neg_root_mean_squared_error").fit(X, y)
    assert model.n_iter_ > 1
    assert model.best_validation_score_ == pytest.approx(
        max(score for score in model.validation_scores_ if score < 0)
    )


def test_another_loss_begins_a_new_search_for_the_best():
    X, y = diabetes()
    model = mlp_regressor((3,), loss=Huber(0.01), max_iter=8, warm_start=True, random_state=0)
    model.fit(X, y).set_params(loss__delta=10.0).fit(X, y + 5)
    assert model.n_iter_ == 8
    assert model.best_loss_ > 1


def test_as_many_outputs_of_another_meaning_are_refused():
    X, y = diabetes()
    model = mlp_regressor((3,), loss=Quantile([0.1, 0.5]), max_iter=1, warm_start=True)
    model.fit(X, np.column_stack([y, y, y])).set_params(loss=Quantile([0.1, 0.5, 0.9]))
    with pytest.raises(ValueError, match="number of quantiles"):
        model.fit(X, np.column_stack([y, y]))


def test_a_rate_that_was_reduced_is_that_of_the_adaptive_schedule_only():
    X, y = diabetes()
    model = mlp_regressor((3,), learning_rate="adaptive", tol=10.0, max_iter=60, warm_start=True)
    model.fit(X, y)
    assert model.history_["learning_rate"][-1] < 0.001
    model.set_params(learning_rate="constant", learning_rate_init=0.1, max_iter=1).fit(X, y)
    assert model.history_["learning_rate"][-1] == 0.1


def test_another_dtype_goes_on_from_the_last_epoch():
    X, y = diabetes()
    params = {"max_iter": 6, "early_stopping": True, "warm_start": True, "random_state": 0}
    predictions = []
    for dtype in ("float64", "float32"):
        model = mlp_regressor((5,), learning_rate_init=0.05, dtype="float64", **params).fit(X, y)
        model.set_params(dtype=dtype, max_iter=3).fit(X, y)
        predictions.append(model.loss_curve_[-1])
    assert predictions[0] == pytest.approx(predictions[1], rel=1e-4)


def test_quantiles_are_those_of_the_fitted_network():
    X, y = diabetes()
    model = mlp_regressor((3,), max_iter=1).fit(X, y).set_params(loss=Quantile([0.1, 0.9]))
    assert not hasattr(model, "predict_quantiles")


# ---------------------------------------------------------------- numbers at the border


def test_predictions_of_a_mean_are_finite():
    X, y = diabetes()
    model = mlp_regressor((3,), loss="poisson", max_iter=3, random_state=0)
    model.fit(X, np.abs(y), X_val=X * 1e6, y_val=np.abs(y))
    assert np.isfinite(model.predict(X * 1e6)).all()


def test_a_gradient_whose_square_overflows_is_clipped():
    X, y = diabetes()
    model = mlp_regressor(
        (), clip_norm=1.0, solver="sgd", momentum=0.0, dtype="float32", max_iter=1, shuffle=False,
        learning_rate_init=0.5, alpha=0.0, batch_size=442, random_state=0,
    )  # fmt: skip
    model.fit(X, y * 1e25)
    start = mlp_regressor(**{**model.get_params(), "learning_rate_init": 1e-30}).fit(X, y * 1e25)
    step = np.concatenate([(model.coefs_[0] - start.coefs_[0]).ravel(),
                           model.intercepts_[0] - start.intercepts_[0]])  # fmt: skip
    assert np.linalg.norm(step) == pytest.approx(0.5, rel=1e-4)


def test_targets_that_are_zero_in_the_dtype_of_the_network():
    X, _ = diabetes()
    y = np.full(len(X), 1e-60)
    with pytest.raises(ValueError, match="'gamma' needs targets above 0 in float32"):
        mlp_regressor((3,), loss="gamma", dtype="float32").fit(X, y)


@pytest.mark.parametrize("name", ["dropout", "input_dropout"])
def test_a_schedule_may_not_raise_a_rate_to_one(name):
    class Triple:
        def factors(self, position):
            return np.full(position.n_steps, 3.0)

    X, y = diabetes()
    with pytest.raises(ValueError, match=r"regularization_schedule=.*dropout rate of 0\.5 to 1\.5"):
        mlp_regressor((3,), regularization_schedule=Triple(), **{name: 0.5}).fit(X, y)


def test_balanced_weights_know_nothing_of_a_class_without_weight():
    X, y = load_iris(return_X_y=True)
    params = {"class_weight": "balanced", "max_iter": 3, "random_state": 0}
    weighted = mlp_classifier((3,), **params).fit(X, y, (y < 2).astype(float))
    assert weighted.classes_.size == 3
    assert np.isfinite(weighted.predict_proba(X)).all()


def test_unsorted_rows_have_the_bits_of_dense_ones():
    X, y = diabetes()
    S = sparse.csr_array(X)
    mixed = sparse.csr_array((S.data.copy(), S.indices.copy(), S.indptr), shape=S.shape)
    for row in range(len(X)):
        part = slice(S.indptr[row], S.indptr[row + 1])
        mixed.data[part], mixed.indices[part] = S.data[part][::-1], S.indices[part][::-1]
    mixed.has_sorted_indices = False
    params = {"max_iter": 2, "random_state": 0}
    a, b = mlp_regressor((3,), **params).fit(X, y), mlp_regressor((3,), **params).fit(mixed, y)
    np.testing.assert_array_equal(a.coefs_[0], b.coefs_[0])
    assert mixed.indices[0] == S.indices[S.indptr[1] - 1]
