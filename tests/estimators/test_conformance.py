"""scikit-learn's own checks, those for everybody and those that it runs on its own classes."""

import re
from unittest import SkipTest

import numpy as np
import pytest
from mlp import mlp
from sklearn import __version__ as sklearn_version
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks
from sklearn.utils.fixes import parse_version

from skdnn import DNNClassifier, DNNRegressor
from skdnn.estimators.regressor import NAMES

# The checks fit with few epochs on purpose. No other warning is expected.
pytestmark = pytest.mark.filterwarnings(
    "ignore:(Stochastic Optimizer. Maximum iterations|lbfgs failed):"
    "sklearn.exceptions.ConvergenceWarning"
)

CLASSES = [DNNClassifier, DNNRegressor]
STRICT = {"xfail_strict": True} if parse_version(sklearn_version) >= parse_version("1.8") else {}

#: What a user may add to the constructors' defaults. Apart from these the networks are small, and
#: all else is the default.
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 40}
SETTINGS = [
    {"solver": "adam"},
    # Few narrow units need all epochs and longer steps than those of the default width.
    {"solver": "sgd", "max_iter": "auto", "learning_rate_init": 0.002},
    {"solver": "rmsprop"},
    # More iterations fit labels until different log-odds have the same rounded probability.
    {"solver": "lbfgs", "max_iter": 15},
    {"normalization": "batch"},
    {"normalization": "layer"},
    {"dropout": 0.2},
    {"n_members": 3, "n_jobs": 2},
    {"early_stopping": True},
    {
        "numeric_embedding": "periodic",
        "feature_scaling": "standard",
        "solver": "lbfgs",
        "max_iter": 15,
    },
]
LOSSES = [(DNNClassifier, "brier")]
LOSSES += [(DNNRegressor, loss) for loss in NAMES if loss != "squared_error"]
VARIANTS = [
    *(cls(**{**SMALL, **params}) for cls in CLASSES for params in SETTINGS),
    *(cls(**SMALL, loss=loss) for cls, loss in LOSSES),
    *(cls.preset("best", **{**SMALL, "hidden_layer_sizes": (8, 8, 8)}) for cls in CLASSES),
]
#: Checks of other containers of the same rows: input does not know what becomes of it.
CONTAINERS = re.compile("sparse_array|data_not_an_array|readonly_memmap")
#: What drawing at random makes impossible by its nature.
REASON = (
    "a row that is there twice gets two masks of dropout, and may be held out once; "
    "a row with a weight of two gets one"
)
IMPOSSIBLE = {
    "check_sample_weight_equivalence_on_dense_data": REASON,
    "check_sample_weight_equivalence_on_sparse_data": REASON,
}


def name_of(check):
    """With the keywords that it is given, without the estimator's name."""
    keywords = ",".join(f"{key}={value}" for key, value in check.keywords.items())
    return f"{check.func.__name__}({keywords})" if keywords else check.func.__name__


def impossible(estimator):
    draws = estimator.dropout not in (0, "auto") or estimator.early_stopping is True
    return IMPOSSIBLE if draws else {}


@parametrize_with_checks(
    [*(cls() for cls in CLASSES), *(mlp(cls) for cls in CLASSES)],
    expected_failed_checks=impossible,
    **STRICT,
)
def test_check(estimator, check):
    """Every check of scikit-learn passes, none may be skipped."""
    run(estimator, check)


def checks_of_variants():
    for variant in VARIANTS:
        expected = impossible(variant)
        for estimator, check in estimator_checks.estimator_checks_generator(variant):
            name = name_of(check)
            reason = expected.get(name.split("(")[0])
            marks = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]
            if not CONTAINERS.search(name):
                yield pytest.param(estimator, check, marks=marks, id=f"{variant!r}-{name}")


@pytest.mark.parametrize(("estimator", "check"), list(checks_of_variants()))
def test_check_of_variants(estimator, check):
    run(estimator, check)


def run(estimator, check):
    try:
        check(estimator)
    except SkipTest as reason:
        # The one check that depends on the process and not on the estimator.
        assert "SCIPY_ARRAY_API is not set" in str(reason)  # noqa: PT017


def names_with(results, *statuses):
    return {result["check_name"] for result in results if result["status"] in statuses}


def names_of_checks(estimator):
    return {name_of(check) for _, check in estimator_checks.estimator_checks_generator(estimator)}


@pytest.mark.parametrize(
    ("ours", "theirs"), [(DNNClassifier, MLPClassifier), (DNNRegressor, MLPRegressor)]
)
def test_no_check_is_avoided(ours, theirs):
    """They are chosen by what an estimator says that it can do: at least what the MLP says."""
    refused = {"check_estimators_nan_inf"}  # for those that do not take missing values
    for estimator in (ours(), mlp(ours)):
        assert names_of_checks(theirs()) - refused <= names_of_checks(estimator)


@pytest.mark.parametrize("cls", CLASSES)
def test_check_estimator_as_a_user_calls_it(cls):
    check_estimator(mlp(cls), on_skip=None)


OWN_CHECKS = [
    name
    for name in (
        "check_param_validation",
        "check_dataframe_column_names_consistency",
        "check_all_zero_sample_weights_error",
        "check_inplace_ensure_writeable",
    )
    if hasattr(estimator_checks, name)
]


def test_the_checks_of_scikit_learns_own_classes_are_there():
    assert "check_param_validation" in OWN_CHECKS
    assert "check_dataframe_column_names_consistency" in OWN_CHECKS


@pytest.mark.parametrize("check", OWN_CHECKS)
@pytest.mark.parametrize("cls", CLASSES)
def test_check_of_scikit_learns_own_classes(cls, check):
    for estimator in (cls(max_iter=3), mlp(cls, max_iter=3)):
        getattr(estimator_checks, check)(cls.__name__, estimator)


@pytest.mark.parametrize("cls", CLASSES)
def test_validation_inside_fit_knows_the_column_names(cls):
    """Predicting the held-out rows during fit must not complain about feature names."""
    estimator = mlp(cls, max_iter=3, early_stopping=True, n_iter_no_change=1)
    estimator_checks.check_dataframe_column_names_consistency(cls.__name__, estimator)


@pytest.mark.filterwarnings("ignore:Got batch_size:UserWarning")
@pytest.mark.parametrize("cls", CLASSES)
def test_checks_of_another_architecture(cls):
    """The checks hold away from the defaults too: deep, dropout, another activation, batches."""
    params = {"activation": "mish", "batch_size": 7, "dropout": 0.05}
    results = check_estimator(mlp(cls, [30, 20], **params), on_skip=None, on_fail=None)
    # A batch of 7 rows is not the same rows when rows are repeated instead of weighted.
    failed = names_with(results, "failed") - set(IMPOSSIBLE)
    assert failed == set()


@pytest.mark.parametrize(
    "check", [estimator_checks.check_fit2d_1feature, estimator_checks.check_sample_weights_shape]
)
def test_sgd_of_the_default_width_does_not_diverge(check):
    np.random.seed(0)  # noqa: NPY002 (what the checks leave to chance)
    check("DNNRegressor", DNNRegressor(solver="sgd"))
