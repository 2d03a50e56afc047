"""Examples of training show what they say."""

import pytest


def test_xor(run):
    accuracy = run("training/xor")["table"]["test accuracy"]
    assert accuracy["no hidden layer"] < 0.6
    assert accuracy["2-6-4-1"] >= 0.98
    assert accuracy["2-6-4-1, dropout 0.2"] >= 0.98


def test_activations(run):
    accuracies = run("training/activations")["accuracies"]
    assert len(accuracies) == 11
    assert accuracies["identity"] < 0.75
    assert (accuracies.drop("identity") > 0.85).all()


def test_learning_rate(run):
    names = run("training/learning_rate")
    assert 0.003 < names["test"].suggestion < 0.3
    assert names["found"]["suggestion"] > names["found"]["default"] + 0.02
    assert names["found"]["suggestion"] > max(names["scores"]) - 0.02


def test_schedules(run):
    names = run("training/schedules")
    for name, network in names["networks"].items():
        rates, scores = network.history_["learning_rate"], network.history_["validation_score"]
        spread = max(scores[-5:]) - min(scores[-5:])
        if name == "constant":
            assert rates[-1] == 0.02
            assert spread > 0.05
        else:
            assert rates[-1] < 1e-3
            assert spread < 0.05
    assert max(names["errors"].values()) < 1.3


def test_early_stopping(run):
    names = run("training/early_stopping")
    loss = names["table"]["test log-loss"]
    assert loss["early stopping"] < 0.5 * loss["to the end"]
    assert loss["all defaults"] < loss["early stopping"]
    assert names["networks"]["early stopping"].n_iter_ < 100


def test_dropout(run):
    names = run("training/dropout")
    for errors in (names["by_dropout"], names["by_decay"]):
        assert errors.min() < 0.95 * errors.iloc[0]
        assert errors.idxmin() not in (errors.index[0], errors.index[-1])


def test_batch_norm(run):
    table = run("training/batch_norm")["table"]
    assert table["none"][9] < 0.2
    assert table["none"][1] > 0.9
    assert (table["batch normalization"] > 0.9).all()


def test_resume(run):
    names = run("training/resume")
    assert names["same"]
    assert len(names["model"].loss_curve_) == 24
    assert names["losses"][-1] < 0.6 * names["losses"][0]
    assert str(names["caught"][-1].message) == "Training interrupted by user."
    assert names["patient"].n_iter_ == 29
    assert names["patient"].score(names["X_test"], names["y_test"]) > 0.9


def test_callbacks(run):
    pytest.importorskip("sklearn.callback", reason="scikit-learn has no callbacks yet")
    names = run("training/callbacks")
    frames = names["film"].frames
    assert names["network"].n_iter_ == len(frames) < 20_000
    true = abs(names["grid"])
    assert abs(frames[-1] - true).mean() < 0.5 * abs(frames[0] - true).mean() + 0.2
    assert list(names["logs"]["task_id"]) == [0, 1, 2, 3, 4]


def test_groups(run):
    names = run("training/groups")
    promised = names["mean"]["held-out rows"] - names["mean"]["new patients"]
    assert promised["rows"] > 0.2
    assert promised["patients"] < promised["rows"] - 0.1
    assert names["by_rows"].mean() > sum(names["by_patients"]) / 4 + 0.1


def test_speed(run):
    table = run("training/speed")["table"]
    assert list(table.columns) == ["skdnn", "scikit-learn", "ratio"]
    assert (table > 0).all(axis=None)
