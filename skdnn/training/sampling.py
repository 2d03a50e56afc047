"""Random numbers: a seed for each purpose, and counter-based generators.

Each purpose has its own stream, so that more draws for one purpose (an additional row, say) do not
change another (the initial weights). The order of the rows and the dropout masks depend only on the
seed and the number of the epoch or step: resumed training continues as if it had not stopped.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from skdnn._dtypes import INDEX

#: Separates the stream of the hold-outs from others with the same entropy.
_SPLIT = 1


@dataclass(frozen=True)
class Seeds:
    """A seed below 2**64 for each purpose; ``start`` is for the data-dependent initialization."""

    order: int
    dropout: int
    start: int


def draw_seeds(random_state: np.random.RandomState) -> Seeds:
    """Draw the seeds of a fit, after the initial weights."""
    entropy = random_state.randint(0, 2**32, size=4, dtype=np.uint32)
    words = np.random.SeedSequence(entropy.tolist()).generate_state(3, np.uint64)
    return Seeds(*(int(word) for word in words))


def draw_split_seed(random_state: np.random.RandomState) -> int:
    """Draw the seed of the hold-outs, below 2**32, without advancing the generator.

    Rows are held out before the network is made, but the initial weights come first in the stream.
    """
    entropy = deepcopy(random_state).randint(0, 2**32, size=4, dtype=np.uint32)
    return int(np.random.SeedSequence([*entropy.tolist(), _SPLIT]).generate_state(1)[0])


class Window(NamedTuple):
    """How rows are shuffled that are read from files: where they are near each other.

    Blocks of successive rows are shuffled, and then the rows of so many successive blocks, as by
    Xu et al. 2022, "In-database machine learning with CorgiPile: stochastic gradient descent
    without full data shuffle", SIGMOD.
    """

    #: Rows of a block.
    block: int
    #: Blocks whose rows are shuffled together.
    n_blocks: int


class RowOrder:
    """Order of the rows in each epoch.

    Parameters
    ----------
    seed : int
    n_rows : int
    shuffle : bool
        If False, the order of the data.
    window : Window, default=None
        If None, all orders have the same probability.
    """

    def __init__(
        self, seed: int, n_rows: int, *, shuffle: bool, window: Window | None = None
    ) -> None:
        self.n_rows = n_rows
        self.shuffle, self.window = shuffle, window
        # One generator, whose counter is set: creating one takes as long as a small epoch.
        self._bits = np.random.Philox(key=seed)
        self._generator = np.random.Generator(self._bits)
        self._start = self._bits.state

    def __call__(self, epoch: int) -> np.ndarray:
        """The order in an epoch, independent of previous calls: (n_rows,) int64."""
        if not self.shuffle:
            return np.arange(self.n_rows, dtype=INDEX)
        self._start["state"]["counter"][3] = epoch
        self._bits.state = self._start
        if self.window is not None:
            return self._windowed(*self.window)
        return self._generator.permutation(self.n_rows).astype(INDEX, copy=False)

    def _windowed(self, block: int, n_blocks: int) -> np.ndarray:
        firsts = self._generator.permutation(-(-self.n_rows // block)).astype(INDEX) * block
        order = (firsts[:, None] + np.arange(block, dtype=INDEX)).ravel()
        order = order[order < self.n_rows]  # the last block may be shorter
        for start in range(0, self.n_rows, block * n_blocks):
            self._generator.shuffle(order[start : start + block * n_blocks])
        return order
