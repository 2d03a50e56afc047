"""
Networks and trees together
===========================

Networks are good at smooth functions of many columns, trees at steps and thresholds. Their errors
are different, so that a mean of both is often better than either. scikit-learn's
:class:`~sklearn.ensemble.StackingRegressor` learns the weights.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.ensemble import HistGradientBoostingRegressor, StackingRegressor, VotingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

from skdnn import DNNRegressor

# %%
# The target has a smooth part, steps at thresholds, and an effect of a category.

rng = np.random.default_rng(0)
n = 4000
X = pd.DataFrame(rng.normal(size=(n, 8)), columns=[f"x{i}" for i in range(8)])
X["kind"] = rng.choice(list("abcdef"), n)
smooth = np.sin(X["x0"] + X["x1"]) + 0.5 * X["x2"] * X["x3"]
steps = 1.5 * ((X["x4"] > 0.5) & (X["x5"] < 0.3)) - 1.0 * (X["x6"] > 1) * (X["x7"] > 0)
y = smooth + steps + X["kind"].isin(["a", "e"]) * (X["x0"] > 0) + rng.normal(0, 0.5, n)
X["kind"] = X["kind"].astype("category")
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=1500, random_state=0)

# %%
# Both take the frame as it is, with its category, inside the meta-estimators, too.

network = DNNRegressor(n_members=2, random_state=0)
trees = HistGradientBoostingRegressor(max_iter=60, random_state=0)
both = [("network", network), ("trees", trees)]
models = {
    "network": network,
    "trees": trees,
    "mean": VotingRegressor(both),
    "stacking": StackingRegressor(both, RidgeCV(), cv=3),
}
predictions = {name: model.fit(X_train, y_train).predict(X_test) for name, model in models.items()}
scores = pd.Series({name: r2_score(y_test, each) for name, each in predictions.items()})
print("R² on test rows", scores.round(3).to_string(), sep="\n")
weights = dict(zip(["network", "trees"], models["stacking"].final_estimator_.coef_, strict=True))
print(f"Weights of the stacking: {pd.Series(weights).round(2).to_dict()}")

# %%
# Each point is a test row. If both models made the same errors, all would lie on the diagonal.

errors = {name: each - y_test for name, each in predictions.items()}
common = np.corrcoef(errors["network"], errors["trees"])[0, 1]
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
bars = left.bar(scores.index, scores, color=["tab:blue", "tab:orange", "tab:gray", "tab:gray"])
left.bar_label(bars, fmt="%.3f")
left.set(ylabel="R²", title="Test rows", ylim=(0.9 * scores.min(), 1.04 * scores.max()))
right.plot([-2, 2], [-2, 2], color="gray", linewidth=1)
right.scatter(errors["network"], errors["trees"], s=4, alpha=0.5)
right.set(xlabel="error of the network", ylabel="error of the trees", aspect="equal")
right.set(title=f"Errors, correlation {common:.2f}", xlim=(-2, 2), ylim=(-2, 2))
plt.show()
