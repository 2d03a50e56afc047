"""
Calibration of probabilities
============================

Of the rows that get a probability of 80 %, eight in ten should be positive. By default the log-odds
of each member are scaled on held-out rows (temperature scaling), and the members are averaged. The
calibration curve shows what each of both does.
"""

import pandas as pd
from matplotlib import pyplot as plt
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import brier_score_loss, log_loss
from sklearn.model_selection import train_test_split

from skdnn import DNNClassifier

X, y = make_classification(
    12_000, 20, n_informative=8, n_clusters_per_class=4, flip_y=0.1, class_sep=0.7, random_state=0
)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=1000, random_state=0)

# %%
# One network that chooses its epoch by accuracy, without and with calibration, and the default of
# four networks.

models = {
    "one network, as it is": DNNClassifier(
        n_members=1, calibration=None, dropout=0, random_state=0
    ),
    "one network, calibrated": DNNClassifier(n_members=1, dropout=0, random_state=0),
    "defaults": DNNClassifier(random_state=0),
}
rows = {}
for name, model in models.items():
    probability = model.fit(X_train, y_train).predict_proba(X_test)[:, 1]
    rows[name] = {
        "accuracy": model.score(X_test, y_test),
        "log-loss": log_loss(y_test, probability),
        "Brier score": brier_score_loss(y_test, probability),
    }
table = pd.DataFrame(rows).T
print(table.round(3).to_string())

# %%
# The first network is too sure: below the diagonal on the right, above it on the left. Calibration
# moves its curve to the diagonal; which class is the more probable does not change, and the
# accuracy neither. The histograms show why: probabilities near 0 and 1 become rarer.

figure = plt.figure(figsize=(10, 6), layout="constrained")
axes = figure.subplot_mosaic([["curve"] * 3, list(models)], height_ratios=[2.2, 1])
for marker, (name, model) in zip("osD", models.items(), strict=True):
    display = CalibrationDisplay.from_estimator(
        model, X_test, y_test, n_bins=10, strategy="quantile", ax=axes["curve"], name=name,
        marker=marker,
    )  # fmt: skip
    axes[name].hist(display.y_prob, bins=25, range=(0, 1), color=display.line_.get_color())
    axes[name].set(title=name, xlabel="predicted probability", ylim=(0, 2500))
axes["curve"].set(xlabel="predicted probability", ylabel="share of positive rows")
axes["curve"].legend(loc="upper left")
axes["one network, as it is"].set_ylabel("test rows")
plt.show()
