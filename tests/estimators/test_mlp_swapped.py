"""scikit-learn's own tests of its MLP, run on our estimators.

The installed ``sklearn.neural_network.tests.test_mlp`` is loaded with its two classes replaced by
subclasses that set scikit-learn's defaults. All of it runs but what reaches into private names.
"""

import importlib.util
import inspect

import pytest
import sklearn.neural_network
from mlp import mlp

from skdnn import DNNClassifier, DNNRegressor

#: Test -> private names that it needs, and where ours is.
PRIVATE = {
    "test_fit": "builds an unfitted estimator by hand (_coef_grads, _no_improvement_count, ...); "
    "tests/training/test_loop.py compares every step with scikit-learn's",
    "test_gradient": "calls _loss_grad_lbfgs; tests/kernels/test_network.py",
    "test_learning_rate_warmstart": "reads _optimizer.learning_rate; test_resume.py",
    "test_adaptive_learning_rate": "reads _optimizer.learning_rate; test_resume.py",
    "test_n_iter_no_change": "reads _no_improvement_count; tests/training/test_stopping.py",
    "test_n_iter_no_change_inf": "reads _no_improvement_count; tests/training/test_stopping.py",
}
#: What is better here: the test asks for an error.
BETTER = {
    "test_early_stopping_stratified": "a class of one row is trained on, not refused; "
    "tests/estimators/test_early_stopping.py",
}


@pytest.fixture
def global_random_seed():
    """Of scikit-learn's own configuration of pytest."""
    return 42


def with_defaults(cls, **defaults):
    """A subclass whose constructor has other defaults."""

    class Swapped(cls):
        def __init__(self, *args, **params):
            bound = signature.bind(self, *args, **params)
            bound.apply_defaults()
            super().__init__(**{k: v for k, v in bound.arguments.items() if k != "self"})

    signature = inspect.signature(cls.__init__)
    signature = signature.replace(
        parameters=[
            p.replace(default=defaults.get(name, p.default))
            for name, p in signature.parameters.items()
        ]
    )
    Swapped.__init__.__signature__ = signature
    # Where pickle finds it.
    Swapped.__name__ = Swapped.__qualname__ = cls.__name__.replace("DNN", "MLP")
    globals()[Swapped.__name__] = Swapped
    return Swapped


def load():
    patch = pytest.MonkeyPatch()
    spec = importlib.util.find_spec("sklearn.neural_network.tests.test_mlp")
    module = importlib.util.module_from_spec(spec)
    with patch.context() as context:
        for name, cls in (("MLPClassifier", DNNClassifier), ("MLPRegressor", DNNRegressor)):
            defaults = mlp(cls, dtype="input").get_params()
            context.setattr(sklearn.neural_network, name, with_defaults(cls, **defaults))
        spec.loader.exec_module(module)
    return module


theirs = load()
for _name, _item in vars(theirs).items():
    if _name.startswith("test_") and _name not in {**PRIVATE, **BETTER}:
        globals()[_name] = _item


def test_the_classes_are_swapped_and_the_list_is_complete():
    assert issubclass(theirs.MLPClassifier, DNNClassifier)
    assert issubclass(theirs.MLPRegressor, DNNRegressor)
    # Older versions of scikit-learn have fewer tests.
    assert {*PRIVATE, *BETTER} <= set(vars(theirs))
