"""
Weights: what a neuron looks at, and a sparse first layer
=========================================================

A network without hidden layers has one weight for each input. For images the weights are an image,
too: ink at a pixel is evidence for or against a digit. In deeper networks an L1 penalty on the
weights leaves out the inputs that do not help, which :class:`~skdnn.WeightsDisplay` shows.
"""

import warnings

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skdnn import DNNClassifier, WeightsDisplay

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is chosen

# %%
# Ten neurons, one for each digit: softmax regression on the pixels.

X_train, X_test, y_train, y_test = train_test_split(*load_digits(return_X_y=True), random_state=0)
neurons = DNNClassifier.preset("mlp", hidden_layer_sizes=(), max_iter=200, alpha=3, random_state=0)
neurons.fit(X_train / 16, y_train)
print(f"Test accuracy of ten neurons: {neurons.score(X_test / 16, y_test):.3f}")

weights = neurons.coefs_[0].T.reshape(10, 8, 8)
limit = np.abs(weights).max()
figure, axes = plt.subplots(2, 5, figsize=(10, 4.6), layout="constrained")
for digit, (ax, image) in enumerate(zip(axes.flat, weights, strict=True)):
    shown = ax.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit)
    ax.set(title=f"{digit}", xticks=[], yticks=[])
figure.colorbar(shown, ax=axes, label="against  ←  weight  →  for")
plt.show()

# %%
# The zero has its blue hole, the one its red stroke. Now 30 measurements of tumors, 15 of which are
# shuffled: they are useless. ``alpha`` is the strength of the penalty, ``l1_ratio=1`` makes it L1,
# which sets weights to exactly zero.

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
rng = np.random.default_rng(0)
names = []
for column in X.columns[:15]:
    names += [column, f"{column}, shuffled"]
    X[f"{column}, shuffled"] = rng.permutation(X[column])
X = pd.DataFrame(StandardScaler().fit_transform(X[names]), columns=names)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
networks = {}
for name, penalty in {"no penalty": {"alpha": 0}, "L1": {"alpha": 1.0, "l1_ratio": 1}}.items():
    network = DNNClassifier.preset(
        "mlp", hidden_layer_sizes=(12,), learning_rate_init=0.005, batch_size=32, random_state=0,
        n_iter_no_change=np.inf, max_iter=150, **penalty,
    )  # fmt: skip
    networks[name] = network.fit(X_train, y_train)
    zero = (network.coefs_[0] == 0).mean()
    print(f"{name}: {zero:.0%} of the weights are 0, accuracy {network.score(X_test, y_test):.3f}")

# %%
# A row is an input, a column a hidden unit, and white is 0. The rows of shuffled columns are white
# with the penalty, and so are columns of units that are not needed.

figure, axes = plt.subplots(1, 2, figsize=(12, 8), layout="constrained")
for ax, (name, network) in zip(axes, networks.items(), strict=True):
    WeightsDisplay.from_estimator(network, ax=ax)
    ax.set_title(f"First layer, {name}")
plt.show()
