"""Inspection of a network: permutation importance, partial dependence and embeddings.

The network is trained on the claims of examples/tabular.py, which have numeric and categorical
columns and missing values. Permutation importance shows which columns are important, partial
dependence their effect on the prediction, and the embeddings what the first layer receives.
"""

import pandas as pd
from _common import parse_args, print_table, save_figure
from matplotlib import pyplot as plt
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.model_selection import train_test_split
from tabular import make_claims

from skdnn import DNNClassifier, EmbeddingDisplay


def importances(model, X, y):
    """Increase of the log-loss when the values of a column are shuffled."""
    result = permutation_importance(model, X, y, scoring="neg_log_loss", random_state=0)
    table = pd.DataFrame(
        {
            "column": X.columns,
            "missing": X.isna().mean(),
            "importance": result.importances_mean,
            "std": result.importances_std,
        }
    )
    return table.sort_values("importance", ascending=False)


def plot_columns(model, X):
    figure, axes = plt.subplots(2, 3, figsize=(12, 7), layout="constrained")
    number, category = "age", "region"
    PartialDependenceDisplay.from_estimator(
        model,
        X[:500],
        [number, category],
        categorical_features=[category],
        grid_resolution=40,
        ax=axes[0, :2],
    )
    for ax, title in zip(axes[0], ("of a number", "of a category"), strict=False):
        ax.set_title(f"Partial dependence {title}")
    embeddings = {(0, 2): "car_age", (1, 0): number, (1, 1): category, (1, 2): "use"}
    for place, column in embeddings.items():
        ax = axes[place]
        EmbeddingDisplay.from_estimator(model, column, ax=ax)
        ax.set_title(f"Embedding of {column}")
    return figure


def main(argv=None):
    args = parse_args(__doc__, argv, rows=8_000)
    X_train, X_test, y_train, y_test = train_test_split(*make_claims(args.rows), random_state=0)
    model = DNNClassifier(random_state=0).fit(X_train, y_train)
    print(f"Accuracy on {len(X_test)} test rows: {model.score(X_test, y_test):.3f}\n")
    table = importances(model, X_test, y_test)
    print_table(table)
    save_figure(plot_columns(model, X_test), args.output, "inspection.png")
    return table


if __name__ == "__main__":
    main()
