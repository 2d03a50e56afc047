"""Examples of inspection show what they say."""

import numpy as np


def test_calibration(run):
    table = run("understanding/calibration")["table"]
    alone, calibrated, ensemble = table.index
    assert table["log-loss"][calibrated] < table["log-loss"][alone] - 0.02
    assert table["log-loss"][ensemble] < table["log-loss"][calibrated]
    assert table["accuracy"][alone] == table["accuracy"][calibrated]


def test_members(run):
    names = run("understanding/members")
    assert names["among"] < 0.3 * names["elsewhere"]
    assert names["errors"][8] < names["errors"][2] < names["errors"][1]
    assert np.isclose(names["run"].member_weights_.sum(), 1)


def test_partial_dependence(run):
    names = run("understanding/partial_dependence")
    importance = names["table"]["importance"]
    assert list(importance.index[-3:]) == ["rain", "soil", "temperature"]
    assert (importance[["altitude", "farm"]].abs() < 0.02).all()
    assert names["network"].score(names["X_test"], names["y_test"]) > 0.8


def test_weights(run):
    names = run("understanding/weights")
    free, sparse = (names["networks"][name] for name in ("no penalty", "L1"))
    useless = sparse.coefs_[0][1::2]
    assert (free.coefs_[0] == 0).mean() < 0.01
    assert (useless == 0).mean() > 0.9
    assert sparse.score(names["X_test"], names["y_test"]) > 0.9
    assert names["weights"][0][3:5, 3:5].mean() < -0.2  # the hole of the zero
