"""
Rare classes: class weights and thresholds
==========================================

One row in forty is positive. Accuracy is then high for a model that never says so. What to do
depends on the goal: probabilities and rankings need nothing special, decisions need a threshold
that fits their costs.
"""

import pandas as pd
from matplotlib import pyplot as plt
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.metrics import (
    PrecisionRecallDisplay,
    average_precision_score,
    balanced_accuracy_score,
    log_loss,
    precision_recall_curve,
    recall_score,
)
from sklearn.model_selection import TunedThresholdClassifierCV, train_test_split

from skdnn import DNNClassifier

X, y = make_classification(
    6000, 12, n_informative=6, n_clusters_per_class=3, weights=[0.98], flip_y=0.01, random_state=0
)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
print(f"Positive: {y.mean():.1%}")

# %%
# Three ways: the defaults; ``class_weight="balanced"``, which counts both classes alike in the
# loss; and the defaults with the threshold that has the best balanced accuracy in cross-validation.

plain = DNNClassifier(scoring="loss", n_members=2, random_state=0)
models = {
    "defaults": plain,
    "class_weight": clone(plain).set_params(class_weight="balanced"),
    "threshold": TunedThresholdClassifierCV(plain, scoring="balanced_accuracy", cv=3),
}
rows = {}
for name, model in models.items():
    predicted = model.fit(X_train, y_train).predict(X_test)
    probability = model.predict_proba(X_test)[:, 1]
    rows[name] = {
        "balanced accuracy": balanced_accuracy_score(y_test, predicted),
        "recall": recall_score(y_test, predicted),
        "average precision": average_precision_score(y_test, probability),
        "log-loss": log_loss(y_test, probability),
        "mean probability": probability.mean(),
    }
table = pd.DataFrame(rows).T
print(table.round(3).to_string())
threshold = models["threshold"].best_threshold_
print(f"Threshold: {threshold:.3f}")

# %%
# Class weights and a threshold both find more of the positive rows. Class weights pay for it with
# probabilities that are much too high (the mean should be the share of positive rows), which shows
# in the log-loss; the threshold leaves them as they are. On the left, the ranking of the rows,
# which class weights do not improve. On the right, precision and recall of the defaults by
# threshold.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
for name, style in {"defaults": "-", "class_weight": "--"}.items():
    PrecisionRecallDisplay.from_estimator(
        models[name], X_test, y_test, ax=left, name=name, curve_kwargs={"linestyle": style}
    )
left.set(title="Test rows", xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
left.set_aspect("auto")
left.legend(loc="lower left")
precision, recall, thresholds = precision_recall_curve(
    y_test, models["defaults"].predict_proba(X_test)[:, 1]
)
right.plot(thresholds, precision[:-1], label="precision")
right.plot(thresholds, recall[:-1], label="recall")
right.axvline(0.5, color="gray", linestyle=":", label="threshold of predict: 0.5")
right.axvline(threshold, color="black", linestyle="--", label=f"tuned threshold: {threshold:.3f}")
right.set(xscale="log", xlabel="threshold", title="Defaults", ylim=(0, 1.02), xlim=(1e-3, 1))
right.legend(loc="center left")
plt.show()
