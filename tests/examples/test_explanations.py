"""Examples of explanations show what they say."""

import numpy as np
from sklearn.inspection import permutation_importance


def test_dependence(run):
    names = run("understanding/dependence")
    assert names["model"].score(names["X_test"], names["y_test"]) > 0.85
    partial, local = names["partial"], names["local"]
    assert partial.line_.get_ydata().size > 10
    # Humidity alone has little effect, and the mean of accumulated local effects is 0.
    assert np.ptp(local.line_.get_ydata()) < 0.5 * names["y"].std()


def test_importance(run):
    names = run("understanding/importance")
    model, X, y = names["model"], names["X_test"], names["y_test"]
    together, alone = X.copy(), X.copy()
    order = np.random.default_rng(0).permutation(len(X))
    for column in ("creatinine", "cystatin C"):
        together[column] = X[column].to_numpy()[order]
    alone["creatinine"] = together["creatinine"]
    assert model.score(X, y) - model.score(together, y) > 2 * (
        model.score(X, y) - model.score(alone, y)
    )
    decrease = permutation_importance(model, X, y, scoring="roc_auc", random_state=0)
    assert abs(decrease.importances_mean[-1]) < 0.01  # the weekday


def test_shapley_values(run):
    names = run("understanding/shapley_values")
    shapley, X = names["shapley"], names["X_test"][:300]
    predicted = names["model"].predict(X)
    np.testing.assert_allclose(shapley.base_values + shapley.values.sum(axis=1), predicted, 1e-4)
    importance = dict(zip(X, abs(shapley.values).mean(axis=0), strict=True))
    assert max(importance, key=importance.get) == "area"
    assert min(importance, key=importance.get) == "house number"
    assert np.mean(abs(names["z"]) < 2) > 0.9
