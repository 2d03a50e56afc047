"""
XOR: why hidden layers
======================

Points of the square [-1, 1]² belong to class 1 if their coordinates have the same sign. No straight
line separates the classes: a network without hidden layers is as good as a coin. Hidden layers of 6
and 4 units, with or without dropout, separate them.
"""

import warnings

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import DecisionBoundaryDisplay

from skdnn import DNNClassifier

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is chosen


def make_xor(n_samples, seed):
    X = np.random.default_rng(seed).uniform(-1, 1, (n_samples, 2))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


X_train, y_train = make_xor(2_000, seed=0)
X_test, y_test = make_xor(10_000, seed=1)

# %%
# The preset "mlp" has the defaults of scikit-learn's MLP: the inputs are the coordinates as they
# are. (The defaults of skdnn would encode them.)

networks = {
    "no hidden layer": dict(hidden_layer_sizes=()),
    "2-6-4-1": dict(hidden_layer_sizes=(6, 4)),
    "2-6-4-1, dropout 0.2": dict(hidden_layer_sizes=(6, 4), dropout=0.2),
}
common = dict(activation="tanh", batch_size=32, learning_rate_init=0.03, random_state=0)
for name, params in networks.items():
    network = DNNClassifier.preset("mlp", max_iter=100, n_iter_no_change=np.inf, **common, **params)
    networks[name] = network.fit(X_train, y_train)
table = pd.DataFrame(
    {
        "training accuracy": [each.score(X_train, y_train) for each in networks.values()],
        "test accuracy": [each.score(X_test, y_test) for each in networks.values()],
    },
    index=list(networks),
)
print(table.round(3).to_string())

# %%
# The color is the predicted probability, white is one half: there the prediction changes.

figure, axes = plt.subplots(1, 3, figsize=(12, 4.2), sharey=True, layout="constrained")
for ax, (name, network) in zip(axes, networks.items(), strict=True):
    display = DecisionBoundaryDisplay.from_estimator(
        network, X_test, response_method="predict_proba", plot_method="pcolormesh", eps=0.05,
        cmap="RdBu_r", vmin=0, vmax=1, alpha=0.6, ax=ax,
    )  # fmt: skip
    for label, color in enumerate(("tab:blue", "tab:red")):
        points = X_test[:300][y_test[:300] == label].T
        ax.scatter(*points, s=12, color=color, edgecolors="white", linewidths=0.4)
    accuracy = table.loc[name, "test accuracy"]
    ax.set(title=f"{name}\ntest accuracy {accuracy:.1%}", xlabel="$x_1$", aspect="equal")
axes[0].set_ylabel("$x_2$")
figure.colorbar(display.surface_, ax=axes, label="probability of class 1", shrink=0.9)
plt.show()
