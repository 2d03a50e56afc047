"""Saved, copied and edited models."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from mlp import mlp
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.preprocessing import scale

from skdnn import DNNClassifier, DNNRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)

CLASSES = [DNNClassifier, DNNRegressor]
DTYPES = ["float32", "float64"]


def data(cls):
    if cls is DNNRegressor:
        X, y = load_diabetes(return_X_y=True)
        return scale(X), scale(y)
    X, y = load_digits(return_X_y=True)
    return X[:300] / 16, y[:300]


def fitted(cls, **params):
    defaults = {"hidden_layer_sizes": (12, 7), "max_iter": 3, "random_state": 0,
                "learning_rate_init": 0.01}  # fmt: skip
    return mlp(cls, **{**defaults, **params}).fit(*data(cls))


def through_pickle(model, tmp_path):
    return pickle.loads(pickle.dumps(model))


def through_old_pickle(model, tmp_path):
    return pickle.loads(pickle.dumps(model, protocol=2))


def through_joblib(model, tmp_path):
    joblib.dump(model, tmp_path / "model.joblib")
    return joblib.load(tmp_path / "model.joblib")


def through_compressed_joblib(model, tmp_path):
    joblib.dump(model, tmp_path / "model.joblib.gz", compress=3)
    return joblib.load(tmp_path / "model.joblib.gz")


def through_mapped_joblib(model, tmp_path):
    joblib.dump(model, tmp_path / "model.joblib")
    return joblib.load(tmp_path / "model.joblib", mmap_mode="r")


def through_deepcopy(model, tmp_path):
    return copy.deepcopy(model)


INDEPENDENT = [
    through_pickle,
    through_old_pickle,
    through_joblib,
    through_compressed_joblib,
    through_deepcopy,
]
WAYS = [*INDEPENDENT, through_mapped_joblib, lambda model, tmp_path: copy.copy(model)]
WAYS[-1].__name__ = "copy"


def name(way):
    return way.__name__.removeprefix("through_")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("way", WAYS, ids=name)
@pytest.mark.parametrize("cls", CLASSES)
def test_same_predictions_to_the_bit(cls, way, dtype, tmp_path):
    X, _ = data(cls)
    model = fitted(cls, dtype=dtype, early_stopping=True)
    other = way(model, tmp_path)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    if cls is DNNClassifier:
        np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))
    assert other.get_params() == model.get_params()
    for attribute in ("n_iter_", "t_", "loss_curve_", "validation_scores_", "n_features_in_"):
        assert getattr(other, attribute) == getattr(model, attribute)
    # The life before saving goes on: a second generation is the same again.
    np.testing.assert_array_equal(way(other, tmp_path / "..").predict(X), model.predict(X))


@pytest.mark.parametrize("way", WAYS, ids=name)
def test_a_copy_can_be_fitted_and_leaves_the_original_alone(way, tmp_path):
    X, y = data(DNNRegressor)
    model = fitted(DNNRegressor)
    before = model.predict(X)
    other = way(model, tmp_path).set_params(random_state=1).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), before)
    expected = fitted(DNNRegressor, random_state=1)
    np.testing.assert_array_equal(other.predict(X), expected.predict(X))


def test_an_unfitted_estimator_is_saved_as_such(tmp_path):
    for way in WAYS:
        other = way(DNNClassifier((3,), alpha=0.5), tmp_path)
        assert other.get_params() == DNNClassifier((3,), alpha=0.5).get_params()
        assert not hasattr(other, "coefs_")


def test_a_mapped_model_is_read_only_and_says_so(tmp_path):
    model = through_mapped_joblib(fitted(DNNRegressor), tmp_path)
    with pytest.raises(ValueError, match="read-only"):
        model.coefs_[0][...] = 0
    with pytest.raises(ValueError, match="read-only"):
        model.intercepts_ = [0 * b for b in model.intercepts_]


@pytest.mark.parametrize("cls", CLASSES)
def test_a_pickle_holds_the_parameters_and_nothing_of_the_data(cls):
    """No rows, no scratch memory: neither of fit nor of predict. Adam's two averages are there."""
    rng = np.random.default_rng(0)
    sizes = []
    for n_rows in (300, 6000):
        X = rng.normal(size=(n_rows, 40))
        y = np.arange(n_rows) % 3 if cls is DNNClassifier else X[:, 0]
        model = mlp(
            cls, (200, 50), max_iter=2, random_state=0, dtype="float64", batch_size=n_rows // 2
        )
        model.fit(X, y, sample_weight=np.ones(n_rows))
        model.predict(X)
        n_bytes = sum(array.nbytes for array in [*model.coefs_, *model.intercepts_])
        assert n_bytes > 100_000
        sizes.append(len(pickle.dumps(model)))
        assert 3 * n_bytes < sizes[-1] < 3 * n_bytes + 20_000
    assert abs(sizes[0] - sizes[1]) < 100


def test_the_pickle_of_a_float32_network_is_half_as_large():
    sizes = {}
    for dtype in DTYPES:
        model = fitted(DNNClassifier, dtype=dtype, hidden_layer_sizes=(300,), max_iter=1)
        sizes[dtype] = len(pickle.dumps(model))
    n_params = 64 * 300 + 300 + 300 * 10 + 10
    assert sizes["float64"] - sizes["float32"] == pytest.approx(3 * 4 * n_params, rel=0.01)


# ---------------------------------------------------------------- editing parameters


def zero_last_layer_in_place(model):
    model.coefs_[-1][...] = 0
    model.intercepts_[-1][:] = 2


def zero_last_layer_by_item(model):
    model.coefs_[-1] = np.zeros_like(model.coefs_[-1])
    model.intercepts_[-1] = np.full_like(model.intercepts_[-1], 2)


def zero_last_layer_by_attribute(model):
    model.coefs_ = [*model.coefs_[:-1], np.zeros(model.coefs_[-1].shape)]
    model.intercepts_ = [*model.intercepts_[:-1], [2] * model.intercepts_[-1].size]


def zero_last_layer_by_operators(model):
    model.coefs_[-1] *= 0
    model.intercepts_[-1] *= 0
    model.intercepts_[-1] += 2


EDITS = [
    zero_last_layer_in_place,
    zero_last_layer_by_item,
    zero_last_layer_by_attribute,
    zero_last_layer_by_operators,
]


@pytest.mark.parametrize("way", [lambda model, tmp_path: model, *INDEPENDENT], ids=name)
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__.removeprefix("zero_"))
@pytest.mark.parametrize("dtype", DTYPES)
def test_writing_into_the_parameters_changes_predictions(edit, way, dtype, tmp_path):
    X, _ = data(DNNRegressor)
    original = fitted(DNNRegressor, dtype=dtype)
    before = original.predict(X)
    model = way(original, tmp_path)
    edit(model)
    np.testing.assert_array_equal(model.predict(X), np.full(len(X), 2))
    np.testing.assert_array_equal(model.intercepts_[-1], [2])
    assert model.coefs_[0].dtype == dtype
    if model is not original:
        np.testing.assert_array_equal(original.predict(X), before)


def test_slices_of_layers_can_be_assigned_like_those_of_a_list():
    model = fitted(DNNRegressor)
    model.coefs_[:] = [np.ones_like(weight) for weight in model.coefs_]
    model.intercepts_[-1:] = [[2.0]]
    assert all((weight == 1).all() for weight in model.coefs_)
    assert model.intercepts_[-1] == [2]


def test_only_the_layer_that_is_written_changes():
    model = fitted(DNNClassifier)
    before = [array.copy() for array in [*model.coefs_, *model.intercepts_]]
    model.coefs_[1] = np.ones((12, 7))
    for i, (a, b) in enumerate(zip([*model.coefs_, *model.intercepts_], before, strict=True)):
        np.testing.assert_array_equal(a, np.ones((12, 7)) if i == 1 else b)


def test_parameters_of_one_network_give_another_its_predictions():
    X, _ = data(DNNClassifier)
    source, target = fitted(DNNClassifier), fitted(DNNClassifier, random_state=1)
    target.coefs_, target.intercepts_ = source.coefs_, source.intercepts_
    np.testing.assert_array_equal(target.predict_proba(X), source.predict_proba(X))
    target.coefs_[0][...] = 0
    assert np.abs(source.coefs_[0]).max() > 0  # values were copied, not memory


@pytest.mark.parametrize(
    "wrong",
    [
        lambda arrays: arrays[:-1],
        lambda arrays: [*arrays, arrays[0]],
        lambda arrays: [array.T for array in arrays],
        lambda arrays: [*arrays[:-1], arrays[-1][..., :1]],
        lambda arrays: [*arrays[:-1], 0.0],
    ],
    ids=["missing", "additional", "transposed", "narrow", "scalar"],
)
def test_wrong_shapes_are_refused_and_nothing_is_written(wrong):
    model = fitted(DNNClassifier)
    before = [array.copy() for array in model.coefs_]
    with pytest.raises(ValueError, match=r"shapes.*\(64, 12\).*got"):
        model.coefs_ = wrong([array + 1 for array in model.coefs_])
    with pytest.raises(ValueError, match=r"could not broadcast|shape"):
        model.coefs_[0] = np.zeros((12, 64))
    for a, b in zip(model.coefs_, before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("cls", CLASSES)
def test_unfitted_estimators_have_no_parameters(cls):
    model = clone(fitted(cls))
    for attribute in ("coefs_", "intercepts_"):
        assert not hasattr(model, attribute)
        with pytest.raises(AttributeError, match=rf"{cls.__name__} instance is not fitted"):
            getattr(model, attribute)
        with pytest.raises(AttributeError, match="not fitted"):
            setattr(model, attribute, [np.zeros((2, 2))])
