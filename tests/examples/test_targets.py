"""Examples of targets, losses and weights show what they say."""

import numpy as np


def test_quantile_bands(run):
    names = run("targets/quantile_bands")
    table = names["table"]
    assert names["crossing"] == 0
    np.testing.assert_allclose(table["rows below"], table["level"], atol=0.08)
    assert (table["D²"] > 0.15).all()
    assert 0.86 < names["inside"].mean() < 0.96
    right = names["x_test"] > 9
    predicted, constant = (
        names["log_likelihood_normal"](names["y_test"], names["mean"], names[each])
        for each in ("std", "equal")
    )
    assert predicted > constant + 0.1
    distance = [abs(names[each][right].mean() - 0.9) for each in ("inside", "inside_constant")]
    assert distance[0] < 0.75 * distance[1]


def test_robust_losses(run):
    errors = run("targets/robust_losses")["errors"]
    assert errors["absolute error"] < 0.25 * errors["squared error"]
    assert errors["Huber(delta=0.5)"] < 0.25 * errors["squared error"]


def test_insurance(run):
    scores = run("targets/insurance")["scores"]
    assert (scores["network"] > scores["linear model"] + 0.02).all()


def test_multilabel(run):
    names = run("targets/multilabel")
    assert (names["table"]["F1"] > 0.95).all()
    assert names["probability"].shape == names["Y_test"].shape


def test_multi_output(run):
    errors = run("targets/multi_output")["errors"]
    assert errors["network"] < 0.93 * errors["linear model"]


def test_imbalance(run):
    names = run("targets/imbalance")
    table, share = names["table"], names["y_test"].mean()
    for name in ("class_weight", "threshold"):
        assert table["balanced accuracy"][name] > table["balanced accuracy"]["defaults"] + 0.05
    assert table["mean probability"]["class_weight"] > 4 * share
    assert abs(table["mean probability"]["threshold"] - share) < 0.01
    ranking = table["average precision"]
    assert ranking["class_weight"] < ranking["defaults"] + 0.01


def test_sample_weights(run):
    names = run("targets/sample_weights")
    errors = names["errors"]
    assert errors["weights 1 / variance"] < 0.5 * errors["all rows alike"]
    assert names["difference"] < 1e-9
