"""
Counts and amounts: Poisson, gamma and Tweedie losses
=====================================================

An insurer models how often drivers have claims (Poisson), what a claim costs (gamma), and the cost
of a driver in a year, which is zero for most (Tweedie). The networks have the same losses and the
same log link as scikit-learn's generalized linear models, and are not linear.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.compose import make_column_transformer
from sklearn.linear_model import GammaRegressor, PoissonRegressor, TweedieRegressor
from sklearn.metrics import d2_tweedie_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skdnn import DNNRegressor, Tweedie

# %%
# Young and very old drivers have more claims, young ones even more in powerful cars. Drivers are
# insured for different parts of a year: the exposure.

rng = np.random.default_rng(0)
n = 12_000
X = pd.DataFrame(
    {
        "age": rng.uniform(18, 88, n),
        "power": rng.gamma(8, 14, n),
        "area": rng.choice(["rural", "suburb", "city"], n),
    }
)
exposure = rng.uniform(0.2, 1, n)
young, old = np.exp(-(X["age"] - 18) / 6), np.exp((X["age"] - 88) / 6)
rate = 0.12 * np.exp(1.5 * young * X["power"] / 110 + 1.5 * old + 0.5 * (X["area"] == "city"))
cost = 1000 * np.exp(1.2 * np.abs(X["power"] / 110 - 1) + 0.4 * (X["area"] == "rural"))
claims = rng.poisson(rate * exposure)
had = claims > 0
total = np.zeros(n)
total[had] = rng.gamma(2 * claims[had], cost[had] / 2)

# %%
# Claims per year have the exposure as weight. Costs per claim are those of the drivers with claims,
# weighted by their number. ``power`` is that of the Tweedie deviance: 1 is Poisson, 2 gamma.

tweedie = TweedieRegressor(power=1.5, link="log")
tasks = {
    "claims per year": (X, claims / exposure, exposure, 1, "poisson", PoissonRegressor()),
    "cost per claim": (X[had], total[had] / claims[had], claims[had], 2, "gamma", GammaRegressor()),
    "cost per year": (X, total / exposure, exposure, 1.5, Tweedie(1.5), tweedie),
}
rows, tests = [], {}
for task, (X_task, y, weight, power, loss, linear) in tasks.items():
    X_train, X_test, y_train, y_test, w_train, w_test = train_test_split(
        X_task, y, weight, random_state=0
    )
    preprocessor = make_column_transformer(
        (StandardScaler(), ["age", "power"]), (OneHotEncoder(), ["area"])
    )
    glm = make_pipeline(preprocessor, linear)
    glm.fit(X_train, y_train, **{f"{glm.steps[-1][0]}__sample_weight": w_train})
    network = DNNRegressor(loss=loss, scoring="loss", n_members=2, random_state=0)
    network.fit(X_train, y_train, sample_weight=w_train)
    tests[task] = X_test, y_test, w_test, network.predict(X_test), glm.predict(X_test)
    for name, predicted in zip(("network", "linear model"), tests[task][3:], strict=True):
        score = d2_tweedie_score(y_test, predicted, sample_weight=w_test, power=power)
        rows.append({"target": task, "model": name, "D²": score})
scores = pd.DataFrame(rows).pivot(index="target", columns="model", values="D²")
scores = scores.loc[list(tasks), ["network", "linear model"]]
print("Explained part of the deviance, test rows:", scores.round(3).to_string(), sep="\n")

# %%
# Observed and predicted claims by age: the linear model has one slope for all ages. On the right,
# the drivers are sorted by their predicted cost; the steeper the end of the curve, the better are
# the expensive drivers told from the others.

figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
scores.plot.bar(ax=axes[0], rot=0, ylabel="D²", xlabel="", title="Explained deviance")
X_test, y_test, weight, *predictions = tests["claims per year"]
groups = pd.cut(X_test["age"].to_numpy(), range(18, 89, 5))
for values, name in zip((y_test, *predictions), ("observed", *scores), strict=False):
    frame = pd.DataFrame({"sum": values * weight, "weight": weight}).groupby(groups, observed=True)
    mean = frame["sum"].sum() / frame["weight"].sum()
    style = dict(color="black", marker="o", linestyle="") if name == "observed" else {}
    axes[1].plot(mean.index.map(lambda each: each.mid), mean, label=name, **style)
axes[1].set(xlabel="age / years", ylabel="claims per year", title="Frequency")
axes[1].legend()
X_test, y_test, weight, *predictions = tests["cost per year"]
for predicted, name in zip(predictions, scores, strict=True):
    order = np.argsort(predicted)
    share, paid = (np.cumsum(each[order]) for each in (weight, y_test * weight))
    axes[2].plot(100 * share / share[-1], 100 * paid / paid[-1], label=name)
axes[2].plot([0, 100], [0, 100], ":", color="gray", label="random order")
axes[2].set(xlabel="exposure, cheapest first / %", ylabel="cost / %", title="Lorenz curves")
axes[2].legend()
plt.show()
