"""A single neuron that separates one digit from all others.

``hidden_layer_sizes=()`` is a network without hidden layers: logistic regression, trained on
batches of 32 rows. Nine of ten rows are negative, and ``class_weight`` gives them the weight 2:
fewer false positives, more false negatives. (Solver, epochs and weight were chosen on a validation
set.)
"""

import numpy as np
import pandas as pd
from _common import fixed_epochs, load_mnist, parse_args, print_table, save_figure
from matplotlib import pyplot as plt
from sklearn.metrics import accuracy_score, recall_score

from skdnn import DNNClassifier

DIGITS = (1, 3)
#: Reference results of a single neuron on MNIST: accuracy, recall, specificity.
REFERENCE = {1: (0.986, 0.9075, 0.9962), 3: (0.960, 0.6525, 0.9945)}


def fit_neuron(X, is_digit, epochs):
    neuron = DNNClassifier.preset(
        "mlp",
        hidden_layer_sizes=(),
        batch_size=32,
        max_iter=epochs,
        n_iter_no_change=np.inf,
        class_weight={False: 2, True: 1},
        random_state=0,
    )
    with fixed_epochs():
        return neuron.fit(X, is_digit)


def test_scores(neuron, X, is_digit):
    predicted = neuron.predict(X)
    return {
        "accuracy": accuracy_score(is_digit, predicted),
        "recall": recall_score(is_digit, predicted),
        "specificity": recall_score(is_digit, predicted, pos_label=False),
    }


def plot_neurons(neurons):
    figure, axes = plt.subplots(
        1, 1 + len(neurons), figsize=(11, 3.6), layout="constrained", width_ratios=[1.4, 1, 1]
    )
    limit = max(abs(neuron.coefs_[0]).max() for neuron in neurons.values())
    for (digit, neuron), ax in zip(neurons.items(), axes[1:], strict=True):
        axes[0].plot(range(1, neuron.n_iter_ + 1), neuron.loss_curve_, label=f"digit {digit}")
        side = int(np.sqrt(neuron.n_features_in_))
        weights = neuron.coefs_[0].reshape(side, side)
        image = ax.imshow(weights, cmap="RdBu_r", vmin=-limit, vmax=limit)
        ax.set(title=f"Weights for digit {digit}", xticks=[], yticks=[])
    axes[0].set(title="Training loss", xlabel="epoch", ylabel="weighted log-loss", ylim=0)
    axes[0].legend()
    axes[0].grid(alpha=0.3)
    axes[0].xaxis.get_major_locator().set_params(integer=True)
    figure.colorbar(image, ax=axes[1:], label="against  ←  weight  →  for")
    return figure


def main(argv=None):
    args = parse_args(__doc__, argv, mnist=True)
    X_train, X_test, y_train, y_test = load_mnist(args.mnist)
    epochs = 20 if args.mnist else 200  # the bundled digits are 45 times fewer
    rows, neurons = [], {}
    for digit in DIGITS:
        neurons[digit] = fit_neuron(X_train, y_train == digit, epochs)
        scores = test_scores(neurons[digit], X_test, y_test == digit)
        rows.append({"digit": digit, "model": "DNNClassifier", **scores})
        if args.mnist:
            reference = dict(zip(scores, REFERENCE[digit], strict=True))
            rows.append({"digit": digit, "model": "reference", **reference})
    table = pd.DataFrame(rows)
    print_table(table)
    save_figure(plot_neurons(neurons), args.output, "single_neuron.png")
    return table


if __name__ == "__main__":
    main()
