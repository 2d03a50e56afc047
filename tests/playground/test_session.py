"""Sessions without a server: what they answer, and what they train."""

import time

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from playing import configure, do, new_session, train
from sklearn.metrics import log_loss, mean_squared_error

from skdnn.playground.options import OPTIONS, Settings
from skdnn.playground.points import CLASSES, FEATURES, NUMBERS
from skdnn.playground.problem import GRID, SMALL_GRID


@pytest.fixture
def session():
    return new_session()


# ---------------------------------------------------------------- frames


def test_an_untrained_network_is_drawn_first(session):
    sink = configure(session, hidden=[3, 2], features=["x1", "x2", "x1 x2"])
    [(header, arrays)] = sink.frames
    assert (header["epoch"], header["playing"], header["rate"]) == (0, False, None)
    assert {name: array.shape for name, array in arrays.items()} == {
        "output": (GRID, GRID), "units": (5, SMALL_GRID, SMALL_GRID),
        "weights0": (3, 3), "weights1": (3, 2), "weights2": (2, 1),
    }  # fmt: skip
    [data] = sink.of("data")
    assert data["columns"] == ["x1", "x2", "x1 x2"]
    assert len(data["points"]["train"]) == len(data["points"]["test"]) == 250


def test_the_untrained_network_has_the_initial_weights(session):
    """A first step of a tiny rate is no step."""
    settings = {"learning_rate_init": 1e-6, "solver": "sgd"}
    before = configure(session, **settings).frames[-1][1]
    after = train(session, 1)[1]
    assert_allclose(before["weights0"], after["weights0"], atol=1e-3)
    assert np.abs(before["weights0"]).max() > 0.1


def test_frames_show_the_predictions_of_the_model(session):
    configure(session, data="three", hidden=[4])
    header, arrays = train(session, 3)
    probabilities = session.model.predict_proba(session.problem.grid)
    assert_allclose(arrays["output"].ravel(), probabilities.max(axis=1), rtol=1e-6)
    assert_array_equal(arrays["label"].ravel(), probabilities.argmax(axis=1))
    units = session.model.hidden_activations(session.problem.grid)
    shown = units.T.reshape(4, GRID, GRID)[:, ::2, ::2]
    assert_allclose(arrays["units"], shown, rtol=1e-4, atol=1e-6)
    problem = session.problem
    assert header["score"][1] == session.model.score(problem.X_test, problem.y_test)


def test_members_and_their_disagreement(session):
    configure(session, n_members=4, numeric_embedding="mixed", hidden=[4])
    _, arrays = train(session, 2)
    assert arrays["members"].shape == (4, GRID, GRID)
    assert_allclose(arrays["members"].mean(axis=0), arrays["output"], atol=1e-6)
    assert_allclose(arrays["members"].std(axis=0), arrays["spread"], atol=1e-6)
    assert arrays["spread"].max() > 0
    do(session, "view", member=2)
    header, other = session.sink.frames[-1]
    assert header["member"] == 2
    assert (other["units"] != arrays["units"]).any()
    assert other["weights0"].shape == (2, 4)  # all inputs of a column together


def test_members_of_several_classes(session):
    configure(session, data="three", n_members=3, hidden=[4])
    _, arrays = train(session, 5)
    fitted, grid = session.model._model, session.problem.grid
    each = np.array([fitted.task.probabilities(fitted.mean(raw[None]))
                     for raw in fitted.predict_members(grid)])  # fmt: skip
    assert_array_equal(arrays["member_labels"].reshape(3, -1), each.argmax(axis=2))
    assert_allclose(arrays["members"].reshape(3, -1), each.max(axis=2), rtol=1e-6)
    spread = arrays["spread"].ravel()
    assert_allclose(spread, each.std(axis=0).max(axis=1), rtol=1e-5, atol=1e-7)
    opposed = (each.argmax(axis=2) != each[0].argmax(axis=1)).any(axis=0)
    assert spread[opposed].min() > 0


@pytest.mark.parametrize("name", [*CLASSES])
def test_the_share_is_that_of_the_last_class(session, name):
    [data] = configure(session, data=name, share=0.2).of("data")
    labels = np.array(data["points"]["train"] + data["points"]["test"])[:, 2]
    assert (labels == labels.max()).mean() == 0.2


@pytest.mark.parametrize("name", ["three", "hills"])
def test_losses_and_scores_are_those_of_scikit_learn(session, name):
    configure(session, data=name)
    header, _ = train(session, 3)
    problem, model = session.problem, session.model
    for i, (X, y) in enumerate(((problem.X_train, problem.y_train),
                                (problem.X_test, problem.y_test))):  # fmt: skip
        if name == "three":
            loss = log_loss(y, model.predict_proba(X))
        else:
            loss = mean_squared_error(y, model.predict(X))
        assert header["loss"][i] == pytest.approx(loss)
        assert header["score"][i] == pytest.approx(model.score(X, y))


# ---------------------------------------------------------------- training


def test_the_same_settings_give_the_same_bits(session):
    settings = {"data": "spiral", "noise": 0.1, "dropout": 0.1, "hidden": [6, 4], "seed": 3}
    configure(session, **settings)
    first, _ = train(session, 20)
    other = new_session()
    configure(other, **settings)
    other.speed = 20
    other._advance()
    second, _ = other.sink.frames[-1]
    assert second["epoch"] == first["epoch"] == 20
    assert second["loss"] == first["loss"]


def test_reset_begins_anew(session):
    sink = configure(session)
    first = train(session, 2)[0]["loss"]
    do(session, "reset")
    assert sink.frames[-1][0]["epoch"] == 0
    assert train(session, 2)[0]["loss"] == first


def test_training_ends_after_the_last_epoch(session):
    configure(session, max_iter=3)
    do(session, "play")
    session.speed = 2
    session._advance()
    assert session.playing
    session._advance()
    assert not session.playing
    assert session.sink.frames[-1][0]["epoch"] == 3
    do(session, "step")
    assert session.epoch == 3
    do(session, "play")
    assert not session.playing


@pytest.mark.parametrize("name", [*CLASSES, *NUMBERS])
def test_every_data_set_is_learned(session, name):
    sink = configure(
        session, data=name, hidden=[8, 8], learning_rate_init=0.03, batch_size=20,
        features=list(FEATURES),
    )  # fmt: skip
    before = sink.frames[-1][0]["loss"][1]
    after = train(session, 25)[0]["loss"][1]
    assert after < 0.6 * before


@pytest.mark.parametrize("solver", OPTIONS["solver"].values)
def test_every_solver_learns(session, solver):
    rate = 0.3 if solver == "sgd" else 0.03
    sink = configure(session, solver=solver, hidden=[4], learning_rate_init=rate)
    before = sink.frames[-1][0]["loss"][0]
    assert train(session, 5)[0]["loss"][0] < 0.9 * before


CHANGES = [
    *({"loss": loss} for loss in ("log_loss", "brier")),
    *({"loss": loss, "data": "positive"} for loss in OPTIONS["loss"].values[3:]),
    *({"normalization": kind} for kind in ("batch", "layer")),
    *({"penalty": kind} for kind in ("l1", "l2")),
    *({"learning_rate": schedule} for schedule in OPTIONS["learning_rate"].values),
    {"hidden": []}, {"label_noise": 0.2}, {"share": 0.05},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_all_choices_can_be_trained(session, change):
    configure(session, n_samples=100, **{"hidden": [3], **change})
    header, arrays = train(session, 2)
    assert session.sink.of("error") == []
    assert np.isfinite(header["loss"]).all()
    assert np.isfinite(arrays["output"]).all()


def test_label_noise_is_in_the_training_rows_only(session):
    configure(session)
    clean = session.problem
    configure(session, label_noise=0.3)
    noisy = session.problem
    assert (clean.y_train != noisy.y_train).mean() == pytest.approx(0.3, abs=0.01)
    assert_array_equal(clean.y_test, noisy.y_test)


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(("settings", "message"), [
    ({"hidden": [9]}, "Units of a layer must be an integer from 1 to 8. Got 9."),
    ({"hidden": [1] * 7}, "hidden must be a list of up to 6 numbers."),
    ({"n_samples": 10**6}, "n_samples must be an integer from 20 to 5000. Got 1000000."),
    ({"batch_size": 1.5}, "batch_size must be an integer from 1 to 1000. Got 1.5."),
    ({"dropout": "x"}, "dropout must be a number from 0 to 0.9. Got 'x'."),
    ({"solver": "newton"}, "solver must be one of sgd, adam, adamw, rmsprop, lbfgs. Got 'newton'."),
    ({"features": []}, "features must be some of x1, x2"),
    ({"data": "csv", "columns": ["a", "b", "c"]}, "Open the CSV file again"),
    ({"solver": "lbfgs", "dropout": 0.1}, "The 'dropout' parameter must be 0 with solver='lbfgs'"),
    ({"data": "plane", "loss": "gamma"}, "gamma"),
    (None, "The settings must be an object."),
])  # fmt: skip
def test_invalid_settings_are_told(session, settings, message):
    do(session, "configure", settings=settings)
    [error] = session.sink.of("error")
    assert message in error["message"]
    assert session.sink.frames == []
    do(session, "play")
    assert not session.playing


def test_divergence_ends_the_training(session):
    configure(session, data="plane", solver="sgd", learning_rate_init=10, activation="identity")
    do(session, "play")
    session.speed = 100
    while session.playing:
        session._guarded(session._advance)
    [error] = session.sink.of("error")
    assert "learning_rate_init" in error["message"]
    assert not session.playing


def test_unknown_messages_are_told(session):
    do(session, "dance")
    assert session.sink.of("error")[0]["message"] == "There is no message of type 'dance'."


def test_defaults_are_valid():
    assert Settings.of(Settings.of({}).as_dict() | {"hidden": [4, 2], "features": ["x1"],
                                                    "columns": []}).features == ("x1",)  # fmt: skip


# ---------------------------------------------------------------- the thread


def test_the_thread_trains_until_it_is_closed():
    session = new_session()
    session.start()
    session.post({"type": "configure", "settings": {}})
    session.post({"type": "play"})
    deadline = time.monotonic() + 30
    while len(session.sink.frames) < 10 and time.monotonic() < deadline:
        time.sleep(0.01)
    session.close()
    session.thread.join(10)
    assert not session.thread.is_alive()
    sequence = [header["sequence"] for header, _ in session.sink.frames]
    assert sequence == list(range(1, len(sequence) + 1))
    epochs = [header["epoch"] for header, _ in session.sink.frames]
    assert epochs == list(range(len(epochs)))


def test_after_the_last_epoch_the_page_is_told(session):
    """And gets a frame that says that nothing is trained."""
    sink = configure(session, max_iter=2, hidden=[2])
    train(session, 2)
    for kind in ("play", "step"):
        sink.frames.clear()
        do(session, kind)
        [(header, _)] = sink.frames
        assert (header["playing"], header["epoch"]) == (False, 2)
        assert sink.of("notice")[-1]["message"].startswith("All 2 epochs are trained")


def test_an_unforeseen_error_is_told(session, monkeypatch):
    def broken(problem):
        raise IndexError("no such unit")

    monkeypatch.setattr(session, "_train", broken)
    configure(session, hidden=[2])
    do(session, "step")
    [error] = session.sink.of("error")
    assert error["message"] == "IndexError('no such unit')"


def test_warnings_of_the_fit_come_with_the_data(session):
    frame = pd.DataFrame({"a": range(60), "b": range(60), "kind": ["x", "y"] * 30,
                          "day": pd.date_range("2020-01-01", periods=60).astype(str)})  # fmt: skip
    do(session, "table", name="t.csv", text=frame.to_csv(index=False))
    [data] = configure(session, data="csv", columns=["kind", "a", "b"]).of("data")
    [notice] = data["notices"]
    assert "'day'" in notice
    assert data["columns"] == ["a", "b", "day"]
    assert data["numbers"] == ["a", "b"]
