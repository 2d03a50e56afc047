"""The cases: networks, data and number of operations."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array


@dataclass(frozen=True)
class Case:
    """A network and its data; ``epochs`` is the difference between the two timed fits."""

    rows: int
    features: int
    hidden: tuple[int, ...]
    classes: int
    batch: int
    epochs: int
    threads: int = 1
    density: float = 1.0
    boosting: bool = False  # gradient boosting beside it, for orientation

    @property
    def is_sparse(self):
        return self.density < 1

    @property
    def sizes(self):
        """Number of units of each layer; two classes need one output."""
        return (self.features, *self.hidden, 1 if self.classes == 2 else self.classes)

    @property
    def flops(self):
        """Operations of the matrix products of an epoch.

        Three products for each layer (forward, gradient of the weights, gradient of the input),
        two for the first one, whose input needs no gradient. Zeros of sparse rows are not counted.
        """
        first, *others = (n_in * n_out for n_in, n_out in pairwise(self.sizes))
        return round(4 * self.rows * first * self.density) + 6 * self.rows * sum(others)


CASES = {
    "X": Case(1_000, 2, (6, 4), 2, 32, 200),
    "A": Case(10_000, 20, (64, 64), 2, 32, 5),
    "B": Case(50_000, 50, (256, 256), 2, 256, 2, boosting=True),
    "C": Case(60_000, 784, (100,), 10, 10, 1),
    "C2": Case(60_000, 784, (512,), 10, 128, 1),
    "D": Case(50_000, 100, (512, 512, 512), 2, 1024, 1),
    "D2": Case(50_000, 100, (512, 512, 512), 2, 1024, 1, threads=2),
    "1M": Case(1_000_000, 50, (256, 256), 2, 1024, 1, boosting=True),
    "S": Case(20_000, 50_000, (100,), 2, 200, 1, density=0.002),
    "L": Case(15_600, 16, (100, 100), 26, 128, 5),
}


def make_data(case):
    """Random rows in float32; labels are the argmax of random linear scores."""
    rng = np.random.default_rng(0)
    if case.is_sparse:
        X = text_like(case, rng)
    else:
        X = rng.standard_normal((case.rows, case.features), dtype=np.float32)
    scores = X @ rng.standard_normal((case.features, case.classes)).astype(np.float32)
    return X, scores.argmax(axis=1)


def text_like(case, rng):
    """Rows of norm 1 with equal numbers of positive entries, in frequent and in rare columns."""
    entries = round(case.features * case.density)
    width = case.features // entries  # one entry in each of so many columns: all are different
    inside = (width * rng.random((case.rows, entries)) ** 3).astype(np.int32)
    columns = np.arange(entries, dtype=np.int32) * width + inside
    values = rng.random((case.rows, entries), dtype=np.float32) + 0.1
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    starts = np.arange(case.rows + 1, dtype=np.int32) * entries
    return csr_array((values.ravel(), columns.ravel(), starts), (case.rows, case.features))
