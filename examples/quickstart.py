"""The defaults on a mixed table, and a comparison with scikit-learn's MLP.

The table has numeric and categorical columns and missing values: no preprocessing is needed, as in
histogram gradient boosting. Permutation importance shows which columns the network uses.

Then classification and regression in a Pipeline: both libraries get the same data and the same
parameters. With ``early_stopping=True`` training stops when the validation score stops improving;
the figure shows the recorded training curves.
"""

import pandas as pd
from _common import parse_args, print_table, save_figure, timed_fit
from matplotlib import pyplot as plt
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tabular import make_claims

from skdnn import DNNClassifier, DNNRegressor

PARAMS = dict(
    hidden_layer_sizes=(64, 32),
    batch_size=32,
    early_stopping=True,
    n_iter_no_change=30,
    max_iter=500,
    random_state=0,
)
TASKS = {
    "digits": (load_digits, "accuracy", [DNNClassifier, MLPClassifier]),
    "diabetes": (load_diabetes, "R²", [DNNRegressor, MLPRegressor]),
}


def run_defaults():
    """The defaults of both libraries on a data frame, and the permutation importance."""
    X_train, X_test, y_train, y_test = train_test_split(*make_claims(), random_state=0)
    models = [DNNClassifier(random_state=0), HistGradientBoostingClassifier(random_state=0)]
    rows = []
    for model in models:
        clone(model).fit(X_train[:500], y_train[:500])  # untimed, as below
        seconds = timed_fit(model, X_train, y_train)
        probability = model.predict_proba(X_test)[:, 1]
        rows.append(
            {
                "model": type(model).__name__,
                "accuracy": model.score(X_test, y_test),
                "ROC AUC": roc_auc_score(y_test, probability),
                "log-loss": log_loss(y_test, probability),
                "fit seconds": seconds,
            }
        )
    found = permutation_importance(
        models[0], X_test, y_test, scoring="neg_log_loss", n_repeats=3, random_state=0
    )
    importance = pd.Series(found.importances_mean, X_test.columns).sort_values(ascending=False)
    return X_train, pd.DataFrame(rows), importance


def make(estimator):
    """An estimator with scikit-learn's defaults and the common parameters."""
    return getattr(estimator, "preset", lambda _, **params: estimator(**params))("mlp", **PARAMS)


def run(data, load, score_name, estimators):
    """A row of the table for each estimator, and the fitted skdnn network."""
    X_train, X_test, y_train, y_test = train_test_split(*load(return_X_y=True), random_state=0)
    rows, networks = [], []
    for estimator in estimators:
        model = make_pipeline(StandardScaler(), make(estimator))
        clone(model).fit(X_train, y_train)  # untimed: compiles, or loads compiled code from disk
        seconds = timed_fit(model, X_train, y_train)
        networks.append(model[-1])
        rows.append(
            {
                "data": data,
                "model": estimator.__name__,
                "score": score_name,
                "test score": model.score(X_test, y_test),
                "epochs": model[-1].n_iter_,
                "fit seconds": seconds,
            }
        )
    return rows, networks[0]


def plot_curves(networks):
    figure, axes = plt.subplots(2, 2, figsize=(9, 6), sharex="col", layout="constrained")
    for (data, network), (top, bottom) in zip(networks.items(), axes.T, strict=True):
        epochs = range(1, network.n_iter_ + 1)
        best = network.validation_scores_.index(network.best_validation_score_) + 1
        top.plot(epochs, network.loss_curve_, label="training")
        top.plot(epochs, network.validation_loss_curve_, label="validation")
        top.set(title=f"{type(network).__name__}: {data}", ylabel="loss")
        bottom.plot(epochs, network.validation_scores_, color="C1", label="validation")
        bottom.set(xlabel="epoch", ylabel=f"validation {TASKS[data][1]}")
        for ax in (top, bottom):
            ax.axvline(best, color="gray", linestyle=":", label="weights kept")
            ax.legend()
            ax.grid(alpha=0.3)
            ax.xaxis.get_major_locator().set_params(integer=True)
    return figure


def main(argv=None):
    args = parse_args(__doc__, argv)
    X_train, defaults, importance = run_defaults()
    print(f"The defaults on {len(X_train)} rows without preprocessing:\n")
    print(X_train.head(3).to_string(index=False), end="\n\n")
    print_table(defaults)
    print("\nIncrease of the network's log-loss when a column is shuffled:")
    print(", ".join(f"{name} {rise:.3f}" for name, rise in importance.items()))
    print("\nThe same parameters for skdnn and for scikit-learn's MLP, in a Pipeline:\n")
    rows, networks = [], {}
    for data, task in TASKS.items():
        task_rows, networks[data] = run(data, *task)
        rows += task_rows
    table = pd.DataFrame(rows)
    print_table(table)
    print("\nTimes are those of a second fit: the first one also compiles skdnn's kernels,")
    print("or loads them from the disk cache.")
    save_figure(plot_curves(networks), args.output, "quickstart.png")
    return defaults, importance, table


if __name__ == "__main__":
    main()
