"""The code of a session makes the model of the session."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal
from playing import configure, do, new_session, train

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CSV = {"data": "csv", "columns": ["sold", "size", "age"]}


def town_table(n=120):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": rng.normal(80, 30, n).round(1),
            "town": rng.choice(["Bonn", "Lima", "Oslo"], n),
            "age": rng.integers(0, 90, n),
        }
    )
    frame["sold"] = np.where((frame["size"] > 80) == (frame["town"] == "Lima"), "yes", "no")
    frame.loc[::9, ["size", "town"]] = None
    frame.loc[5, "sold"] = None
    return frame


@pytest.mark.parametrize("settings", [
    {},
    {"data": "spiral", "noise": 0.1, "label_noise": 0.1, "share": 0.3, "seed": 4, "n_members": 2,
     "numeric_embedding": "waves", "dropout": 0.1, "features": ["x1", "x2", "sin x1"]},
    {"data": "hills", "loss": "huber", "normalization": "batch", "learning_rate": "cosine",
     "max_iter": 30, "penalty": "l1", "alpha": 0.1},
    {"data": "three", "solver": "lbfgs", "activation": "mish"},
    {"data": "moons", "solver": "sgd", "hidden": []},
    CSV,
], ids=lambda settings: settings.get("data", "defaults"))  # fmt: skip
def test_executed_code_gives_the_same_predictions(settings, tmp_path, monkeypatch, capsys):
    session = new_session()
    if settings is CSV:
        monkeypatch.chdir(tmp_path)
        town_table().to_csv("town's.csv", index=False, sep=";")
        do(session, "table", name="town's.csv", text=(tmp_path / "town's.csv").read_text())
    configure(session, n_samples=120, **settings)
    train(session, 4)
    do(session, "script")
    [answer] = session.sink.of("script")
    assert answer["epoch"] == 4
    names = {}
    exec(answer["text"], names)
    assert_frame_equal(names["X_test"], session.problem.X_test)
    assert_array_equal(
        names["model"].predict(session.problem.grid), session.model.predict(session.problem.grid)
    )
    assert np.array_equal(names["model"].coefs_[-1], session.model.coefs_[-1])
    shown = session.sink.frames[-1][0]["score"][1]
    assert float(capsys.readouterr().out) == pytest.approx(shown)
