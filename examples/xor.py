"""XOR: a problem that needs hidden layers.

Points of the square [-1, 1]² belong to class 1 if their coordinates have the same sign. The
classes are not linearly separable; a network with hidden layers of 6 and 4 units, with or without
dropout, separates them.
"""

import numpy as np
import pandas as pd
from _common import fixed_epochs, parse_args, print_table, save_figure
from matplotlib import pyplot as plt
from sklearn.inspection import DecisionBoundaryDisplay

from skdnn import DNNClassifier

NETWORKS = {
    "no hidden layer": dict(hidden_layer_sizes=()),
    "2-6-4-1": dict(hidden_layer_sizes=(6, 4)),
    "2-6-4-1, dropout 0.2": dict(hidden_layer_sizes=(6, 4), dropout=0.2),
}


def make_xor(n_samples, seed):
    X = np.random.default_rng(seed).uniform(-1, 1, (n_samples, 2))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def fit_network(X, y, params):
    network = DNNClassifier.preset(
        "mlp",
        activation="tanh",
        batch_size=32,
        learning_rate_init=0.03,
        max_iter=100,
        n_iter_no_change=np.inf,
        random_state=0,
        **params,
    )
    with fixed_epochs():
        return network.fit(X, y)


def plot_boundaries(networks, X, y, accuracies):
    figure, axes = plt.subplots(
        1, len(networks), figsize=(12, 4.2), sharey=True, layout="constrained"
    )
    for ax, (name, network), accuracy in zip(axes, networks.items(), accuracies, strict=True):
        display = DecisionBoundaryDisplay.from_estimator(
            network,
            X,
            response_method="predict_proba",
            plot_method="pcolormesh",
            eps=0.05,
            cmap="RdBu_r",
            vmin=0,
            vmax=1,
            ax=ax,
        )
        for label, color in enumerate(("tab:blue", "tab:red")):
            ax.scatter(*X[y == label].T, s=9, color=color, edgecolors="white", linewidths=0.4)
        ax.set(title=f"{name}\ntest accuracy {accuracy:.1%}", xlabel="$x_1$", aspect="equal")
    axes[0].set_ylabel("$x_2$")
    figure.colorbar(display.surface_, ax=axes, label="probability of class 1", shrink=0.9)
    return figure


def main(argv=None):
    args = parse_args(__doc__, argv)
    X_train, y_train = make_xor(2_000, seed=0)
    X_test, y_test = make_xor(10_000, seed=1)
    networks = {name: fit_network(X_train, y_train, params) for name, params in NETWORKS.items()}
    table = pd.DataFrame(
        {
            "network": name,
            "training accuracy": network.score(X_train, y_train),
            "test accuracy": network.score(X_test, y_test),
        }
        for name, network in networks.items()
    )
    print_table(table)
    figure = plot_boundaries(networks, X_test[:300], y_test[:300], table["test accuracy"])
    save_figure(figure, args.output, "xor.png")
    return table


if __name__ == "__main__":
    main()
