"""
Find a learning rate
====================

:func:`~skdnn.find_learning_rate` trains for some hundred steps while the learning rate rises, and
records the loss. It falls where the rate is useful, and explodes where it is too high. The default
rates are good for the defaults; with another solver, network or scale of inputs it is worth a look.
"""

import warnings

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import DNNClassifier, LearningRateDisplay, find_learning_rate

warnings.simplefilter("ignore", ConvergenceWarning)  # all rates get the same few epochs
X_train, X_test, y_train, y_test = train_test_split(*load_digits(return_X_y=True), random_state=0)


def make(rate):
    params = dict(solver="sgd", batch_size=32, max_iter=10, random_state=0)
    network = DNNClassifier.preset("mlp", **params, learning_rate_init=rate)
    return make_pipeline(StandardScaler(), network)


# %%
# The test of a pipeline with plain SGD, whose default rate is 0.001.

test = find_learning_rate(make(0.001), X_train, y_train)
print(f"Suggestion: {test.suggestion:.3f}")

# %%
# Is the suggestion good? Ten epochs with rates around it, and with the default.

rates = np.geomspace(1e-4, 0.5, 9)
scores = [make(rate).fit(X_train, y_train).score(X_test, y_test) for rate in rates]
compared = {"default": 0.001, "suggestion": test.suggestion}
found = {
    name: make(rate).fit(X_train, y_train).score(X_test, y_test) for name, rate in compared.items()
}
print("Test accuracy after ten epochs", pd.Series(found).round(3).to_string(), sep="\n")

# %%
# Above, the loss of each step of the test, raw and smoothed; below, the accuracies. The suggestion
# is on the slope, before the minimum, where the plateau of good rates begins.

figure, (top, bottom) = plt.subplots(2, 1, figsize=(8, 6.5), sharex=True, layout="constrained")
display = LearningRateDisplay(
    learning_rates=test.learning_rates, losses=test.losses, smoothed_losses=test.smoothed_losses,
    suggestion=test.suggestion,
).plot(ax=top)  # fmt: skip
top.set(title="Learning-rate range test", xlabel="", yscale="log")
bottom.plot(rates, scores, "o-")
bottom.axvline(0.001, color="gray", linestyle="--", label="default")
bottom.axvline(test.suggestion, color="black", linestyle=":", label="suggestion")
bottom.set(xlabel="learning rate", ylabel="test accuracy after ten epochs")
bottom.legend(loc="lower right")
plt.show()
