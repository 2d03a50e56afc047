"""The first command of the README."""

from pathlib import Path


def test_quickstart(run, capsys):
    names = run("quickstart")
    network, trees = names["defaults"].to_numpy()[:, :3]  # accuracy, AUC, log-loss
    assert network[1] > 0.83
    assert network[1] > trees[1] - 0.01
    assert network[2] < trees[2] + 0.01
    assert names["importance"].index[0] == "age"
    assert names["importance"]["age"] > 0.05
    same = names["same"].set_index("model")
    score = same["test score"]
    assert score["DNNClassifier"] > 0.93
    assert score["DNNRegressor"] > 0.25
    assert abs(score["DNNClassifier"] - score["MLPClassifier"]) < 0.05
    assert abs(score["DNNRegressor"] - score["MLPRegressor"]) < 0.1
    assert (same["fit seconds"] > 0).all()
    assert "DNNRegressor" in capsys.readouterr().out
    assert Path("figures/quickstart.png").stat().st_size > 10_000
