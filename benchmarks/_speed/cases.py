"""What is trained: the cases, their data and the arithmetic in them."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array


@dataclass(frozen=True)
class Case:
    """A network and its data; ``epochs`` are those between two timed fits."""

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
        """Units of every layer; two classes need one output."""
        return (self.features, *self.hidden, 1 if self.classes == 2 else self.classes)

    @property
    def flops(self):
        """Operations of an epoch's matrix products.

        Forward, gradient of the weights, gradient of the layer's input: three products for each
        layer, two for the first one, whose input needs no gradient. Zeros of sparse rows do not
        count.
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
    """Rows in float32, and as labels the largest of some random linear scores."""
    rng = np.random.default_rng(0)
    if case.is_sparse:
        X = text_like(case, rng)
    else:
        X = rng.standard_normal((case.rows, case.features), dtype=np.float32)
    scores = X @ rng.standard_normal((case.features, case.classes)).astype(np.float32)
    return X, scores.argmax(axis=1)


def text_like(case, rng):
    """Rows of length 1 with equally many positive entries, in frequent and in rare columns."""
    entries = round(case.features * case.density)
    width = case.features // entries  # one entry in each of so many columns: all are different
    inside = (width * rng.random((case.rows, entries)) ** 3).astype(np.int32)
    columns = np.arange(entries, dtype=np.int32) * width + inside
    values = rng.random((case.rows, entries), dtype=np.float32) + 0.1
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    starts = np.arange(case.rows + 1, dtype=np.int32) * entries
    return csr_array((values.ravel(), columns.ravel(), starts), (case.rows, case.features))
