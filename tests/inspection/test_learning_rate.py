import signal

import numpy as np
import pandas as pd
import pytest
from mlp import mlp_classifier, mlp_regressor
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skdnn import DNNClassifier, DNNRegressor, LearningRateDisplay, find_learning_rate
from skdnn.inspection.learning_rate import half_way, smooth

at_an_end = pytest.mark.filterwarnings("ignore:The loss is smallest at the last")


def iris():
    X, y = load_iris(return_X_y=True)
    return scale(X), y


def bits(display):
    return display.losses.tobytes(), display.learning_rates.tobytes(), display.suggestion


@pytest.fixture
def calls(monkeypatch):
    """What partial_fit is called with, in order."""
    seen = []

    def spy(cls):
        original = cls.partial_fit

        def partial_fit(self, X, y, sample_weight=None, **kwargs):
            seen.append((np.asarray(X), np.asarray(y), sample_weight, self.get_params(), kwargs))
            return original(self, X, y, sample_weight=sample_weight, **kwargs)

        monkeypatch.setattr(cls, "partial_fit", partial_fit)

    spy(DNNClassifier)
    spy(DNNRegressor)
    return seen


# -------------------------------------------------------------------- the test itself


def isotropic(factor=1.0):
    """A linear regression whose loss has the same curvature in all directions: factor ** 2."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 4))
    X, _ = np.linalg.qr(X - X.mean(axis=0))
    y = X @ [3.0, -2.0, 5.0, 1.0] + 0.1 * rng.standard_normal(60)
    return X * np.sqrt(60) * factor, (y - y.mean()) * 8


def gradient_descent(**params):
    plain = {"solver": "sgd", "momentum": 0.0, "alpha": 0.0, "batch_size": 60, "random_state": 0}
    return mlp_regressor((), **{**plain, **params})


@at_an_end
def test_each_loss_is_one_step_of_gradient_descent_after_the_one_before():
    X, y = isotropic()
    display = find_learning_rate(gradient_descent(), X, y, start=1e-4, stop=1.0, n_steps=60)
    assert_allclose(display.learning_rates, np.geomspace(1e-4, 1.0, 60))
    residual = y - X @ np.linalg.lstsq(X, y)[0]
    least = 0.5 * np.mean(residual**2)
    shrinkage = np.cumprod([1.0, *(1 - display.learning_rates[:-1])]) ** 2
    assert_allclose(display.losses, least + (display.losses[0] - least) * shrinkage, rtol=1e-10)


@pytest.mark.parametrize("factor", [1.0, 5.0, 25.0])
def test_the_suggestion_follows_the_curvature(factor):
    X, y = isotropic(factor)
    display = find_learning_rate(gradient_descent(), X, y, start=1e-6, stop=1e4, n_steps=300)
    # The excess over the least loss shrinks as exp(-2 * curvature * sum of the rates so far).
    first, end = display.smoothed_losses[0], display.smoothed_losses.min()
    least = display.losses.min()
    excess = (np.sqrt(first * end) - least) / (first - least)
    growth = 1e10 ** (1 / 299)
    expected = -np.log(excess) / 2 * (1 - 1 / growth) / factor**2
    # Smoothing makes a steep fall less steep.
    assert expected < display.suggestion < 2 * expected
    # The inverse of the curvature is the best constant rate, twice as much diverges.
    assert 0.05 < display.suggestion * factor**2 < 0.5
    assert len(display.losses) < 300
    assert 1 < display.learning_rates[-1] * factor**2 < 100


def test_the_end_is_where_the_smoothed_loss_is_four_times_its_minimum():
    display = find_learning_rate(mlp_classifier(random_state=0), *iris())
    assert 10 < len(display.losses) < 200
    assert display.smoothed_losses[-1] > 4 * display.smoothed_losses.min()
    before = smooth(display.losses[:-1], 200)
    assert before[-1] <= 4 * before.min()
    assert_array_equal(display.learning_rates, np.geomspace(1e-6, 10, 200)[: len(display.losses)])


def test_numbers_that_are_not_finite_end_the_test():
    X, y = isotropic()
    model = gradient_descent(dtype="float32")
    display = find_learning_rate(model, X, y, start=1e-3, stop=1e30, n_steps=12)
    assert 2 < len(display.losses) < 12
    assert np.isfinite(display.losses).all()
    with pytest.raises(ValueError, match=r"non-finite.*learning_rate_init=1e\+40:"):
        find_learning_rate(model, X, y, start=1e40, stop=1e41)


@pytest.mark.parametrize(
    ("losses", "index"),
    [([5, 4, 3, 2, 1], 3), ([8, 4, 1, 2, 9], 2), ([1, 2, 3], 0), ([9, 9, 3, 1, 1e9], 2), ([7], 0)],
)
def test_half_way(losses, index):
    assert half_way(np.array(losses, dtype=float)) == index


def test_smoothing_has_no_lag():
    step = np.repeat([2.0, 1.0], 100)
    smoothed = smooth(step, 200)
    assert_allclose(smoothed + smoothed[::-1], 3.0)
    assert_allclose(smoothed[[0, -1]], [2.0, 1.0])
    noise = np.random.default_rng(0).standard_normal(200)
    assert np.std(smooth(noise, 200)) < 0.3


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("data", [load_digits, load_breast_cancer, load_wine])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_suggestion_is_as_good_as_the_best_of_a_grid(data, solver):
    X, y = data(return_X_y=True)
    X = scale(X)
    model = mlp_classifier((20,), solver=solver, max_iter=60, random_state=0)
    rate = find_learning_rate(model, X, y).suggestion

    def score(rate):
        return cross_val_score(model.set_params(learning_rate_init=rate), X, y, cv=2).mean()

    grid = [score(rate) for rate in (1e-4, 1e-3, 1e-2, 1e-1, 1)]
    assert score(rate) > max(grid) - 0.025
    assert np.median(grid) < max(grid) - 0.01  # the rate does matter


@pytest.mark.parametrize("solver", ["adam", "adamw", "rmsprop", "sgd"])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_regression(solver, n_outputs):
    X, _ = iris()
    y = X[:, :n_outputs] ** 2
    y = y[:, 0] if n_outputs == 1 else y
    model = mlp_regressor((10,), solver=solver, dropout=0.1, random_state=0)
    display = find_learning_rate(model, X, y)
    assert 1e-4 < display.suggestion < 0.3
    assert display.suggestion in display.learning_rates


# -------------------------------------------------------------------- batches and weights


@at_an_end
def test_batches(calls):
    X = np.arange(23.0)[:, None] / 10
    model = mlp_regressor((3,), batch_size=5, random_state=0)
    find_learning_rate(model, X, X[:, 0], n_steps=12, stop=1e-3)
    batches = [call[0][:, 0] for call in calls]
    assert [len(batch) for batch in batches] == [5] * 12
    for i in (0, 4, 8):  # a round is four batches; three rows are left out
        assert len(set(np.concatenate(batches[i : i + 4]))) == 20
    assert len(set(np.concatenate(batches))) == 23
    for X_batch, y_batch, *_ in calls:
        assert_array_equal(X_batch[:, 0], y_batch)


@at_an_end
@pytest.mark.parametrize(("n_rows", "size"), [(30, 30), (500, 200)])
def test_automatic_batch_size(calls, n_rows, size):
    X = np.random.default_rng(0).standard_normal((n_rows, 2))
    find_learning_rate(mlp_regressor((3,)), X, X[:, 0], n_steps=5, random_state=0, stop=1e-3)
    assert {len(call[0]) for call in calls} == {size}


@at_an_end
@pytest.mark.parametrize(("n_rows", "size", "rate"), [(30, 30, 0.0), (300, 64, 0.1)])
def test_what_depends_on_the_number_of_rows_depends_on_all_of_them(calls, n_rows, size, rate):
    X = np.random.default_rng(0).standard_normal((n_rows, 2))
    model = DNNRegressor((3,), n_members=1, random_state=0)
    find_learning_rate(model, X, X[:, 0], n_steps=5, stop=1e-3)
    assert {len(call[0]) for call in calls} == {size}
    assert {call[3]["dropout"] for call in calls} == {rate}
    assert (model.dropout, model.batch_size) == ("auto", "by_rows")


def test_parameters_that_would_spoil_the_test_have_no_say(capsys):
    X, y = iris()
    plain = mlp_classifier((4,), random_state=0)
    other = clone(plain).set_params(
        early_stopping=True, warm_start=True, learning_rate="invscaling", learning_rate_init=7.0,
        max_iter=1, verbose=True,
    )  # fmt: skip
    assert bits(find_learning_rate(plain, X, y)) == bits(find_learning_rate(other, X, y))
    assert capsys.readouterr().out == ""


@at_an_end
def test_weights_go_with_their_rows_and_those_without_weight_are_left_out(calls):
    X = np.arange(40.0)[:, None] / 10
    weights = np.arange(40) % 4
    model = mlp_regressor((3,), batch_size=1, random_state=0)
    find_learning_rate(model, X, X[:, 0], sample_weight=weights, n_steps=60, stop=1e-3)
    rows = np.concatenate([np.rint(call[0][:, 0] * 10).astype(int) for call in calls])
    assert_array_equal(np.concatenate([call[2] for call in calls]), weights[rows])
    assert set(rows) == set(np.flatnonzero(weights))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        find_learning_rate(model, X, X[:, 0], sample_weight=weights[1:])
    with pytest.raises(ValueError, match="Negative values"):
        find_learning_rate(model, X, X[:, 0], sample_weight=weights - 1.0)


def test_balanced_classes():
    X, y = iris()
    X, y = X[40:], y[40:]
    mass = np.bincount(y)
    by_hand = {label: len(y) / (3 * mass[label]) for label in range(3)}
    balanced, explicit = (
        find_learning_rate(mlp_classifier((4,), class_weight=weight, random_state=0), X, y)
        for weight in ("balanced", by_hand)
    )
    assert_allclose(balanced.losses, explicit.losses, rtol=1e-12)
    plain = find_learning_rate(mlp_classifier((4,), random_state=0), X, y)
    assert not np.allclose(balanced.losses[:5], plain.losses[:5])


def test_balanced_classes_count_the_weights(calls):
    X, y = iris()
    weights = np.where(y == 2, 0.0, y + 1.0)
    model = mlp_classifier((4,), class_weight="balanced", random_state=0)
    find_learning_rate(model, X, np.array(list("abc"))[y], sample_weight=weights)
    assert calls[0][3]["class_weight"] == {"a": 1.5, "b": 0.75, "c": 0.0}


# -------------------------------------------------------------------- kinds of data


def test_labels_may_be_text_and_batches_without_some_of_them(calls):
    X, y = iris()
    model = mlp_classifier((4,), batch_size=3, random_state=0)
    text = find_learning_rate(model, X, np.array(["x", "y", "z"])[y])
    assert bits(text) == bits(find_learning_rate(model, X, y))
    assert min(len(set(call[1])) for call in calls) == 1
    assert_array_equal(calls[0][4]["classes"], ["x", "y", "z"])


def test_containers():
    X, y = iris()
    model = mlp_classifier((4,), random_state=0)
    expected = bits(find_learning_rate(model, X, y))
    frame = pd.DataFrame(X, columns=list("abcd"), index=np.arange(len(X))[::-1])
    assert bits(find_learning_rate(model, frame, pd.Series(y, index=frame.index))) == expected
    assert bits(find_learning_rate(model, X.tolist(), y.tolist())) == expected


def test_multilabel():
    X, y = iris()
    labels = np.stack([y > 0, X[:, 1] > 0], axis=1).astype(int)
    model = mlp_classifier((4,), batch_size=50, random_state=1)
    assert 1e-3 < find_learning_rate(model, X, labels).suggestion < 1
    model.set_params(class_weight="balanced")
    with pytest.raises(ValueError, match=r"class_weight parameter .* None for multilabel"):
        find_learning_rate(model, X, labels)


def test_a_pipeline_is_its_last_step_on_transformed_data():
    X, y = load_iris(return_X_y=True)
    model = mlp_classifier((4,), random_state=0)
    expected = bits(find_learning_rate(model, scale(X), y))
    scaler = StandardScaler()
    pipeline = make_pipeline(scaler, model)
    assert bits(find_learning_rate(pipeline, X, y)) == expected
    assert bits(find_learning_rate(make_pipeline(model), scale(X), y)) == expected
    assert bits(find_learning_rate(make_pipeline(scaler, make_pipeline(model)), X, y)) == expected
    assert not hasattr(scaler, "mean_")
    assert not hasattr(model, "classes_")


# -------------------------------------------------------------------- what is left as it was


def test_the_same_random_state_gives_the_same_bits():
    X, y = iris()
    model = mlp_classifier((4,), batch_size=20, random_state=3)
    first = find_learning_rate(model, X, y)
    assert bits(first) == bits(find_learning_rate(model, X, y))
    assert bits(first) == bits(find_learning_rate(model, X, y, random_state=3))
    assert bits(first) != bits(find_learning_rate(model, X, y, random_state=4))
    drawn = clone(model).set_params(random_state=np.random.RandomState(3))
    assert bits(find_learning_rate(drawn, X, y)) == bits(find_learning_rate(drawn, X, y))


def test_the_estimator_and_the_global_random_state_stay_as_they_are():
    X, y = iris()
    X_before = X.copy()
    model = mlp_classifier((4,), max_iter=3, random_state=0, n_iter_no_change=np.inf)
    with pytest.warns(match="Maximum iterations"):
        model.fit(X, y)
    before = {**model.__dict__}
    proba = model.predict_proba(X)
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    find_learning_rate(model, X, y)
    assert model.__dict__ == before
    assert_array_equal(model.predict_proba(X), proba)
    assert_array_equal(X, X_before)
    now = np.random.get_state()  # noqa: NPY002
    assert (now[0], now[2:]) == (kind, tuple(rest))
    assert_array_equal(now[1], keys)


# -------------------------------------------------------------------- errors and warnings


def test_lbfgs_has_no_learning_rate():
    model = mlp_classifier(solver="lbfgs")
    for estimator in (model, make_pipeline(StandardScaler(), model)):
        with pytest.raises(ValueError, match="solver='lbfgs' has no learning rate"):
            find_learning_rate(estimator, *iris())


@pytest.mark.parametrize(
    "other", [LogisticRegression(), make_pipeline(LogisticRegression()), "text", DNNClassifier]
)
def test_other_estimators_are_refused(other):
    accepted = r"a DNNClassifier, a DNNRegressor or a Pipeline that ends with one\. Got "
    with pytest.raises(TypeError, match=accepted) as error:
        find_learning_rate(other, *iris())
    assert str(error.value).endswith(f"Got {other!r}.")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"start": 0.0}, "0 < start < stop. Got 0.0 and 10.0"),
        ({"start": 2.0, "stop": 1.0}, "0 < start < stop. Got 2.0 and 1.0"),
        ({"stop": np.inf}, "0 < start < stop. Got 1e-06 and inf"),
        ({"start": "a"}, "0 < start < stop. Got 'a' and 10.0"),
        ({"n_steps": 1}, "n_steps must be an int in .* Got 1 "),
        ({"n_steps": 10.0}, "n_steps must be an int in .* Got 10.0 "),
    ],
)
def test_wrong_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        find_learning_rate(mlp_classifier(), *iris(), **params)


@pytest.mark.parametrize("params", [{"batch_size": 0}, {"alpha": -1.0}, {"hidden_layer_sizes": 0}])
def test_wrong_parameters_of_the_estimator(params):
    (name,) = params
    with pytest.raises(ValueError, match=f"The '{name}' parameter"):
        find_learning_rate(mlp_classifier(**params), *iris())


def test_other_errors_do_not_end_the_test_silently():
    X, y = iris()
    X[149] = np.nan
    model = mlp_classifier(batch_size=10, random_state=1)
    with pytest.raises(ValueError, match="contains NaN"):
        find_learning_rate(model, X, y, stop=1e-3)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        find_learning_rate(model, X, y[1:])
    with pytest.raises(ValueError, match="Unknown label type"):
        find_learning_rate(model, X[:100], X[:100, 0])


@pytest.mark.parametrize(
    ("ends", "message"),
    [((1e-6, 1e-3), "last .* 0.001: raise 'stop'"), ((10, 1e4), "first .* 10: lower 'start'")],
)
def test_a_minimum_at_an_end_is_a_warning(ends, message):
    X, y = isotropic()
    with pytest.warns(UserWarning, match=message) as warned:
        find_learning_rate(gradient_descent(), X, y, start=ends[0], stop=ends[1], n_steps=30)
    assert warned[0].filename == __file__


@pytest.mark.filterwarnings("ignore:Training interrupted by user")
def test_ctrl_c_ends_the_test(monkeypatch):
    from skdnn.training.loop import Training

    run_epoch, steps = Training.run_epoch, []

    def interrupted(self):
        steps.append(1)
        if len(steps) == 7:
            signal.raise_signal(signal.SIGINT)
        run_epoch(self)

    monkeypatch.setattr(Training, "run_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        find_learning_rate(mlp_classifier((4,)), *iris(), random_state=0)
    assert len(steps) == 7


# -------------------------------------------------------------------- the picture


def test_plot():
    display = find_learning_rate(mlp_classifier((4,), random_state=0), *iris()).plot()
    raw, smoothed = display.lines_
    for line, losses in ((raw, display.losses), (smoothed, display.smoothed_losses)):
        assert_array_equal(line.get_xdata(), display.learning_rates)
        assert_array_equal(line.get_ydata(), losses)
    assert set(display.suggestion_line_.get_xdata()) == {display.suggestion}
    assert display.ax_.get_xscale() == display.ax_.get_yscale() == "log"
    assert display.ax_.get_xlabel() == "Learning rate"
    assert display.ax_.get_ylabel() == "Loss"
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["Loss", "Smoothed loss", f"Suggestion: {display.suggestion:.2g}"]


def test_plot_shows_the_fall_and_not_the_explosion():
    losses = np.array([2.0, 2.0, 1.0, 0.5, 0.4, 5.0, 1e9])
    display = LearningRateDisplay(
        learning_rates=np.logspace(-6, 0, 7), losses=losses, smoothed_losses=losses, suggestion=1e-4
    )
    bottom, top = display.plot().ax_.get_ylim()
    assert 0.3 < bottom < 0.4
    assert 2.0 < top < 2.5
    display.losses[4] = 0.0
    assert display.plot().ax_.get_ylim()[1] > 1e8
    display = display.plot(line_kw={"linewidth": 3})
    assert {line.get_linewidth() for line in display.lines_} == {3}
