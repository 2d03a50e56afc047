"""A table with numeric and categorical columns and missing values, tuned by GridSearchCV.

The table is generated: drivers, their cars, and whether they make a claim within a year. The risk
depends on interactions (young drivers of powerful cars, long distances in the city). The network
needs no preprocessing, like gradient boosting; for logistic regression, columns are imputed, scaled
and one-hot encoded. All models are tuned, the network over sizes and dropout.
"""

import numpy as np
import pandas as pd
from _common import parse_args, print_table, save_figure
from matplotlib import pyplot as plt
from scipy.special import expit
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import RocCurveDisplay, accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skdnn import DNNClassifier

REGIONS = {"city": 0.6, "suburb": 0.1, "village": -0.3, "mountains": 0.2}
USES = {"private": -0.2, "commuting": 0.1, "business": 0.6}


def make_claims(n_samples=8_000, seed=0):
    """Table of drivers, and whether they made a claim."""
    rng = np.random.default_rng(seed)
    region = rng.choice(list(REGIONS), n_samples, p=[0.4, 0.3, 0.2, 0.1])
    use = rng.choice(list(USES), n_samples, p=[0.5, 0.35, 0.15])
    age = rng.uniform(18, 85, n_samples).round()
    power = rng.gamma(9, 12, n_samples).round()
    distance = (rng.lognormal(2.5, 0.5, n_samples) * (1 + (use == "business"))).round(1)
    car_age = rng.exponential(6, n_samples).round()
    years_without_claim = (rng.uniform(0, 1, n_samples) * (age - 18)).round()

    risk = (
        -1.2
        + pd.Series(region).map(REGIONS).to_numpy()
        + pd.Series(use).map(USES).to_numpy()
        + 2.5 * expit((27 - age) / 3) * (power - 60) / 50
        + 1.5 * expit((age - 72) / 3)
        + 0.06 * (distance - 12) * np.where(region == "city", 1.5, 0.3)
        - 0.9 * np.tanh(years_without_claim / 8)
        + 0.5 * np.sin(car_age / 3) * (use != "private")
    )
    table = pd.DataFrame(
        {
            "age": age,
            "power": power,
            "distance": distance,
            "car_age": car_age,
            "years_without_claim": years_without_claim,
            "region": pd.Categorical(region),
            "use": pd.Categorical(use),
        }
    )
    for column in ("distance", "car_age", "use"):
        table.loc[rng.uniform(size=n_samples) < 0.08, column] = np.nan
    return table, (rng.uniform(size=n_samples) < expit(1.5 * risk)).astype(int)


def make_preprocessor():
    """Preprocessing for logistic regression."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    categories = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="unknown"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    return make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (categories, make_column_selector(dtype_include="category")),
    )


def make_searches():
    candidates = {
        "logistic regression": (
            make_pipeline(make_preprocessor(), LogisticRegression(max_iter=1000)),
            {"logisticregression__C": [0.01, 0.1, 1, 10]},
        ),
        "gradient boosting": (
            HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0),
            {"learning_rate": [0.03, 0.1], "max_leaf_nodes": [7, 15, 31]},
        ),
        "DNNClassifier": (
            DNNClassifier(random_state=0),
            {"hidden_layer_sizes": [(32, 32), (64, 64)], "dropout": [0.2, 0.4]},
        ),
    }
    return {
        name: GridSearchCV(model, grid, scoring="neg_log_loss", cv=3, n_jobs=2)
        for name, (model, grid) in candidates.items()
    }


def plot_roc(probabilities, y):
    figure, ax = plt.subplots(figsize=(5.5, 5.7), layout="constrained")
    for name, probability in probabilities.items():
        RocCurveDisplay.from_predictions(y, probability, name=name, ax=ax)
    ax.plot([0, 1], [0, 1], ":", color="gray", label="chance")
    ax.set(title="ROC curves on the test set", xlabel="false positive rate")
    ax.set_ylabel("true positive rate")
    ax.legend(loc="lower right")
    ax.grid(alpha=0.3)
    return figure


def main(argv=None):
    args = parse_args(__doc__, argv, rows=8_000)
    X_train, X_test, y_train, y_test = train_test_split(*make_claims(args.rows), random_state=0)
    rows, probabilities, best = [], {}, {}
    for name, search in make_searches().items():
        search.fit(X_train, y_train)
        probability = probabilities[name] = search.predict_proba(X_test)[:, 1]
        best[name] = {key.split("__")[-1]: value for key, value in search.best_params_.items()}
        rows.append(
            {
                "model": name,
                "accuracy": accuracy_score(y_test, probability > 0.5),
                "ROC AUC": roc_auc_score(y_test, probability),
                "log-loss": log_loss(y_test, probability),
            }
        )
    table = pd.DataFrame(rows)
    print(
        f"{len(X_train)} training rows, {len(X_test)} test rows, {y_test.mean():.0%} with a claim\n"
    )
    print_table(table)
    print("\nBest parameters")
    for name, params in best.items():
        print(f"  {name}: " + ", ".join(f"{key}={value}" for key, value in params.items()))
    save_figure(plot_roc(probabilities, y_test), args.output, "tabular.png")
    return table


if __name__ == "__main__":
    main()
