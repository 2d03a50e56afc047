"""Accuracy of the defaults on your tables, compared with gradient boosting and scikit-learn's MLP.

    python benchmarks/accuracy.py --data DIR [--seeds 0,1,2] [--cap 5000] [--out results.jsonl]
        [--models default,best,mlp,hgb,lightgbm,catboost,realmlp] [--tables a,b] [--page README.md]

DIR contains a file for each table, NAME.parquet (read by pyarrow) or NAME.csv, with any number of
rows in any order:

* The target is the column "target", or the last column if there is none. A target of floats is
  regression, any other (integers, strings, categories, bool) classification; each class should have
  at least twenty rows. Rows without a target are left out.
* Columns of numbers are numeric, all others (strings, categories, bool) are categorical. Values may
  be missing. The table should not contain identifiers.

Each table is split 80/20 by each seed, stratified by class, and at most ``cap`` rows of either side
are used. All models get the same rows of the same data frame:

* default: ``DNNClassifier()`` or ``DNNRegressor()``; best: ``preset("best")``;
* mlp: scikit-learn's MLP with early stopping, imputation, scaling, one-hot encoding and a scaled
  target;
* hgb: scikit-learn's histogram gradient boosting, the reference, which is always run; categories
  beyond the 254 most frequent ones of a column are merged;
* lightgbm, catboost, realmlp (RealMLP-TD of pytabkit, missing numbers imputed by the median): if
  they are installed and listed in ``--models``.

All models have default parameters, ``random_state`` is the seed, and ``OMP_NUM_THREADS`` limits the
threads. Results in the result file are not computed again.

The error is 1 - accuracy, or the root mean squared error divided by the standard deviation of the
test targets. The score of a model is the geometric mean over the tables (over the seeds first) of
``(error + 0.005) / (error of hgb + 0.005)``: below 1 is better than the reference. A table is won
if its ratio is below 1; a tie counts half. Log-loss is a geometric mean of ratios, AUC a mean of
differences; times are medians over all fits, with ratios of these medians. Processor seconds are
those of all threads together; "by table" is the median over the tables of their ratio, mean over
the seeds. For networks, the last lines compare the seconds of an epoch in the last eighth of a fit
with those in the first.
"""

import argparse
import json
import time
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
from _speed import defaults
from _speed.environment import start_anew_without_limits
from _speed.machine import describe
from _speed.tables import fill, machine, table, times
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

import skdnn

#: Added to both errors of a ratio: smaller differences are noise.
OFFSET = 0.005
REFERENCE = "hgb"
NUMBERS = make_column_selector(dtype_include="number")
CATEGORIES = make_column_selector(dtype_include="category")


def load(path):
    """Columns, targets, and whether it is regression; classes are encoded as integers from 0."""
    data = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    name = "target" if "target" in data else data.columns[-1]
    data = data[data[name].notna()].reset_index(drop=True)
    y = data.pop(name)
    for column, values in data.items():
        if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            data[column] = values.map(str, na_action="ignore").astype("category")
    if pd.api.types.is_float_dtype(y):
        return data, y.to_numpy(np.float64), True
    return data, pd.factorize(y, sort=True)[0], False


def split(X, y, is_regression, seed, cap):
    """Training and test rows: X, X_test, y, y_test."""
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=0.2, random_state=seed, stratify=None if is_regression else y
    )
    return X[:cap], X_test[:cap], y[:cap], y_test[:cap]


# ---------------------------------------------------------------- models


def make_default(X, is_regression, seed):
    return defaults.default(is_regression, seed)


def make_best(X, is_regression, seed):
    return defaults.best(is_regression, seed)


def make_mlp(X, is_regression, seed):
    mlp = MLPRegressor if is_regression else MLPClassifier
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    categories = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=5, sparse_output=False
    )
    model = make_pipeline(
        make_column_transformer((numbers, NUMBERS), (categories, CATEGORIES)),
        mlp(early_stopping=True, random_state=seed),
    )
    return (
        TransformedTargetRegressor(model, transformer=StandardScaler()) if is_regression else model
    )


def make_hgb(X, is_regression, seed):
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan,
        max_categories=255,
    )  # fmt: skip
    return make_pipeline(
        make_column_transformer((codes, CATEGORIES), remainder="passthrough"),
        defaults.hgb(is_regression, seed, categorical_features=range(len(CATEGORIES(X)))),
    )


def make_lightgbm(X, is_regression, seed):
    return defaults.lightgbm(is_regression, seed)


def make_catboost(X, is_regression, seed):
    categories = CATEGORIES(X)

    def as_strings(X):
        # Missing values are a category: CatBoost accepts only strings.
        return X.assign(**{name: X[name].astype(object).fillna("").map(str) for name in categories})

    return make_pipeline(
        FunctionTransformer(as_strings), defaults.catboost(is_regression, seed, categories)
    )


def make_realmlp(X, is_regression, seed):
    def imputed(X_new):
        return X_new.fillna(medians)

    medians = X[NUMBERS(X)].median()
    return make_pipeline(FunctionTransformer(imputed), defaults.realmlp(is_regression, seed))


MODELS = {
    "default": make_default,
    "best": make_best,
    "mlp": make_mlp,
    "hgb": make_hgb,
    "lightgbm": make_lightgbm,
    "catboost": make_catboost,
    "realmlp": make_realmlp,
}


def is_available(name):
    if name == "best":
        try:
            skdnn.DNNClassifier.preset("best")
        except ValueError:
            return False
    return defaults.is_installed(name)


# ---------------------------------------------------------------- measurement


def epoch_growth(seconds):
    """Median seconds of an epoch in the last eighth of a fit over those in the first eighth."""
    n_epochs = max(1, len(seconds) // 8)
    return float(np.median(seconds[-n_epochs:]) / np.median(seconds[:n_epochs]))


def measure(model, parts, is_regression, n_classes):
    """Fit, predict, and compare with the test targets."""
    X, X_test, y, y_test = parts
    start, used = time.perf_counter(), time.process_time()
    model.fit(X, y)
    fitted, used = time.perf_counter(), time.process_time() - used
    prediction = (model.predict if is_regression else model.predict_proba)(X_test)
    seconds = {"fit_seconds": fitted - start, "processor_seconds": used}
    seconds["predict_seconds"] = time.perf_counter() - fitted
    if hasattr(model, "history_"):
        seconds["epoch_growth"] = epoch_growth(model.history_["seconds"])
    if is_regression:
        rmse = np.sqrt(np.mean((np.ravel(prediction) - y_test) ** 2))
        return {"error": float(rmse / y_test.std()), **seconds}
    # Classes that are not in the training rows have no column.
    proba = np.zeros((len(y_test), n_classes))
    proba[:, model.classes_.astype(int)] = prediction
    proba /= proba.sum(axis=1, keepdims=True)
    found = {"error": float((proba.argmax(axis=1) != y_test).mean())}
    found["log_loss"] = float(log_loss(y_test, proba, labels=np.arange(n_classes)))
    if n_classes == 2:
        found["auc"] = float(roc_auc_score(y_test, proba[:, 1]))
    return {**found, **seconds}


def key(result):
    return tuple(result[name] for name in ("table", "seed", "cap", "model"))


def read(path):
    """Results of a result file; later ones replace earlier ones."""
    if path is None or not path.exists():
        return {}
    results = map(json.loads, path.read_text().splitlines())
    return {key(result): result for result in results}


def run(options, models):
    """All requested results, including those of the file."""
    known, wanted = read(options.out), {}
    for path in options.files:
        X, y, is_regression = load(path)
        for seed in options.seeds:
            parts = split(X, y, is_regression, seed, options.cap)
            for name in models:
                result = {"table": path.stem, "seed": seed, "cap": options.cap, "model": name}
                result = wanted[key(result)] = known.get(key(result), result)
                if "error" in result:
                    continue
                result.pop("failure", None)
                result.update(task="regression" if is_regression else "classification")
                result.update(rows=len(parts[0]), columns=X.shape[1])
                try:
                    model = MODELS[name](parts[0], is_regression, seed)
                    n_classes = 0 if is_regression else int(y.max()) + 1
                    result.update(measure(model, parts, is_regression, n_classes))
                except Exception as failure:  # of one model on one table: the others go on
                    result["failure"] = f"{type(failure).__name__}: {failure}"
                print(json.dumps(result), flush=True)
                if options.out:
                    with options.out.open("a") as file:
                        file.write(json.dumps(result) + "\n")
    return list(wanted.values())


# ---------------------------------------------------------------- tables


def by_table(results, model, compare):
    """Mean over the seeds of ``compare(result, reference)``, for each table that has both."""
    found = {(r["model"], r["table"], r["seed"], r["cap"]): r for r in results if "error" in r}
    values = defaultdict(list)
    for (name, *place), result in found.items():
        reference = found.get((REFERENCE, *place))
        if name == model and reference is not None:
            values[result["table"]].append(compare(result, reference))
    return np.array([np.mean(each) for each in values.values() if not np.isnan(each).any()])


def log_ratio(result, reference):
    return np.log((result["error"] + OFFSET) / (reference["error"] + OFFSET))


def log_loss_ratio(result, reference):
    if "log_loss" not in result:
        return np.nan
    return np.log(result["log_loss"] / reference["log_loss"])


def auc_difference(result, reference):
    return result.get("auc", np.nan) - reference.get("auc", np.nan)


def of_task(task):
    return lambda result, reference: (
        log_ratio(result, reference) if result["task"] == task else np.nan
    )


def mean(values, form, transform=float):
    return format(transform(values.mean()), form) if values.size else ""


def median_times(values):
    return times(np.median(values)) if values.size else ""


def median_seconds(results, model, field):
    """Of all fits; NaN if a file of results is older than the field."""
    return np.median(
        [r.get(field, np.nan) for r in results if r["model"] == model and "error" in r]
    )


def seconds_cells(results, model, field):
    """Median, and times that of the reference."""
    seconds = median_seconds(results, model, field)
    if np.isnan(seconds):
        return ["", ""]
    return [f"{seconds:.2f}", times(seconds / median_seconds(results, REFERENCE, field))]


def processor_ratio(result, reference):
    return result.get("processor_seconds", np.nan) / reference.get("processor_seconds", np.nan)


def growth_line(results, model):
    """Whether epochs get slower in the course of a fit, and where most."""
    found = defaultdict(list)
    for result in results:
        if result["model"] == model and "epoch_growth" in result:
            found[result["table"]].append(result["epoch_growth"])
    if not found:
        return ""
    means = {table: np.mean(values) for table, values in found.items()}
    most = max(means, key=means.get)
    return (
        f"{model}: seconds of an epoch, last eighth of a fit over the first: median "
        f"{np.median(list(means.values())):.2f}, most {means[most]:.2f} ({most})"
    )


def summary(results, models):
    """Markdown table with a row for each model."""
    head = [
        "model", "tables", "score", "classification", "regression", "won", "log-loss", "AUC",
        "fit seconds", "/ hgb", "processor seconds", "/ hgb", "/ hgb by table",
    ]  # fmt: skip
    rows = []
    for model in models:
        ratios = by_table(results, model, log_ratio)
        if not ratios.size:
            continue
        won = (ratios < 0) + 0.5 * (ratios == 0)
        rows.append(
            [
                model,
                str(ratios.size),
                mean(ratios, ".3f", np.exp),
                mean(by_table(results, model, of_task("classification")), ".3f", np.exp),
                mean(by_table(results, model, of_task("regression")), ".3f", np.exp),
                "" if model == REFERENCE else mean(won, ".0%"),
                mean(by_table(results, model, log_loss_ratio), ".3f", np.exp),
                mean(by_table(results, model, auc_difference), "+.4f"),
                *seconds_cells(results, model, "fit_seconds"),
                *seconds_cells(results, model, "processor_seconds"),
                median_times(by_table(results, model, processor_ratio)),
            ]
        )
    return table(head, rows)


def parse(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of tables")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--cap", type=int, default=5000, help="maximum rows of either side")
    parser.add_argument("--models", default="default,best,mlp,hgb")
    parser.add_argument("--tables", default="", help="names without suffix; default: all")
    parser.add_argument("--out", type=Path, help="JSON lines to read and extend")
    parser.add_argument("--page", type=Path, help="page whose table is updated")
    options = parser.parse_args(argv)
    options.seeds = [int(seed) for seed in options.seeds.split(",")]
    names = [name for name in options.tables.split(",") if name]
    files = [p for p in sorted(options.data.iterdir()) if p.suffix in (".parquet", ".csv")]
    options.files = [p for p in files if not names or p.stem in names]
    if missing := set(names) - {p.stem for p in files}:
        parser.error(f"no table of the name {sorted(missing)} in {options.data}")
    options.models = options.models.split(",")
    if unknown := set(options.models) - set(MODELS):
        parser.error(f"no model {sorted(unknown)}; there are {list(MODELS)}")
    return options


def main(argv=None):
    options = parse(argv)
    models = [name for name in options.models if is_available(name)]
    for name in set(options.models) - set(models):
        print(f"{name} is not available and left out")
    models += [] if REFERENCE in models else [REFERENCE]
    print(machine(describe()))
    skdnn.warmup()  # compiled ahead, not in a fit that is timed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = run(options, models)
    for result in results:
        if "failure" in result:
            print(f"{result['model']} failed on {result['table']}: {result['failure']}")
    text = summary(results, models)
    print(f"\n{text}\n")
    for line in filter(None, (growth_line(results, model) for model in models)):
        print(line)
    if options.page:
        options.page.write_text(fill(options.page.read_text(), {"accuracy": text}))
    return results


if __name__ == "__main__":
    start_anew_without_limits()
    main()
