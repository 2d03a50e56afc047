"""Shapley values: time and error of ``shapley_values`` and of shap's KernelExplainer.

    python benchmarks/shapley.py [--rows 100] [--kernel-rows 3] [--jobs 2]

A DNNRegressor with the defaults is fitted on a generated table of 20 columns with interactions:
once numbers only, once with text and missing values. 100 rows are explained with 100 background
rows. KernelExplainer explains a few of them, with its default number of coalitions (2 * 20 + 2048),
and its time is that of a row. Errors are root mean squares of the difference to values from 60
orders for each background row, in percent of the standard deviation of the values; the rest of the
error of these reference values is printed, too. Takes five minutes on two cores.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
import shap

from skdnn import DNNRegressor, shapley_values

N_BACKGROUND, N_COLUMNS = 100, 20


def make_table(kind, n_samples=3_000, seed=0):
    """Rows and targets with interactions of two and of three columns."""
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n_samples, N_COLUMNS))
    y = Z[:, :10] @ rng.normal(size=10) + Z[:, 0] * Z[:, 1] + np.sin(2 * Z[:, 2]) * Z[:, 3]
    y += Z[:, 4] * Z[:, 5] * Z[:, 6] + np.maximum(Z[:, 7], Z[:, 8])
    X = pd.DataFrame(Z, columns=[f"x{j}" for j in range(N_COLUMNS)])
    if kind == "mixed":
        for j in (1, 3, 5, 9, 12, 15):
            X[f"x{j}"] = np.array(list("abcdefgh"))[np.digitize(Z[:, j], np.linspace(-2, 2, 7))]
        X = X.mask(rng.random(X.shape) < 0.05)
    return X, y + rng.normal(scale=0.3, size=n_samples)


def timed(function, *args, **kwargs):
    start = time.perf_counter()
    found = function(*args, **kwargs)
    return found, time.perf_counter() - start


def kernel_explainer(model, X, background):
    """Values by shap, for which the columns become objects and columns again."""
    dtypes = X.dtypes.to_dict()

    def predict(rows):
        return model.predict(pd.DataFrame(rows, columns=X.columns).astype(dtypes))

    def as_shap(frame):
        is_numeric = len(frame.select_dtypes("number").columns) == frame.shape[1]
        return frame.to_numpy() if is_numeric else frame.astype(object)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explainer = shap.KernelExplainer(predict, as_shap(background))
        return explainer.shap_values(as_shap(X), l1_reg=False, silent=True)


def measure(kind, n_rows, n_kernel, n_jobs):
    X, y = make_table(kind)
    model = DNNRegressor(random_state=0, n_jobs=n_jobs).fit(X[1000:], y[1000:])
    background, rows = X[1000 : 1000 + N_BACKGROUND], X[:n_rows]
    few = rows[:n_kernel]
    shapley_values(model, few, background=background, n_permutations=1)  # loads compiled code
    options = {"background": background, "random_state": 0}
    exact = shapley_values(model, few, background=background, n_permutations=60, random_state=1)
    unit = exact.values.std()
    rest = np.sqrt(np.mean(exact.standard_errors**2)) / unit

    def error(values):
        return np.sqrt(np.mean((values[:n_kernel] - exact.values) ** 2)) / unit

    lines = []
    for n_permutations in (1, 2, 4):
        found, seconds = timed(
            shapley_values, model, rows, n_permutations=n_permutations, **options
        )
        name = f"shapley_values, n_permutations={n_permutations}"
        lines.append((name, seconds / n_rows, error(found.values)))
    values, seconds = timed(kernel_explainer, model, few, background)
    lines.append(("shap.KernelExplainer", seconds / n_kernel, error(values)))
    table = pd.DataFrame(lines, columns=["method", "seconds a row", "error"])
    table["100 rows, s"] = 100 * table["seconds a row"]
    table["times as fast"] = table["seconds a row"].iloc[-1] / table["seconds a row"]
    print(f"\n{kind}: {n_rows} rows, {N_BACKGROUND} background rows, {N_COLUMNS} columns")
    print(table.to_string(index=False, float_format="{:.4f}".format))
    print(f"Standard error of the reference values: {rest:.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--kernel-rows", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    for kind in ("numbers", "mixed"):
        measure(kind, args.rows, args.kernel_rows, args.jobs)


if __name__ == "__main__":
    main()
