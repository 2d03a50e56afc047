"""Randomness: one seed for each purpose, and from it anything by counting.

Each purpose has a stream of its own, so that one more draw here (a row more, say) does not change
another (the initial weights). An order or a mask depends on the seed and the number of the epoch
or step alone: training that is resumed goes on as if it had not stopped.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from skdnn._dtypes import INDEX

#: What tells the stream of the hold-outs from others that begin with the same numbers.
_SPLIT = 1


@dataclass(frozen=True)
class Seeds:
    """One seed below 2**64 for each purpose; ``start`` is for weights that know the data."""

    order: int
    dropout: int
    start: int


def draw_seeds(random_state: np.random.RandomState) -> Seeds:
    """Draw the seeds of a fit; the initial weights have been drawn before."""
    entropy = random_state.randint(0, 2**32, size=4, dtype=np.uint32)
    words = np.random.SeedSequence(entropy.tolist()).generate_state(3, np.uint64)
    return Seeds(*(int(word) for word in words))


def draw_split_seed(random_state: np.random.RandomState) -> int:
    """Draw the seed of the hold-outs of a fit, below 2**32, without a change of the generator.

    What is held out is known before the network is: the weights come first in the stream.
    """
    entropy = deepcopy(random_state).randint(0, 2**32, size=4, dtype=np.uint32)
    return int(np.random.SeedSequence([*entropy.tolist(), _SPLIT]).generate_state(1)[0])


class RowOrder:
    """Order of the rows, a new one in each epoch.

    Parameters
    ----------
    seed : int
    n_rows : int
    shuffle : bool
        False is the order of the data.
    """

    def __init__(self, seed: int, n_rows: int, *, shuffle: bool) -> None:
        self.n_rows = n_rows
        self.shuffle = shuffle
        # One generator, set to the place of an epoch: to make one takes as long as a small epoch.
        self._bits = np.random.Philox(key=seed)
        self._generator = np.random.Generator(self._bits)
        self._start = self._bits.state

    def __call__(self, epoch: int) -> np.ndarray:
        """The order in an epoch, whatever was asked for before: (n_rows,) int64."""
        if not self.shuffle:
            return np.arange(self.n_rows, dtype=INDEX)
        self._start["state"]["counter"][3] = epoch
        self._bits.state = self._start
        return self._generator.permutation(self.n_rows).astype(INDEX, copy=False)
