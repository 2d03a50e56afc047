"""Rows to validate with: given, held out by a fraction or a splitter, and scored by a name."""

import numpy as np
import pandas as pd
import pytest
from mlp import mlp, mlp_regressor
from numpy_twin import dense_rows
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_linnerud
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import (
    f1_score,
    log_loss,
    mean_absolute_error,
    mean_pinball_loss,
    r2_score,
    roc_auc_score,
)
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler, scale

from skdnn import DNNClassifier, DNNRegressor, Quantile
from skdnn.estimators import _fit

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)

TASKS = ["binary", "multiclass", "regression"]
CLASSIFIERS = ["binary", "multiclass"]


def data(task):
    if task == "regression":
        X, y = load_diabetes(return_X_y=True)
        return scale(X), scale(y)
    if task == "binary":
        X, y = load_breast_cancer(return_X_y=True)
        return scale(X[:400]), np.array(["benign", "malignant"])[y[:400]]
    X, y = load_digits(return_X_y=True)
    return X[:400] / 16, np.array([f"digit {label}" for label in y[:400]])


def parts(task, n_train=250):
    """Rows to train on, rows to validate with."""
    X, y = data(task)
    return (X[:n_train], y[:n_train]), {"X_val": X[n_train:], "y_val": y[n_train:]}


def make(task, **params):
    cls = DNNRegressor if task == "regression" else DNNClassifier
    defaults = {"learning_rate_init": 0.05, "max_iter": 25, "batch_size": 32, "random_state": 0,
                "early_stopping": True, "dtype": "float64"}  # fmt: skip
    return mlp(cls, (10,), **{**defaults, **params})


def bits(model):
    return b"".join(array.tobytes() for array in [*model.coefs_, *model.intercepts_])


def raw(model, X):
    return model.predict(X) if isinstance(model, DNNRegressor) else model.decision_function(X)


@pytest.fixture
def split(monkeypatch):
    """Indices of the rows to train on and of those that are held out, by their first feature."""
    seen = []
    training = _fit.Fit.training_class

    def spy(network, rows, settings, progress, threads, validation, tasks):
        seen[:] = [rows[0], validation.validators[0].rows[0] if validation else None]
        return training(network, rows, settings, progress, threads, validation, tasks)

    monkeypatch.setattr(_fit.Fit, "training_class", staticmethod(spy))

    def indices():
        return [dense_rows(part.features)[:, 0].astype(int).tolist() for part in seen]

    return indices


def numbered(n_rows=60):
    """The first feature is the number of the row."""
    rng = np.random.default_rng(0)
    X = np.column_stack([np.arange(n_rows), rng.normal(size=(n_rows, 2))])
    return X, rng.normal(size=n_rows)


# ---------------------------------------------------------------- given rows


@pytest.mark.parametrize("task", TASKS)
def test_training_stops_by_the_given_rows(task):
    """And the weights of their best epoch are kept, the last one of equal ones."""
    train, val = parts(task)
    model = make(task, n_iter_no_change=3, max_iter=200).fit(*train, **val)
    scores = model.validation_scores_
    assert model.do_early_stopping_
    assert model.n_iter_ == len(scores) < 200
    best = int(np.flatnonzero(np.array(scores) == max(scores))[-1]) + 1
    assert model.best_validation_score_ == max(scores)
    score = model.score(val["X_val"], val["y_val"])
    assert score == pytest.approx(max(scores), rel=1e-12)
    # All rows are trained on, and training up to the best epoch gives the same bits.
    assert model.t_ == model.n_iter_ * 250
    plain = make(task, max_iter=best, early_stopping=False).fit(*train)
    assert bits(plain) == bits(model)
    assert bits(make(task, max_iter=best).fit(*train, **val)) == bits(model)


@pytest.mark.parametrize("task", TASKS)
def test_without_early_stopping_they_are_only_recorded(task):
    train, val = parts(task)
    model = make(task, early_stopping=False).fit(*train, **val)
    plain = make(task, early_stopping=False).fit(*train)
    assert bits(model) == bits(plain)
    assert not model.do_early_stopping_
    assert model.best_loss_ == plain.best_loss_ == min(model.loss_curve_)
    assert len(model.validation_scores_) == len(model.validation_loss_curve_) == model.n_iter_
    assert model.best_validation_score_ == max(model.validation_scores_)
    score = model.score(val["X_val"], val["y_val"])
    assert model.validation_scores_[-1] == pytest.approx(score, rel=1e-12)
    if task == "regression":
        expected = 0.5 * np.mean((model.predict(val["X_val"]) - val["y_val"]) ** 2)
    else:
        expected = log_loss(val["y_val"], model.predict_proba(val["X_val"]))
    assert model.validation_loss_curve_[-1] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("task", TASKS)
def test_weights_of_given_rows(task):
    """An integer is a row so many times, zero is no row."""
    train, val = parts(task)
    weights = np.random.default_rng(0).integers(0, 4, len(val["y_val"]))
    weighted = make(task).fit(*train, **val, sample_weight_val=weights)
    repeated = make(task).fit(*train, **{k: v.repeat(weights, axis=0) for k, v in val.items()})
    plain = make(task).fit(*train, **val)
    np.testing.assert_allclose(weighted.validation_scores_, repeated.validation_scores_, rtol=1e-10)
    np.testing.assert_allclose(
        weighted.validation_loss_curve_, repeated.validation_loss_curve_, rtol=1e-10
    )
    assert bits(weighted) == bits(repeated)
    assert plain.validation_loss_curve_ != weighted.validation_loss_curve_


def test_class_weights_count_in_validation_too():
    train, val = parts("binary")
    per_class = {"benign": 5.0, "malignant": 1.0}
    model = make("binary", class_weight=per_class).fit(*train, **val)
    by_hand = make("binary").fit(
        *train, [per_class[label] for label in train[1]], **val,
        sample_weight_val=[per_class[label] for label in val["y_val"]],
    )  # fmt: skip
    assert model.validation_loss_curve_ == by_hand.validation_loss_curve_
    assert bits(model) == bits(by_hand)


@pytest.mark.parametrize("task", TASKS)
def test_auto(task):
    """With given rows, and with more than a hundred rows."""
    train, val = parts(task)
    auto = make(task, early_stopping="auto")
    given = clone(auto).fit(*train, **val)
    assert given.do_early_stopping_
    assert bits(given) == bits(make(task).fit(*train, **val))
    whole = make(task, early_stopping=False)
    for n_rows, holds_out in ((100, False), (101, True)):
        X, y = (part[:n_rows] for part in train)
        model = clone(auto).fit(X, y)
        assert model.do_early_stopping_ == holds_out
        assert (model.validation_scores_ is not None) == holds_out
        assert bits(model) == bits((make(task) if holds_out else whole).fit(X, y))


@pytest.mark.filterwarnings("ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning")
def test_auto_with_lbfgs_is_as_with_other_solvers():
    train, val = parts("binary")
    auto = make("binary", early_stopping="auto", solver="lbfgs", max_iter=5)
    assert clone(auto).fit(*train).do_early_stopping_
    assert not clone(auto).fit(*(part[:100] for part in train)).do_early_stopping_
    assert clone(auto).fit(*train, **val).do_early_stopping_


def test_several_targets_and_labels():
    X, Y = load_linnerud(return_X_y=True)
    X, Y = scale(X), scale(Y)
    model = make("regression", batch_size=10).fit(X[:12], Y[:12], X_val=X[12:], y_val=Y[12:])
    assert model.best_validation_score_ == pytest.approx(r2_score(Y[12:], model.predict(X[12:])))
    X, y = data("multiclass")
    Y = np.column_stack([y == "digit 1", y > "digit 5"]).astype(int)
    model = make("multiclass").fit(X[:250], Y[:250], X_val=X[250:], y_val=Y[250:])
    assert model.best_validation_score_ == pytest.approx(model.score(X[250:], Y[250:]))


def test_given_rows_may_lack_a_class():
    (X, y), val = parts("multiclass")
    few = val["y_val"] < "digit 3"
    model = make("multiclass").fit(X, y, X_val=val["X_val"][few], y_val=val["y_val"][few])
    assert model.best_validation_score_ == model.score(val["X_val"][few], val["y_val"][few])


@pytest.mark.parametrize("task", TASKS)
def test_frames(task):
    """Names must agree, and do not warn."""
    (X, y), val = parts(task)
    names = [f"x{i}" for i in range(X.shape[1])]
    X_frame, X_val = pd.DataFrame(X, columns=names), pd.DataFrame(val["X_val"], columns=names)
    scoring = "neg_mean_absolute_error" if task == "regression" else "neg_log_loss"
    model = make(task, scoring=scoring).fit(X_frame, y, X_val=X_val, y_val=val["y_val"])
    assert bits(model) == bits(make(task, scoring=scoring).fit(X, y, **val))
    with pytest.raises(ValueError, match=r"X_val.*feature names"):
        make(task).fit(X_frame, y, X_val=X_val[names[::-1]], y_val=val["y_val"])


@pytest.mark.parametrize("task", TASKS)
def test_scaled_in_a_pipeline(task):
    """As if scaled by hand."""
    (X, y), val = parts(task)
    X, X_val = 3 * X + 10, 3 * val["X_val"] + 10
    scaler = StandardScaler().fit(X)
    by_hand = make(task).fit(
        scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=val["y_val"]
    )
    with config_context(enable_metadata_routing=True):
        network = make(task).set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline(
            [("scale", StandardScaler()), ("net", network)], transform_input=["X_val"]
        )
        pipeline.fit(X, y, X_val=X_val, y_val=val["y_val"])
    assert pipeline["net"].validation_scores_ == by_hand.validation_scores_
    assert bits(pipeline["net"]) == bits(by_hand)


def test_groups_and_weights_are_routed():
    X, y = numbered()
    groups, weights = np.arange(60) // 6, np.arange(60) % 3 + 1.0
    model = make("regression", validation_fraction=GroupKFold(5), max_iter=2)
    by_hand = clone(model).fit(X, y, weights, groups=groups)
    with config_context(enable_metadata_routing=True):
        model.set_fit_request(groups=True, sample_weight=True)
        pipeline = Pipeline([("net", model)]).fit(X, y, groups=groups, sample_weight=weights)
    assert bits(pipeline["net"]) == bits(by_hand)


@pytest.mark.parametrize(("change", "message"), [
    (lambda X, y: {"X_val": X}, "X_val is given without y_val"),
    (lambda X, y: {"y_val": y}, "y_val is given without X_val"),
    (lambda X, y: {"sample_weight_val": np.ones(5)}, "sample_weight_val is given without X_val"),
    (lambda X, y: {"X_val": X[:, :3], "y_val": y}, "X_val.*3 features.*expecting"),
    (lambda X, y: {"X_val": X, "y_val": y[:-1]}, "inconsistent numbers of samples"),
    (lambda X, y: {"X_val": X[:0], "y_val": y[:0]}, "X_val.*0 sample"),
    (lambda X, y: {"X_val": X, "y_val": y, "sample_weight_val": -np.ones(len(y))}, "[Nn]egative"),
    (lambda X, y: {"X_val": X, "y_val": y, "sample_weight_val": np.zeros(len(y))}, "non-zero"),
    (lambda X, y: {"X_val": X, "y_val": y, "sample_weight_val": np.ones(3)}, "sample_weight"),
    (lambda X, y: {"X_val": X * np.nan, "y_val": y}, "X_val.*NaN"),
])  # fmt: skip
@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize("task", TASKS)
def test_wrong_rows(task, early_stopping, change, message):
    train, val = parts(task)
    model = make(task, early_stopping=early_stopping)
    before = vars(model).copy()
    with pytest.raises(ValueError, match=message):
        model.fit(*train, **change(*val.values()))
    assert vars(model) == before


def test_unknown_labels():
    train, val = parts("multiclass")
    val["y_val"] = np.where(np.arange(150) == 3, "letter", val["y_val"])
    with pytest.raises(ValueError, match=r"(?s)y_val.*classes not in.*letter"):
        make("multiclass").fit(*train, **val)
    with pytest.raises(ValueError, match=r"y_val.*classes not in"):
        make("multiclass").fit(*train, X_val=val["X_val"], y_val=np.arange(150) % 10)


def test_another_number_of_outputs():
    train, val = parts("regression")
    two = np.column_stack([val["y_val"]] * 2)
    with pytest.raises(ValueError, match=r"y_val has shape \(192, 2\), but y has shape \(250,\)"):
        make("regression").fit(*train, X_val=val["X_val"], y_val=two)
    with pytest.raises(ValueError, match=r"y_val has shape \(192,\), but y has shape \(250, 2\)"):
        make("regression").fit(train[0], np.column_stack([train[1]] * 2), **val)


# ---------------------------------------------------------------- what is held out


def test_groups_stay_together_by_a_splitter(split):
    X, y = numbered()
    groups = np.random.default_rng(1).integers(0, 9, 60)
    make("regression", max_iter=1, validation_fraction=GroupKFold(4)).fit(X, y, groups=groups)
    train, held_out = split()
    assert sorted(train + held_out) == list(range(60))
    assert not set(groups[train]) & set(groups[held_out])
    # The last of its splits.
    np.testing.assert_array_equal(held_out, list(GroupKFold(4).split(X, y, groups))[-1][1])


@pytest.mark.parametrize("fraction", [0.1, 0.3])
def test_groups_stay_together_by_a_fraction(split, fraction):
    X, y = numbered()
    groups = np.array([f"patient {i}" for i in np.arange(60) % 20])
    seen = set()
    for seed in range(4):
        model = make("regression", max_iter=1, validation_fraction=fraction, random_state=seed)
        model.fit(X, y, groups=groups)
        train, held_out = split()
        assert sorted(train + held_out) == list(range(60))
        assert not set(groups[train]) & set(groups[held_out])
        assert len(set(groups[held_out])) == fraction * 20
        seen.add(frozenset(held_out))
    assert len(seen) > 1


def test_groups_of_classes(split):
    X, _ = numbered()
    y = np.array(["a", "b", "c"])[np.arange(60) // 2 % 3]
    groups = np.arange(60) // 6
    make("binary", max_iter=1, validation_fraction=0.2).fit(X, y, groups=groups)
    train, held_out = split()
    assert not set(groups[train]) & set(groups[held_out])
    assert len(held_out) == 12


def test_groups_of_rows_without_weight(split):
    """The groups of the others are still theirs."""
    X, y = numbered()
    groups, weights = np.arange(60) // 6, (np.arange(60) % 4 != 0).astype(float)
    for fraction in (0.2, GroupKFold(5)):
        model = make("regression", max_iter=1, validation_fraction=fraction)
        model.fit(X, y, weights, groups=groups)
        train, held_out = split()
        assert sorted(train + held_out) == np.flatnonzero(weights).tolist()
        assert not set(groups[train]) & set(groups[held_out])


def test_time_series(split):
    """The last rows, in their order."""
    X, y = numbered()
    make("regression", max_iter=1, validation_fraction=TimeSeriesSplit(5)).fit(X, y)
    train, held_out = split()
    assert held_out == list(range(50, 60))
    assert sorted(train) == list(range(50))
    make("regression", max_iter=1, validation_fraction=TimeSeriesSplit(2, test_size=7, gap=3)).fit(
        X, y
    )
    train, held_out = split()
    assert held_out == list(range(53, 60))
    assert sorted(train) == list(range(50))


def test_predefined_and_repeated_splits(split):
    X, y = numbered()
    fold = np.where(np.arange(60) % 7 == 0, 0, -1)
    make("regression", max_iter=1, validation_fraction=PredefinedSplit(fold)).fit(X, y)
    assert split()[1] == np.flatnonzero(fold == 0).tolist()
    splitter = ShuffleSplit(3, test_size=0.25, random_state=4)
    make("regression", max_iter=1, validation_fraction=splitter).fit(X, y)
    assert split()[1] == list(splitter.split(X))[-1][1].tolist()


def test_a_splitter_needs_early_stopping(split):
    X, y = numbered()
    model = make("regression", max_iter=1, early_stopping=False)
    model.set_params(validation_fraction=TimeSeriesSplit(3)).fit(X, y, groups=np.arange(60))
    assert model.t_ == 60
    # Given rows come first.
    model.set_params(early_stopping=True).fit(X, y, X_val=X[:5], y_val=y[:5])
    assert model.t_ == 60
    assert split()[1] == [0, 1, 2, 3, 4]


def test_wrong_groups():
    X, y = numbered()
    with pytest.raises(ValueError, match="'groups' parameter should not be None"):
        make("regression", validation_fraction=GroupKFold(3)).fit(X, y)
    with pytest.raises(ValueError, match="groups must have one item for each of the 60 rows"):
        make("regression").fit(X, y, groups=np.arange(59))


def test_a_split_with_an_empty_side():
    class Nothing:
        def split(self, X, y=None, groups=None):
            yield np.arange(len(X)), np.arange(0)

        def get_n_splits(self, X=None, y=None, groups=None):
            return 1

    X, y = numbered()
    with pytest.raises(ValueError, match=r"validation_fraction=.*60 rows to train on and 0 to val"):
        make("regression", validation_fraction=Nothing()).fit(X, y)


# ---------------------------------------------------------------- scores


def roc_auc(model, X, y):
    if model.classes_.size == 2:
        return roc_auc_score(y, model.predict_proba(X)[:, 1])
    return roc_auc_score(y, model.predict_proba(X), multi_class="ovr")


SCORES = {
    "neg_log_loss": (CLASSIFIERS, lambda m, X, y: -log_loss(y, m.predict_proba(X))),
    "f1_macro": (CLASSIFIERS, lambda m, X, y: f1_score(y, m.predict(X), average="macro")),
    "roc_auc": (["binary"], roc_auc),
    "roc_auc_ovr": (["multiclass"], roc_auc),
    "neg_mean_absolute_error": (
        ["regression"], lambda m, X, y: -mean_absolute_error(y, m.predict(X)),
    ),
    "accuracy": (CLASSIFIERS, lambda m, X, y: m.score(X, y)),
    "r2": (["regression"], lambda m, X, y: m.score(X, y)),
    None: (TASKS, lambda m, X, y: m.score(X, y)),
}  # fmt: skip


@pytest.mark.parametrize(
    ("task", "scoring"), [(task, name) for name in SCORES for task in SCORES[name][0]]
)
def test_names_of_scorers(task, scoring):
    """With labels as the user has them."""
    train, val = parts(task)
    score = SCORES[scoring][1]
    model = make(task, scoring=scoring, max_iter=12, n_iter_no_change=np.inf).fit(*train, **val)
    assert score(model, *val.values()) == pytest.approx(model.best_validation_score_, rel=1e-9)
    best = int(
        np.flatnonzero(np.array(model.validation_scores_) == max(model.validation_scores_))[-1]
    )
    plain = make(task, early_stopping=False, max_iter=best + 1, n_iter_no_change=np.inf)
    assert bits(plain.fit(*train)) == bits(model)
    # The score of every epoch, and by a callable.
    first = make(task, early_stopping=False, max_iter=1).fit(*train)
    assert model.validation_scores_[0] == pytest.approx(score(first, *val.values()), rel=1e-9)
    by_hand = make(task, scoring=score, max_iter=12, n_iter_no_change=np.inf).fit(*train, **val)
    np.testing.assert_allclose(by_hand.validation_scores_, model.validation_scores_, rtol=1e-9)
    # Also of a part that is held out.
    held_out = make(task, scoring=scoring, max_iter=3).fit(*train)
    assert np.isfinite(held_out.validation_scores_).all()


@pytest.mark.parametrize("task", TASKS)
def test_the_loss_as_a_score(task):
    train, val = parts(task)
    model = make(task, scoring="loss").fit(*train, **val)
    np.testing.assert_array_equal(model.validation_scores_, -np.array(model.validation_loss_curve_))
    assert model.best_validation_score_ == -min(model.validation_loss_curve_)
    if task != "regression":
        expected = -log_loss(val["y_val"], model.predict_proba(val["X_val"]))
        assert model.best_validation_score_ == pytest.approx(expected, rel=1e-9)


def test_scorers_are_weighted():
    train, val = parts("regression")
    weights = np.random.default_rng(0).uniform(0, 3, len(val["y_val"]))
    model = make("regression", scoring="neg_mean_absolute_error").fit(
        *train, **val, sample_weight_val=weights
    )
    expected = -mean_absolute_error(
        val["y_val"], model.predict(val["X_val"]), sample_weight=weights
    )
    assert model.best_validation_score_ == pytest.approx(expected, rel=1e-9)


def test_a_callable_sees_a_fitted_estimator():
    """It can use anything that predicts; quantiles, say."""
    train, val = parts("regression")
    seen = []

    def scorer(estimator, X, y):
        seen.append((X, y))
        return -mean_pinball_loss(y, estimator.predict_quantiles(X)[:, 1], alpha=0.9)

    model = make("regression", loss=Quantile([0.1, 0.9]), scoring=scorer).fit(*train, **val)
    assert len(seen) == model.n_iter_
    for X, y in seen:
        np.testing.assert_array_equal(X, val["X_val"])
        np.testing.assert_array_equal(y, val["y_val"])
    assert model.best_validation_score_ == pytest.approx(scorer(model, *val.values()), rel=1e-12)


def test_wrong_scoring():
    train, val = parts("binary")
    with pytest.raises(ValueError, match=r"'scoring' parameter.*Got 'nonsense'"):
        make("binary", scoring="nonsense").fit(*train, **val)
    with pytest.raises(ValueError, match="'scoring' parameter"):
        make("binary", scoring=3).fit(*train, **val)


def test_an_error_of_the_scorer_leaves_no_model():
    train, val = parts("binary")

    def scorer(estimator, X, y):
        raise RuntimeError("no score today")

    model = make("binary", scoring=scorer)
    before = vars(model).copy()
    with pytest.raises(RuntimeError, match="no score today"):
        model.fit(*train, **val)
    assert vars(model) == before


# ---------------------------------------------------------------- the end


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("task", TASKS)
def test_max_time(task, solver):
    """The epoch that has begun is finished."""
    train, _ = parts(task)
    model = make(task, solver=solver, early_stopping=False, max_time=1e-9, max_iter=100)
    with pytest.warns(ConvergenceWarning, match=r"max_time=1e-09 seconds are over after 1 epoch"):
        model.fit(*train)
    assert model.n_iter_ == len(model.loss_curve_) == 1
    with pytest.warns(ConvergenceWarning):
        once = make(task, solver=solver, early_stopping=False, max_iter=1).fit(*train)
    assert bits(model) == bits(once)
    with pytest.raises(ValueError, match="'max_time' parameter"):
        model.set_params(max_time=0).fit(*train)


def test_enough_time_changes_nothing():
    train, val = parts("multiclass")
    limited = make("multiclass", max_time=1e6).fit(*train, **val)
    assert bits(limited) == bits(make("multiclass").fit(*train, **val))


def test_halving_search_over_epochs():
    X, y = data("multiclass")
    search = HalvingGridSearchCV(
        make("multiclass", early_stopping=False, n_iter_no_change=np.inf),
        {"learning_rate_init": [1e-6, 1e-5, 0.02, 1e-4]},
        resource="max_iter", max_resources=8, min_resources=2, factor=2, cv=2, random_state=0,
    ).fit(X, y)  # fmt: skip
    assert search.best_params_["learning_rate_init"] == 0.02
    assert search.n_resources_ == [2, 4, 8]
    assert search.best_estimator_.n_iter_ == 8


def test_grid_search_over_the_hold_out():
    X, y = data("multiclass")
    grid = {
        "validation_fraction": [0.2, ShuffleSplit(1, random_state=0)],
        "scoring": [None, "loss"],
    }
    search = GridSearchCV(make("multiclass", max_iter=3), grid, cv=2).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


# ---------------------------------------------------------------- going on


def test_curves_of_a_resumed_training():
    """A training that goes on with the same rows has whole curves."""
    train, val = parts("regression")
    whole = make("regression", max_iter=6, n_iter_no_change=np.inf).fit(*train, **val)
    half = make("regression", max_iter=3, n_iter_no_change=np.inf, warm_start=True)
    half.fit(*train, **val).fit(*train, **val)
    assert half.validation_scores_ == whole.validation_scores_
    assert bits(half) == bits(whole)
    frame = pd.DataFrame(half.history_)
    assert frame.shape == (6, 7)
    assert frame["validation_score"].tolist() == whole.validation_scores_


@pytest.mark.parametrize("kind", ["negative", "mask"])
def test_a_splitter_may_count_from_the_end_or_give_masks(kind):
    X = np.random.default_rng(0).standard_normal((60, 3))
    held_out = np.arange(45, 60)

    class Splitter:
        def get_n_splits(self, *args):
            return 1

        def split(self, X, y=None, groups=None):
            if self.kind == "plain":
                yield np.arange(45), held_out
            elif self.kind == "negative":
                yield np.arange(45), held_out - 60
            else:
                yield np.arange(60) < 45, np.arange(60) >= 45

    scores = []
    for each in ("plain", kind):
        splitter = Splitter()
        splitter.kind = each
        model = mlp_regressor(
            (5,), early_stopping=True, validation_fraction=splitter, max_iter=5, random_state=0,
            n_iter_no_change=np.inf, learning_rate="cosine",
        )  # fmt: skip
        scores.append(model.fit(X, X[:, 0]).validation_scores_)
    assert scores[0] == scores[1]


@pytest.mark.parametrize("scoring", ["balanced_accuracy", "f1_macro", "neg_log_loss", "accuracy"])
def test_a_single_class_is_judged_by_nothing_but_the_loss(scoring):
    X = np.random.default_rng(0).normal(size=(110, 2))
    model = DNNClassifier((2,), max_iter=2, scoring=scoring, random_state=0)
    model.fit(X, ["only"] * 110, X_val=X[:9], y_val=["only"] * 9)
    assert model.predict(X).tolist() == ["only"] * 110
    assert np.isfinite(model.validation_scores_).all()


@pytest.mark.parametrize(
    ("splits", "message"),
    [(None, "cannot split the rows.*not iterable"), (5, "cannot split the rows.*not iterable")],
)
def test_a_splitter_that_returns_no_splits(splits, message):
    class Splitter:
        def split(self, X, y=None, groups=None):
            return splits

        def get_n_splits(self, *args):
            return 1

    X = np.random.default_rng(0).normal(size=(60, 2))
    model = DNNRegressor((4,), max_iter=2, early_stopping=True, validation_fraction=Splitter())
    with pytest.raises(TypeError, match=message):
        model.fit(X, X[:, 0])
    with pytest.raises(TypeError, match=r"must be .* an object implementing 'split'"):
        model.set_params(validation_fraction=Splitter).fit(X, X[:, 0])


def test_groups_are_not_missing():
    X = np.random.default_rng(0).normal(size=(60, 2))
    model = DNNRegressor((4,), max_iter=2, early_stopping=True)
    with pytest.raises(ValueError, match="groups has missing values, the first in row 2"):
        model.fit(X, X[:, 0], groups=["a", "b", None, *"c" * 57])


@pytest.mark.parametrize("scoring", ["roc_auc", "neg_log_loss", "average_precision"])
def test_a_score_of_probabilities_is_not_for_numbers(scoring):
    X = np.random.default_rng(0).normal(size=(30, 2))
    model = DNNRegressor((2,), max_iter=2, scoring=scoring, early_stopping=True, random_state=0)
    with pytest.raises(ValueError, match=f"scoring='{scoring}' is not for DNNRegressor"):
        model.fit(X, X[:, 0])


def test_a_splitter_of_classes_is_not_for_numbers():
    X = np.random.default_rng(0).normal(size=(30, 2))
    model = DNNRegressor(
        (2,), max_iter=2, validation_fraction=StratifiedKFold(2), early_stopping=True
    )
    with pytest.raises(ValueError, match=r"StratifiedKFold.*cannot split the rows"):
        model.fit(X, 1e300 * X[:, 0])
