"""Generated tables with a known share of noise, in which no kind of model is at home.

Half of the signal is smooth (a wave, a product, straight lines), half has steps (thresholds, boxes,
small trees); columns are normal, skewed, heavy-tailed or whole numbers, some are correlated, and
several have no meaning.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

#: Categories of the columns of the mixed table, from few to many; the last two have no meaning.
LEVELS = (2, 4, 12, 30, 80, 200, 3, 20)
#: Rows held out, which come first.
N_TEST = 20_000
#: Standard deviation of the noise in units of that of the signal: R2 is at most 0.8.
NOISE = 0.5
#: What the signal is multiplied by to be a logit.
LOGIT_SCALE = 2.0


class Table(NamedTuple):
    """Rows to train on and rows held out."""

    X: np.ndarray | pd.DataFrame
    y: np.ndarray
    X_test: np.ndarray | pd.DataFrame
    y_test: np.ndarray


def numbers(rng, n_rows, n_columns):
    """Columns of several distributions; only the first half takes part in the signal."""
    X = rng.standard_normal((n_rows, n_columns), dtype=np.float32)
    X[:, 1] = 0.7 * X[:, 0] + 0.7 * X[:, 1]
    X[:, 3::5] = np.exp(X[:, 3::5])  # skewed
    X[:, 4::5] = np.round(3 * X[:, 4::5])  # whole numbers
    X[:, 7::10] = np.sinh(1.5 * X[:, 7::10])  # heavy tails
    return X


def scaled(values):
    """Mean 0 and variance 1 in the rows held out: no row depends on how many there are."""
    return (values - values[:N_TEST].mean()) / values[:N_TEST].std()


def smooth_part(X):
    return (
        scaled(np.sin(2 * X[:, 0])) + scaled(X[:, 2] * X[:, 5]) + scaled(np.log(X[:, 3]))
        + scaled(X[:, 1] - 0.5 * X[:, 6])
    )  # fmt: skip


def step_part(X, rng):
    steps = np.searchsorted([-1.0, -0.3, 0.1, 0.8], X[:, 2])
    heights = rng.standard_normal(5)
    box = (X[:, 5] > 0) & (X[:, 4] >= 2)
    total = scaled(heights[steps]) + scaled(box) + scaled(X[:, 8] > 1)
    for _ in range(4):
        # A tree of depth 3: one threshold a level, a value for each of the 8 leaves.
        columns = rng.choice(10, 3, replace=False)
        cuts = np.quantile(X[:N_TEST, columns], rng.uniform(0.25, 0.75), axis=0)
        leaves = (X[:, columns] > cuts) @ [1, 2, 4]
        total += 0.7 * scaled(rng.standard_normal(8)[leaves])
    return total


def categories(seed, n_rows):
    """Codes of each column; frequencies fall with the code."""
    found = []
    for column, n_levels in enumerate(LEVELS):
        weights = 1 / np.arange(1, n_levels + 1)
        rng = np.random.default_rng([seed, column])
        found.append(rng.choice(n_levels, n_rows, p=weights / weights.sum()))
    return found


def category_part(X, codes, rng):
    """An effect of each level, and a slope of a number that differs by level."""
    total = sum(scaled(rng.standard_normal(LEVELS[i])[codes[i]]) for i in range(6))
    return total + 2 * scaled(rng.standard_normal(LEVELS[2])[codes[2]] * X[:, 0])


def make_table(kind, task, n_rows):
    """A table by name: the same held-out rows, and the same signal, for any number of rows.

    Parameters
    ----------
    kind : {"numbers", "mixed"}
        20 columns of float32 in an array; or 10 and 8 columns of categories in a data frame.
    task : {"regression", "classification"}
        Two classes.
    n_rows : int
        To train on.
    """
    n_all = N_TEST + n_rows
    # What one generator draws does not depend on the rows that another one has drawn.
    rows, weights, noise = (np.random.default_rng(seed) for seed in range(3))
    X = numbers(rows, n_all, 20 if kind == "numbers" else 10)
    signal = scaled(smooth_part(X)) + scaled(step_part(X, weights))
    if kind == "mixed":
        codes = categories(3, n_all)
        signal = signal + scaled(category_part(X, codes, weights))
        X = as_frame(X, codes)
    signal = scaled(signal)
    if task == "regression":
        y = signal + NOISE * noise.standard_normal(n_all)
    else:
        y = (LOGIT_SCALE * signal + noise.logistic(size=n_all) > 0).astype(np.int64)
    return Table(X[N_TEST:], y[N_TEST:], X[:N_TEST], y[:N_TEST])


def as_frame(X, codes):
    frame = pd.DataFrame(X, columns=[f"number {i}" for i in range(X.shape[1])])
    for i, (n_levels, column) in enumerate(zip(LEVELS, codes, strict=True)):
        names = [f"level {level}" for level in range(n_levels)]
        frame[f"category {i}"] = pd.Categorical.from_codes(column, names)
    return frame
