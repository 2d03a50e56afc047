"""scikit-learn's own checks, those for everybody and those that it runs on its own classes."""

from unittest import SkipTest

import pytest
from mlp import mlp
from sklearn import __version__ as sklearn_version
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks
from sklearn.utils.fixes import parse_version

from skdnn import DNNClassifier, DNNRegressor

# The checks fit with few epochs on purpose. No other warning is expected.
pytestmark = pytest.mark.filterwarnings(
    "ignore:(Stochastic Optimizer. Maximum iterations|lbfgs failed):"
    "sklearn.exceptions.ConvergenceWarning"
)

CLASSES = [DNNClassifier, DNNRegressor]


def own(cls, **parameters):
    return cls(**parameters)


MAKERS = [own, mlp]  # the defaults of the constructors, those of scikit-learn's MLP
STRICT = {"xfail_strict": True} if parse_version(sklearn_version) >= parse_version("1.8") else {}

#: All that is made of the columns of a table.
TABLES = {
    "categorical_features": "from_dtype", "feature_scaling": "robust", "numeric_embedding": "mixed",
    "activation": "mish", "learning_rate_init": 0.01, "n_members": 4,
}  # fmt: skip
SETTINGS = [
    {},
    {"solver": "adamw"},
    {"solver": "sgd"},
    {"solver": "rmsprop"},
    {"solver": "lbfgs"},
    {"normalization": "batch"},
    {"normalization": "layer"},
    {"dropout": 0.2},
    {"n_members": 3, "n_jobs": 2},
    {"early_stopping": True},
    TABLES,
    {**TABLES, "numeric_embedding": "periodic", "feature_scaling": "standard", "solver": "lbfgs"},
]
#: What drawing at random makes impossible by its nature.
REASON = (
    "a row that is there twice gets two masks of dropout, and may be held out once; "
    "a row with a weight of two gets one"
)
IMPOSSIBLE = {
    "check_sample_weight_equivalence_on_dense_data": REASON,
    "check_sample_weight_equivalence_on_sparse_data": REASON,
}


def impossible(estimator):
    draws = estimator.dropout not in (0, "by_rows") or estimator.early_stopping is True
    return IMPOSSIBLE if draws else {}


@parametrize_with_checks(
    [own(cls) for cls in CLASSES] + [mlp(cls, **params) for cls in CLASSES for params in SETTINGS],
    expected_failed_checks=impossible,
    **STRICT,
)
def test_check(estimator, check):
    """Every check of scikit-learn passes, none may be skipped."""
    try:
        check(estimator)
    except SkipTest as reason:
        # The one check that depends on the process and not on the estimator.
        assert "SCIPY_ARRAY_API is not set" in str(reason)  # noqa: PT017


def names_with(results, *statuses):
    return {result["check_name"] for result in results if result["status"] in statuses}


@pytest.mark.parametrize(
    ("ours", "theirs"), [(DNNClassifier, MLPClassifier), (DNNRegressor, MLPRegressor)]
)
@pytest.mark.parametrize("make", MAKERS)
def test_check_estimator_as_a_user_calls_it(make, ours, theirs):
    """No failures, and no check is skipped that scikit-learn's network does not skip."""
    estimator = make(ours)
    expected = impossible(estimator)
    results = check_estimator(
        estimator, expected_failed_checks=expected, on_skip=None, on_fail=None
    )
    failures = [(r["check_name"], r["exception"]) for r in results if r["status"] == "failed"]
    assert failures == []
    assert names_with(results, "xfail") == set(expected)
    reference = check_estimator(theirs(), on_skip=None, on_fail=None)
    assert names_with(results, "skipped") <= names_with(reference, "skipped")
    # Checks are chosen by what an estimator says that it can do: at least what the MLP says.
    refused = {"check_estimators_nan_inf"}  # for those that do not take missing values
    assert names_with(reference, "passed") - refused <= names_with(results, "passed", "xfail")


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
@pytest.mark.parametrize("make", MAKERS)
def test_check_of_scikit_learns_own_classes(make, cls, check):
    getattr(estimator_checks, check)(cls.__name__, make(cls, max_iter=3))


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
