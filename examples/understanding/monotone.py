"""
Networks that never move the wrong way
======================================

A longer delay in payment should not make a loan look safer, and a higher income should not make it
look riskier. ``monotonic_cst`` says in which direction predictions may move as a column
increases. The constraints hold for every input, by the signs of the weights. True ones also
leave less room for noise.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.metrics import log_loss

from skdnn import DNNClassifier

# %%
# Loans. The probability of default rises with the debt and with the delay of earlier payments, and
# falls with the income; age may matter in any way. Most rows have a short delay.

rng = np.random.default_rng(0)


def make_loans(n):
    X = pd.DataFrame(
        {
            "debt": rng.gamma(2, 10, n),
            "income": rng.lognormal(3.6, 0.5, n),
            "delay": rng.exponential(15, n).round(),
            "age": rng.uniform(20, 70, n).round(),
        }
    )
    log_odds = (
        -1.5
        + 1.2 * np.tanh(X["delay"] / 20)
        + 1.5 * np.log1p(X["debt"] / X["income"])
        - 0.5 * np.log(X["income"] / 40)
        + ((X["age"] - 45) / 25) ** 2
    )
    probability = 1 / (1 + np.exp(-log_odds))
    return X, (rng.uniform(size=n) < probability).astype(int), probability


X, y, _ = make_loans(400)
X_test, y_test, probability = make_loans(10_000)

# %%
# Constraints by name; columns that are left out have none. Of two classes the probability of the
# second is constrained.

constraints = {"debt": 1, "income": -1, "delay": 1}
networks = {
    "without constraints": DNNClassifier(random_state=0),
    "with constraints": DNNClassifier(monotonic_cst=constraints, random_state=0),
}
values = {"delay": np.arange(91.0), "income": np.linspace(10, 120, 91)}
curves, table = {}, {}
for name, network in networks.items():
    network.fit(X, y)
    for column in values:
        # 200 loans, each with 91 values of the column.
        many = X_test[:200].loc[lambda rows: rows.index.repeat(91)]
        many[column] = np.tile(values[column], 200)
        curves[name, column] = network.predict_proba(many)[:, 1].reshape(200, 91)
    steps = [constraints[c] * np.diff(curves[name, c], axis=1) < -1e-6 for c in values]
    found = network.predict_proba(X_test)[:, 1]
    table[name] = {
        "steps against the constraints": np.mean(steps),
        "log-loss of test rows": log_loss(y_test, found),
        "distance from the true probability": np.abs(found - probability).mean(),
    }
print(pd.DataFrame(table).round(4).to_string())

# %%
# Each line is one loan, as its delay or its income changes.

figure, axes = plt.subplots(2, 2, figsize=(11, 8), sharey=True, layout="constrained")
labels = {"delay": "delay of payment / days", "income": "income / 1,000 per year"}
for row, column in zip(axes, values, strict=True):
    for ax, name in zip(row, networks, strict=True):
        ax.plot(values[column], curves[name, column][:25].T, color="tab:blue", alpha=0.4)
        mean = curves[name, column].mean(axis=0)
        ax.plot(values[column], mean, color="tab:orange", linewidth=3, label="mean of 200 loans")
        ax.set(xlabel=labels[column], ylabel="probability of default", title=f"{column}, {name}")
axes[0, 0].legend()
plt.show()
