"""Randomness: one seed for each purpose, and from it anything by counting.

Each purpose has a stream of its own, so that one more draw here (a row more, say) does not change
another (the initial weights). An order or a mask depends on the seed and the number of the epoch
or step alone: training that is resumed goes on as if it had not stopped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skdnn._dtypes import INDEX


@dataclass(frozen=True)
class Seeds:
    """One seed below 2**64 for each purpose."""

    order: int
    dropout: int
    split: int


def draw_seeds(random_state: np.random.RandomState) -> Seeds:
    """Draw the seeds of a fit; the initial weights have been drawn before."""
    entropy = random_state.randint(0, 2**32, size=4, dtype=np.uint32)
    words = np.random.SeedSequence(entropy.tolist()).generate_state(3, np.uint64)
    return Seeds(*(int(word) for word in words))


def row_order(seed: int, epoch: int, n_rows: int, shuffle: bool) -> np.ndarray:
    """The order of the rows in an epoch: (n_rows,) int64."""
    if not shuffle:
        return np.arange(n_rows, dtype=INDEX)
    generator = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, epoch]))
    return generator.permutation(n_rows).astype(INDEX, copy=False)
