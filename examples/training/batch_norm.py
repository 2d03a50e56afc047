"""
Batch normalization and depth
=============================

Deep networks of saturating units are hard to train: the gradients of the first layers vanish. Batch
normalization keeps the inputs of each layer in the range where the units respond.
"""

import warnings

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skdnn import DNNClassifier

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is chosen
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)

# %%
# Networks of 1 to 9 hidden layers with 32 logistic units each, as in scikit-learn's MLP but for the
# normalization, for 30 epochs.

depths = [1, 2, 4, 6, 9]
rows, curves = [], {}
for normalization in (None, "batch"):
    for depth in depths:
        network = DNNClassifier.preset(
            "mlp", hidden_layer_sizes=(32,) * depth, activation="logistic", batch_size=32,
            learning_rate_init=0.01, normalization=normalization, max_iter=30,
            n_iter_no_change=np.inf, random_state=0,
        ).fit(X_train, y_train)  # fmt: skip
        name = "batch normalization" if normalization else "none"
        rows.append([name, depth, network.score(X_test, y_test)])
        curves[name, depth] = network.loss_curve_
table = pd.DataFrame(rows, columns=["normalization", "layers", "accuracy"])
table = table.pivot(index="layers", columns="normalization", values="accuracy")
print("Test accuracy", table.round(3).to_string(), sep="\n")

# %%
# Without normalization deep networks stay at a tenth, the accuracy of a guess: their loss does not
# move. With it they learn at every depth.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.3), layout="constrained")
styles = {"none": "o:", "batch normalization": "s-"}
for name, style in styles.items():
    left.plot(depths, table[name], style, label=name)
    right.plot(range(1, 31), curves[name, 6], style[1:], label=name)
left.axhline(0.1, color="gray", linewidth=1)
left.annotate("guess", (1, 0.1), xytext=(0, 3), textcoords="offset points")
left.set(xlabel="hidden layers", ylabel="test accuracy", ylim=(0, 1.02), xticks=depths)
left.legend(loc="center left")
right.set(xlabel="epoch", ylabel="training log-loss", title="Six hidden layers", ylim=0)
right.legend(loc="center right")
plt.show()
