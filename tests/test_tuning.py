"""What a search can try."""

import numpy as np
import pytest
from mlp import mlp_classifier
from scipy.stats import loguniform, norm, randint, uniform
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterSampler, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skdnn import DNNClassifier, DNNRegressor, search_space, suggest_params
from skdnn.training.settings import DROPOUT, LEARNING_RATE

CLASSES = [DNNClassifier, DNNRegressor]
SIZES = ["small", "full"]
SOLVERS = ["adamw", "adam", "rmsprop", "sgd", "lbfgs"]


def data_for(model):
    if isinstance(model, DNNClassifier):
        X, y = load_iris(return_X_y=True)
        return scale(X), y
    X, y = load_diabetes(return_X_y=True)
    return X[:150], y[:150]


def bounds(values):
    return values.support() if hasattr(values, "rvs") else None


# -------------------------------------------------------------------- the space


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("cls", CLASSES)
def test_names_are_parameters(cls, size, solver):
    model = cls(solver=solver)
    space = search_space(model, size)
    assert set(space) <= set(model.get_params(deep=False))
    assert "max_iter" not in space  # the resource of successive halving
    for values in space.values():
        assert hasattr(values, "rvs") or (isinstance(values, list) and len(values) > 1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("cls", CLASSES)
def test_the_defaults_lie_inside(cls, size):
    resolved = {"dropout": DROPOUT, "learning_rate_init": LEARNING_RATE}
    defaults = {**cls().get_params(deep=False), **resolved}
    for name, values in search_space(cls(), size).items():
        if ends := bounds(values):
            assert ends[0] < defaults[name] < ends[1], name
        else:
            assert defaults[name] in values, name


@pytest.mark.parametrize("cls", CLASSES)
def test_small_is_small_and_part_of_full(cls):
    small, full = search_space(cls()), search_space(cls(), "full")
    assert 3 < len(small) <= 5
    assert list(full)[: len(small)] == list(small)
    assert set(small["hidden_layer_sizes"]) < set(full["hidden_layer_sizes"])
    assert {"numeric_embedding", "activation", "beta_2", "batch_size", "n_members"} < set(full)


def test_classes_have_smoothed_labels():
    assert "label_smoothing" in search_space(DNNClassifier(), "full")
    assert "label_smoothing" not in search_space(DNNRegressor(), "full")


@pytest.mark.parametrize(
    ("solver", "used", "not_used"),
    [
        ("adamw", "weight_decay beta_2 dropout", "alpha momentum"),
        ("adam", "alpha beta_2 dropout", "weight_decay momentum"),
        ("rmsprop", "alpha beta_2 dropout", "weight_decay momentum"),
        ("sgd", "alpha momentum dropout", "weight_decay beta_2"),
        (
            "lbfgs",
            "alpha hidden_layer_sizes",
            "learning_rate_init learning_rate batch_size dropout beta_2 momentum weight_decay",
        ),
    ],
)
def test_what_the_solver_does_not_use_is_left_out(solver, used, not_used):
    space = search_space(DNNRegressor(solver=solver), "full")
    assert set(used.split()) < set(space)
    assert not set(not_used.split()) & set(space)


def test_rates_go_around_that_of_the_estimator():
    low, high = search_space(DNNClassifier())["learning_rate_init"].support()
    assert (low, high) == pytest.approx((0.002, 0.05))
    low, high = search_space(mlp_classifier())["learning_rate_init"].support()
    assert (low, high) == pytest.approx((0.0002, 0.005))


def test_members_may_be_as_many_as_they_are():
    for n_members, expected in [(4, [4, 8]), (1, [1, 4, 8]), (16, [4, 8, 16])]:
        assert search_space(DNNRegressor(n_members=n_members), "full")["n_members"] == expected


def test_a_space_suits_monotonic_constraints():
    space = search_space(DNNRegressor(monotonic_cst=[1, 0]), "full")
    X, y = data_for(DNNRegressor())
    for activation in space["activation"]:
        model = DNNRegressor((4,), activation=activation, monotonic_cst=[1, 0], max_iter=1)
        model.fit(X[:, :2], y)
    assert set(space["activation"]) < set(search_space(DNNRegressor(), "full")["activation"])


def test_a_space_is_of_its_own():
    model = DNNRegressor()
    space = search_space(model, "full")
    space["activation"].append("tanh")
    next(e for e in space["numeric_embedding"] if hasattr(e, "n_bins")).n_bins = 5
    again = search_space(model, "full")
    assert "tanh" not in again["activation"]
    assert 5 not in [getattr(e, "n_bins", None) for e in again["numeric_embedding"]]


@pytest.mark.parametrize("depth", [1, 2])
def test_the_last_step_of_a_pipeline(depth):
    model, prefix = DNNClassifier(), "dnnclassifier__"
    pipeline = make_pipeline(StandardScaler(), model)
    if depth == 2:
        pipeline, prefix = make_pipeline(pipeline), "pipeline__dnnclassifier__"
    space = search_space(pipeline, "full")
    assert list(space) == [prefix + name for name in search_space(model, "full")]
    assert set(space) <= set(pipeline.get_params())


@pytest.mark.parametrize(
    "other",
    [LogisticRegression(), make_pipeline(LogisticRegression()), "text", None, DNNClassifier],
)
def test_other_estimators_are_refused(other):
    with pytest.raises(TypeError, match="DNNClassifier, a DNNRegressor or a Pipeline") as error:
        search_space(other)
    assert str(error.value).endswith(f"Got {other!r}.")


@pytest.mark.parametrize("size", ["large", None, ["small"]])
def test_another_size_is_refused(size):
    with pytest.raises(ValueError, match=r"size must be 'small' or 'full'\. Got "):
        search_space(DNNClassifier(), size)


def test_wrong_parameters_of_the_estimator():
    with pytest.raises(ValueError, match="The 'learning_rate_init' parameter"):
        search_space(DNNClassifier(learning_rate_init=-1.0))


# -------------------------------------------------------------------- values


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Got batch_size")
def test_fit_takes_every_value(cls, solver):
    """Each value of a list, and both ends of a range, with a tiny network."""
    model = cls((4,), solver=solver, n_members=1, max_iter=1, random_state=0)
    X, y = data_for(model)
    default = model.get_params(deep=False)
    for name, values in search_space(model, "full").items():
        for value in bounds(values) or values:
            if name == "hidden_layer_sizes" and max(value) > 128:
                continue  # slow, and nothing new
            model.set_params(**{**default, name: value}).fit(X, y)
            assert np.isfinite(model.loss_), (name, value)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("cls", CLASSES)
def test_drawn_parameters_are_valid(cls, size):
    model = cls()
    for parameters in ParameterSampler(search_space(model, size), 100, random_state=0):
        model.set_params(**parameters).check_params()


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.filterwarnings("ignore:Got batch_size")
def test_a_randomized_search_is_the_same_for_the_same_random_state(cls):
    model = cls(n_members=1, max_iter=2, random_state=0)
    X, y = data_for(model)
    pipeline = make_pipeline(StandardScaler(), model)
    space = search_space(pipeline, "full")
    space[f"{cls.__name__.lower()}__hidden_layer_sizes"] = [(4,), (8,)]

    def search(random_state):
        search = RandomizedSearchCV(pipeline, space, n_iter=3, cv=2, random_state=random_state)
        return search.fit(X, y)

    first, again, other = search(0), search(0), search(1)
    scores = first.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert str(first.best_params_) == str(again.best_params_)
    assert str(first.best_params_) != str(other.best_params_)
    assert scores.tobytes() == again.cv_results_["mean_test_score"].tobytes()
    assert first.best_estimator_.predict(X).shape == y.shape


# -------------------------------------------------------------------- Optuna


class Trial:
    """Draws like a trial of Optuna, and takes nothing that Optuna would not store."""

    def __init__(self, seed=0):
        self.rng, self.calls = np.random.default_rng(seed), {}

    def suggest_float(self, name, low, high, *, log=False):
        assert type(low) is type(high) is float
        self.calls[name] = "float", low, high, log
        if log:
            low, high = np.log([low, high])
        drawn = float(self.rng.uniform(low, high))
        return float(np.exp(drawn)) if log else drawn

    def suggest_int(self, name, low, high):
        assert type(low) is type(high) is int
        self.calls[name] = "int", low, high
        return int(self.rng.integers(low, high + 1))

    def suggest_categorical(self, name, choices):
        assert {type(choice) for choice in choices} <= {str, int, float, bool, type(None)}
        assert len(set(choices)) == len(choices)
        self.calls[name] = "categorical", *choices
        return choices[self.rng.integers(len(choices))]


def test_every_parameter_is_one_call_of_the_trial():
    trial = Trial()
    space = {
        "learning_rate_init": loguniform(0.001, 0.1),
        "dropout": uniform(0.1, 0.3),
        "n_members": randint(1, 5),
        "activation": ["mish", "relu"],
        "hidden_layer_sizes": [(8,), (8, 8)],
    }
    drawn = suggest_params(trial, space)
    assert trial.calls == {
        "learning_rate_init": ("float", 0.001, 0.1, True),
        "dropout": ("float", 0.1, 0.4, False),
        "n_members": ("int", 1, 4),
        "activation": ("categorical", "mish", "relu"),
        "hidden_layer_sizes": ("categorical", "(8,)", "(8, 8)"),
    }
    assert list(drawn) == list(space)
    assert drawn["hidden_layer_sizes"] in space["hidden_layer_sizes"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("cls", CLASSES)
def test_suggested_parameters_are_those_of_the_space(cls, size):
    model = cls()
    space = search_space(model, size)
    seen = {name: set() for name in space}
    for seed in range(100):
        drawn = suggest_params(Trial(seed), space)
        model.set_params(**drawn).check_params()
        for name, value in drawn.items():
            seen[name].add(str(value))
    for name, values in space.items():
        if bounds(values):
            assert len(seen[name]) == 100
        else:
            assert seen[name] == {str(value) for value in values}


@pytest.mark.parametrize(
    ("values", "shown"), [(norm(), "Got 'norm'"), (type("Mine", (), {"rvs": 0})(), "Got <.*Mine")]
)
def test_other_distributions_are_refused(values, shown):
    with pytest.raises(TypeError, match=f"The values of 'dropout' must be a list, .* {shown}"):
        suggest_params(Trial(), {"dropout": values})


def test_with_optuna():
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    model = DNNClassifier(n_members=1, max_iter=2, random_state=0)
    X, y = data_for(model)
    space = search_space(model, "full") | {
        "hidden_layer_sizes": [(4,), (8,)],
        "batch_size": ["by_rows", 32],
    }
    tried = []

    def objective(trial):
        tried.append(suggest_params(trial, space))
        return model.set_params(**tried[-1]).fit(X, y).score(X, y)

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=3)
    # A trial that is over gives its parameters again, objects included.
    assert suggest_params(study.best_trial, space) == tried[study.best_trial.number]
