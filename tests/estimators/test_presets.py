"""Named sets of parameters."""

import inspect

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale

from skdnn import DNNClassifier, DNNRegressor

CLASSES = [DNNClassifier, DNNRegressor]
PAIRS = [(DNNClassifier, MLPClassifier, load_iris), (DNNRegressor, MLPRegressor, load_diabetes)]


@pytest.mark.parametrize(("ours", "theirs", "_"), PAIRS)
def test_mlp_has_the_defaults_of_scikit_learn(ours, theirs, _):
    expected = theirs().get_params()
    parameters = ours.preset("mlp").get_params()
    assert {name: parameters[name] for name in expected} == expected


@pytest.mark.parametrize(("ours", "theirs", "load"), PAIRS)
def test_mlp_has_nothing_of_what_scikit_learn_does_not_have(ours, theirs, load):
    """All other parameters leave a training as it is."""
    X, y = load(return_X_y=True)
    X, y = scale(X), y if ours is DNNClassifier else scale(y)
    params = {"shuffle": False, "max_iter": 5, "random_state": 0}
    with pytest.warns(ConvergenceWarning):
        reference = theirs(**params).fit(X, y)
    with pytest.warns(ConvergenceWarning):
        model = ours.preset("mlp", dtype="float64", **params).fit(X, y)
    np.testing.assert_allclose(model.loss_curve_, reference.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(model.predict(X), reference.predict(X), rtol=1e-6)


@pytest.mark.parametrize("cls", CLASSES)
def test_every_parameter_has_a_value(cls):
    """Otherwise a set would change with the defaults of the constructor."""
    given = {}

    class Recorder(cls):
        def __init__(self, **parameters):
            given.update(parameters)

    Recorder.preset("mlp")
    assert set(given) == set(inspect.signature(cls).parameters)


@pytest.mark.parametrize("cls", CLASSES)
def test_best_is_the_default_with_more_members(cls):
    best, default = cls.preset("best").get_params(deep=False), cls().get_params(deep=False)
    differ = {name for name in default if best[name] is not default[name]}
    assert differ == {"n_members", "numeric_embedding"}
    assert best["n_members"] == 4 * default["n_members"]


@pytest.mark.parametrize("cls", CLASSES)
def test_two_estimators_share_no_settings(cls):
    one, other = cls.preset("best"), cls.preset("best")
    for a, b in zip(one.numeric_embedding, other.numeric_embedding, strict=True):
        assert a is not b


@pytest.mark.parametrize("cls", CLASSES)
def test_given_parameters_win(cls):
    model = cls.preset("mlp", hidden_layer_sizes=(20, 10), solver="adamw")
    expected = {"hidden_layer_sizes": (20, 10), "solver": "adamw"}
    assert type(model) is cls
    assert model.get_params() == {**cls.preset("mlp").get_params(), **expected}
    assert clone(model).get_params() == model.get_params()


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("name", ["MLP", "", None, ["mlp"]])
def test_an_unknown_name_is_refused(cls, name):
    with pytest.raises(ValueError, match=rf"{cls.__name__} must be one of \['best', 'mlp'\]. Got"):
        cls.preset(name)


@pytest.mark.parametrize("cls", CLASSES)
def test_an_unknown_parameter_is_the_error_of_the_constructor(cls):
    with pytest.raises(TypeError) as expected:
        cls(learning_rate_int=0.1)
    with pytest.raises(TypeError) as caught:
        cls.preset("mlp", learning_rate_int=0.1)
    assert str(caught.value) == str(expected.value)
