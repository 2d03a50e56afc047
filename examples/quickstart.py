"""
Quickstart
==========

The first part fits a classifier with its defaults to a table of drivers, which has categories,
missing values and columns of different scales, and compares it with histogram gradient boosting.
The second part gives scikit-learn's MLP and the networks of skdnn the same parameters.
"""

import time
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import DNNClassifier, DNNRegressor, LossCurveDisplay

# %%
# Drivers, their cars, and whether they make a claim within a year. The risk depends on
# interactions: young drivers of powerful cars, long distances in the city. Three columns have
# missing values.

rng = np.random.default_rng(0)
n = 8000
effects = {"city": 0.6, "suburb": 0.1, "village": -0.3, "mountains": 0.2}
region = rng.choice(list(effects), n, p=[0.4, 0.3, 0.2, 0.1])
uses = {"private": -0.2, "commuting": 0.1, "business": 0.6}
use = rng.choice(list(uses), n, p=[0.5, 0.35, 0.15])
X = pd.DataFrame({"age": rng.uniform(18, 85, n).round(), "power": rng.gamma(9, 12, n).round()})
X["distance"] = (rng.lognormal(2.5, 0.5, n) * (1 + (use == "business"))).round(1)
X["car_age"] = rng.exponential(6, n).round()
X["years_without_claim"] = (rng.uniform(0, 1, n) * (X["age"] - 18)).round()
X["region"], X["use"] = pd.Categorical(region), pd.Categorical(use)
risk = (
    -1.2
    + pd.Series(region).map(effects)
    + pd.Series(use).map(uses)
    + 2.5 * expit((27 - X["age"]) / 3) * (X["power"] - 60) / 50
    + 1.5 * expit((X["age"] - 72) / 3)
    + 0.06 * (X["distance"] - 12) * np.where(region == "city", 1.5, 0.3)
    - 0.9 * np.tanh(X["years_without_claim"] / 8)
    + 0.5 * np.sin(X["car_age"] / 3) * (use != "private")
)
for column in ("distance", "car_age", "use"):
    X.loc[rng.uniform(size=n) < 0.08, column] = np.nan
y = (rng.uniform(size=n) < expit(1.5 * risk)).astype(int)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
print(X_train.head(3).to_string(index=False))

# %%
# Neither model needs preprocessing. Times are those of a second fit: the first one compiles, or
# loads compiled code.


def timed_fit(model, X, y):
    clone(model).fit(X[:500], y[:500])
    start = time.perf_counter()
    model.fit(X, y)
    return time.perf_counter() - start


def summary(model):
    seconds, probability = timed_fit(model, X_train, y_train), model.predict_proba(X_test)[:, 1]
    return {
        "accuracy": model.score(X_test, y_test),
        "ROC AUC": roc_auc_score(y_test, probability),
        "log-loss": log_loss(y_test, probability),
        "fit seconds": seconds,
    }


models = [DNNClassifier(random_state=0), HistGradientBoostingClassifier(random_state=0)]
defaults = pd.DataFrame({type(model).__name__: summary(model) for model in models}).T
print(defaults.round(3).to_string())

# %%
# Permutation importance is the increase of the log-loss when the values of a column are shuffled.

found = permutation_importance(
    models[0], X_test, y_test, scoring="neg_log_loss", n_repeats=3, random_state=0
)
importance = pd.Series(found.importances_mean, X.columns).sort_values(ascending=False)
print(importance.round(3).to_string())

# %%
# The presets "mlp" have the defaults of scikit-learn's MLP; all parameters have the same names. The
# test score is accuracy or R².

params = dict(hidden_layer_sizes=(64, 32), batch_size=32, early_stopping=True)
params |= dict(n_iter_no_change=30, max_iter=500, random_state=0)
tasks = [
    ("digits", load_digits, DNNClassifier.preset("mlp", **params), MLPClassifier(**params)),
    ("diabetes", load_diabetes, DNNRegressor.preset("mlp", **params), MLPRegressor(**params)),
]
rows, networks = [], {}
for data, load, *estimators in tasks:
    parts = train_test_split(*load(return_X_y=True), random_state=0)
    for estimator in estimators:
        model = make_pipeline(StandardScaler(), estimator)
        seconds = timed_fit(model, parts[0], parts[2])
        name, score = type(estimator).__name__, model.score(parts[1], parts[3])
        rows.append([data, name, score, estimator.n_iter_, seconds])
    networks[data] = estimators[0]
same = pd.DataFrame(rows, columns=["data", "model", "test score", "epochs", "fit seconds"])
print(same.round(3).to_string(index=False))

# %%
# Training and validation loss of both networks: the weights of the epoch with the best validation
# score are kept, and training ends 30 epochs after it.

figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
for ax, (data, network) in zip(axes, networks.items(), strict=True):
    LossCurveDisplay.from_estimator(network, ax=ax)
    ax.set_title(f"{type(network).__name__}: {data}")
Path("figures").mkdir(exist_ok=True)
figure.savefig("figures/quickstart.png", dpi=150)
print("Figure: figures/quickstart.png")
