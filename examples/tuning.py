"""Hyper-parameter tuning on a mixed table: random search and successive halving.

The candidates are drawn from ``search_space``. A random search trains all of them to the end;
successive halving trains them for some epochs, drops the worse half, and so on. scikit-learn's
implementation trains from scratch each time, with a shorter schedule; with ``partial_fit`` training
is continued.
"""

import time

import numpy as np
import pandas as pd
from _common import parse_args, print_table, save_figure
from matplotlib import pyplot as plt
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import (
    HalvingRandomSearchCV,
    ParameterSampler,
    RandomizedSearchCV,
    train_test_split,
)
from tabular import make_claims

from skdnn import DNNClassifier, search_space

N_TEST = 4000

#: Fractions of the training at which a cycle of the default schedule "coslog4" ends and the
#: learning rate is almost zero: scores of these epochs can be compared.
RUNGS = [1 / 15, 3 / 15, 7 / 15, 1]


def random_search(model, space, X, y, *, candidates, epochs):
    """Train all candidates for all epochs."""
    search = RandomizedSearchCV(
        model.set_params(max_iter=epochs), space, n_iter=candidates, scoring="neg_log_loss", cv=2,
        refit=False, random_state=0,
    )  # fmt: skip
    search.fit(X, y)
    return search.best_params_, 2 * candidates * epochs, search.cv_results_


def halving_search(model, space, X, y, *, candidates, epochs):
    """Half of the candidates, twice as many epochs, three times, each time from scratch."""
    search = HalvingRandomSearchCV(
        model, space, n_candidates=candidates, factor=2, resource="max_iter",
        min_resources=max(1, epochs // 8), max_resources=epochs, scoring="neg_log_loss", cv=2,
        refit=False, random_state=0,
    )  # fmt: skip
    search.fit(X, y)
    best = {name: search.best_params_[name] for name in space}
    return best, 2 * search.cv_results_["n_resources"].sum(), search.cv_results_


def halving_by_partial_fit(model, space, X, y, *, candidates, epochs):
    """Drop the worse half, by the best epoch so far, at each rung; continue with the others.

    A call of ``partial_fit`` is one epoch of the schedule over ``max_iter`` epochs. It does not
    hold out rows (``early_stopping`` is False or "auto"): the validation set is split off here.
    """
    X, X_val, y, y_val = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
    parameters = list(ParameterSampler(space, candidates, random_state=0))
    models = [clone(model).set_params(max_iter=epochs, **each) for each in parameters]
    losses = [[] for _ in models]
    rungs = {max(1, round(share * epochs)) for share in RUNGS}
    alive = list(range(candidates))
    for epoch in range(1, epochs + 1):
        for i in alive:
            models[i].partial_fit(X, y, classes=np.unique(y))
            losses[i].append(log_loss(y_val, models[i].predict_proba(X_val)))
        if epoch in rungs:
            alive = sorted(alive, key=lambda i: min(losses[i]))[: max(1, len(alive) // 2)]
    return parameters[alive[0]], sum(map(len, losses)), losses


SEARCHES = {
    "random": random_search,
    "halving, scikit-learn": halving_search,
    "halving, partial_fit": halving_by_partial_fit,
}


def plot(results, losses, epochs):
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    points = left.scatter(
        results["param_learning_rate_init"].astype(float),
        -results["mean_test_score"],
        c=results["param_dropout"].astype(float),
        s=60,
    )
    figure.colorbar(points, ax=left, label="dropout")
    left.set(title="Random search", xlabel="learning_rate_init", xscale="log")
    left.set_xticks([0.002, 0.005, 0.01, 0.02, 0.05], ["0.002", "0.005", "0.01", "0.02", "0.05"])
    left.minorticks_off()
    left.set_ylabel("log-loss, cross-validated")
    for curve in losses:
        color, end = ("C0", "o") if len(curve) == epochs else ("gray", "x")
        right.plot(np.arange(1, len(curve) + 1), curve, color=color, alpha=0.8)
        right.plot(len(curve), curve[-1], end, color=color)
    right.set(
        title="Halving by partial_fit (x: dropped)", xlabel="epoch", ylabel="log-loss, validation"
    )
    right.set_ylim(top=np.quantile(np.concatenate(losses), 0.95))
    for ax in (left, right):
        ax.grid(alpha=0.3)
    return figure


def main(argv=None):
    args = parse_args(__doc__, argv, rows=1000, candidates=16, epochs=60)
    X, X_test, y, y_test = train_test_split(
        *make_claims(args.rows + N_TEST), train_size=args.rows, random_state=0
    )
    model = DNNClassifier(n_members=2, scoring="loss", random_state=0)
    space = search_space(model)
    found, details = {"none: the defaults": ({}, 0, 0.0)}, {}
    for name, search in SEARCHES.items():
        start = time.perf_counter()
        best, trained, details[name] = search(
            clone(model), space, X, y, candidates=args.candidates, epochs=args.epochs
        )
        found[name] = best, trained, time.perf_counter() - start
    rows = []
    for name, (best, trained, seconds) in found.items():
        final = clone(model).set_params(max_iter=args.epochs, **best).fit(X, y)
        probability = final.predict_proba(X_test)[:, 1]
        rows.append(
            {
                "search": name,
                "epochs": trained,
                "seconds": seconds,
                "log-loss": log_loss(y_test, probability),
                "accuracy": accuracy_score(y_test, probability > 0.5),
            }
        )
    table = pd.DataFrame(rows)
    print(f"{len(X)} rows for tuning and training, {len(X_test)} test rows\n")
    print_table(table)
    print("\nBest parameters")
    for name, (best, _, _) in list(found.items())[1:]:
        shown = (f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in best.items())
        print(f"  {name}: " + ", ".join(shown))
    figure = plot(details["random"], details["halving, partial_fit"], args.epochs)
    save_figure(figure, args.output, "tuning.png")
    return table


if __name__ == "__main__":
    main()
