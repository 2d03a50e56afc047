"""Examples of tuning show what they say."""

import pytest


def test_optuna_study(run):
    pytest.importorskip("optuna", reason="needs pip install optuna")
    names = run("tuning/optuna_study")
    assert names["best"].keys() == names["space"].keys()
    assert 0 < len(names["pruned"]) < 25
    assert names["errors"]["tuned"] < names["errors"]["defaults"] + 2


def test_halving(run):
    table = run("tuning/halving")["table"]
    assert list(table["epochs"]) == [0, 768, 2 * 4 * 48, 16 * 2 + 8 * 3 + 4 * 6 + 2 * 13]
    assert (table["test log-loss"] < 0.45).all()


def test_stacking(run):
    names = run("tuning/stacking")
    scores = names["scores"]
    assert scores[["mean", "stacking"]].min() > scores[["network", "trees"]].max() + 0.005
    assert names["common"] < 0.95
