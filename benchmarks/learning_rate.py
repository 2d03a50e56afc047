"""Rules that suggest a learning rate from a range test, compared by cross-validation.

    python benchmarks/learning_rate.py [--jobs 2] [--quick]

For each problem (data, network, solver, way of training) the three-fold cross-validation score is
computed on a grid of learning rates; all other parameters are those of ``preset("mlp")``. The
regret of a rule is the best score on the grid minus the score at the suggested rate, interpolated
on the grid, for three range tests with different random states. Scores are accuracy or R2, clipped
at 0. Takes ten minutes on one core.
"""

import argparse
import warnings
from itertools import product

import numpy as np
from joblib import Parallel, delayed
from sklearn import datasets
from sklearn.base import is_classifier
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.preprocessing import scale

from skdnn import DNNClassifier, DNNRegressor, find_learning_rate

RATES = np.logspace(-5, 0.5, 12)
NETWORKS = [(10,), (100,), (128, 128, 64)]
WAYS = {
    "default": {},
    "early stopping": {"early_stopping": True},
    "batch of 32": {"batch_size": 32, "max_iter": 100},
    "20 epochs": {"max_iter": 20},
}


def load():
    """Data by name, with scaled columns; integer targets are classes."""
    loaders = {
        "digits": datasets.load_digits,
        "breast_cancer": datasets.load_breast_cancer,
        "wine": datasets.load_wine,
        "diabetes": datasets.load_diabetes,
    }
    data = {name: loader(return_X_y=True) for name, loader in loaders.items()}
    data["blobs"] = datasets.make_classification(
        4000, 20, n_informative=8, n_classes=3, flip_y=0.05, random_state=0
    )
    data["moons"] = datasets.make_moons(1000, noise=0.25, random_state=0)
    data["friedman"] = datasets.make_friedman1(3000, noise=1.0, random_state=0)
    data["linear"] = datasets.make_regression(1000, 30, noise=20.0, random_state=0)
    for name in ("diabetes", "friedman", "linear"):
        X, y = data[name]
        data[name] = X, scale(y)
    data["diabetes, y as it is"] = datasets.load_diabetes(return_X_y=True)
    return {name: (scale(X), y) for name, (X, y) in data.items()}


def moving_average(losses, decay):
    """Exponential moving average with bias correction."""
    weights = decay ** np.arange(len(losses))
    return np.array(
        [
            weights[: i + 1][::-1] @ losses[: i + 1] / weights[: i + 1].sum()
            for i in range(len(losses))
        ]
    )


def half_way(display):
    """Like skdnn's rule, but on a linear scale."""
    losses = display.smoothed_losses
    return display.learning_rates[(losses <= (losses[0] + losses.min()) / 2).argmax()]


def tenth_of_least(display):
    return display.learning_rates[moving_average(display.losses, 0.98).argmin()] / 10


def steepest(display):
    end = max(int(display.smoothed_losses.argmin()), 1) + 1
    return display.learning_rates[np.gradient(display.smoothed_losses[:end]).argmin()]


def valley(display):
    """The middle of the longest decreasing subsequence of the losses."""
    losses = display.losses[len(display.losses) // 10 :]
    length, first = np.ones(len(losses), dtype=int), np.arange(len(losses))
    for i in range(len(losses)):
        before = np.flatnonzero(losses[:i] > losses[i])
        if len(before):
            j = before[length[before].argmax()]
            length[i], first[i] = length[j] + 1, first[j]
    end = length.argmax()
    return display.learning_rates[len(display.losses) // 10 + (first[end] + end) // 2]


RULES = {
    "half way, logarithmic (skdnn)": lambda display: display.suggestion,
    "half way": half_way,
    "steepest fall": steepest,
    "a tenth of the least": tenth_of_least,
    "middle of the valley": valley,
    "0.01": lambda display: 0.01,
    "0.001": lambda display: 0.001,
}


def losses_of_score(X, y, params):
    """Regret of each rule on one problem, (n_rules, 3)."""
    warnings.simplefilter("ignore")
    is_labels = np.issubdtype(y.dtype, np.integer)
    cls = DNNClassifier if is_labels else DNNRegressor
    model = cls.preset("mlp", random_state=0, **params)
    folds = (StratifiedKFold if is_classifier(model) else KFold)(3, shuffle=True, random_state=0)
    scores = []
    for rate in RATES:
        model.set_params(learning_rate_init=rate)
        try:
            scores.append(cross_val_score(model, X, y, cv=folds, error_score=0.0).clip(0).mean())
        except ValueError:  # all fits diverged
            scores.append(0.0)
    tests = [find_learning_rate(model, X, y, random_state=seed) for seed in range(3)]
    rates = [[rule(test) for test in tests] for rule in RULES.values()]
    return max(scores) - np.interp(np.log(rates), np.log(RATES), scores)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="small networks and default way only")
    args = parser.parse_args()
    networks, ways = (NETWORKS[:2], ["default"]) if args.quick else (NETWORKS, list(WAYS))
    problems = list(product(load().values(), networks, ["adam", "sgd"], ways))
    lost = Parallel(args.jobs)(
        delayed(losses_of_score)(
            X, y, {"hidden_layer_sizes": network, "solver": solver, **WAYS[way]}
        )
        for (X, y), network, solver, way in problems
    )
    lost = np.array(lost)
    print(f"{len(problems)} problems, three range tests each: regret (loss of score)\n")
    print("| rule | mean | " + " | ".join(ways) + " | 90th percentile | maximum |")
    print("|---" * (len(ways) + 4) + "|")
    for i, rule in enumerate(RULES):
        all_ways = lost[:, i]
        means = [all_ways.mean()]
        means += [all_ways[[p[3] == way for p in problems]].mean() for way in ways]
        cells = [*means, np.quantile(all_ways, 0.9), all_ways.max()]
        print(f"| {rule} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |")


if __name__ == "__main__":
    main()
