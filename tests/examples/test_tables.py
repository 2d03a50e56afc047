"""Examples of tables show what they say."""

import numpy as np


def test_claims(run, capsys):
    table = run("tables/claims")["table"].set_index("model")
    network, linear = table.loc["DNNClassifier"], table.loc["logistic regression"]
    assert network["ROC AUC"] > 0.81
    assert network["accuracy"] > linear["accuracy"] + 0.03
    assert network["log-loss"] < linear["log-loss"] - 0.05
    assert "DNNClassifier: {'dropout': 0." in capsys.readouterr().out


def test_missing_values(run):
    names = run("tables/missing_values")
    ratio = names["errors"]["network"] / names["errors"]["linear model"]
    assert ratio["complete rows"] < 0.7
    assert ratio["incomplete rows"] < 1
    *known, missing, unknown = names["by_district"]
    assert min(known) < missing < max(known)
    assert min(known) < unknown < max(known)
    year_1900, year_1970, _, year_missing = names["by_year"]
    assert abs(year_missing - year_1900) < abs(year_missing - year_1970)


def test_numeric_embeddings(run):
    errors = run("tables/numeric_embeddings")["errors"]
    for encoding in ("PiecewiseLinear(48)", "Periodic(sigma=2)"):
        assert errors.loc[encoding, "steps"] < 0.7 * errors.loc["the number itself", "steps"]
        ratio = errors.loc[encoding, "oscillation"] / errors.loc["the number itself", "oscillation"]
        assert ratio < 0.3


def test_custom_embedding(run):
    errors = run("tables/custom_embedding")["errors"]
    best = errors[["number", "bins"]].min(axis=1)
    assert errors["number"].min() > 1.7
    assert (errors["number and bins"] < best + 0.05).all()
    assert (errors["number and bins"][1:] < best[1:]).all()


def test_category_embeddings(run):
    names = run("tables/category_embeddings")
    assert names["display"].shares_[:2].sum() > 0.75
    assert names["disparity"] < 0.2


def test_polars_frames(run):
    names = run("tables/polars_frames")
    assert names["same"]
    assert names["network"].is_categorical_.tolist() == [False, False, True, True]
    assert names["network"].score(names["X_test"], names["y_test"]) > 0.95
    assert names["errors"]["kind"][-1] == "missing"


def test_text_tfidf(run):
    names = run("tables/text_tfidf")
    models, test = names["models"], (names["X_test"], names["y_test"])
    assert names["rows"].nnz < 0.05 * np.prod(names["rows"].shape)
    score = models["network"].score(*test)
    assert score > 0.9
    assert score > models["logistic regression"].score(*test)


def test_time_series(run):
    errors = run("tables/time_series")["errors"]
    for name, error in errors.items():
        assert name == "value of a week ago" or error < 0.85 * errors["value of a week ago"]
