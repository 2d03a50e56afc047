"""A pickle says which version has made it."""

import pickle
from copy import copy, deepcopy

import numpy as np
import pytest
from sklearn.base import clone

import skdnn
from skdnn import DNNClassifier, DNNRegressor, InconsistentVersionWarning
from skdnn.estimators._versions import KEY

X = np.random.default_rng(0).normal(size=(40, 2))
model = DNNRegressor((4,), max_iter=2, random_state=0).fit(X, X[:, 0])


@pytest.mark.parametrize("item", [model, model._model, DNNClassifier()], ids=lambda m: type(m))
def test_the_version_is_in_the_state_and_in_no_attribute(item):
    assert item.__getstate__()[KEY] == skdnn.__version__
    for other in (pickle.loads(pickle.dumps(item)), copy(item), deepcopy(item)):
        assert vars(other).keys() == vars(item).keys()


@pytest.mark.parametrize("version", ["0.1.7", "0.1.0.dev3"])
def test_another_patch_is_read_silently(version, monkeypatch):
    state = pickle.dumps(model)
    monkeypatch.setattr(skdnn, "__version__", version)
    np.testing.assert_array_equal(pickle.loads(state).predict(X), model.predict(X))


@pytest.mark.parametrize("item", [model, model._model], ids=["estimator", "model"])
def test_another_minor_version_warns(item, monkeypatch):
    state = pickle.dumps(item)
    monkeypatch.setattr(skdnn, "__version__", "0.2.0")
    with pytest.warns(InconsistentVersionWarning, match=r"by skdnn 0\.1\.0 and is read by 0\.2\.0"):
        pickle.loads(state)


@pytest.mark.parametrize("item", [model, model._model], ids=["estimator", "model"])
def test_a_pickle_without_version_is_refused(item):
    state = item.__getstate__()
    del state[KEY]
    empty = object.__new__(type(item))
    with pytest.raises(ValueError, match=r"early version of skdnn.*Fit it again"):
        empty.__setstate__(state)
    assert vars(empty) == {}


def test_clones_have_no_version():
    assert KEY not in vars(clone(model))
