"""Training of one network by several workers, whose parameters are averaged every few steps.

Each worker makes steps with its own rows and optimizer (local SGD: Stich 2018, "Local SGD converges
fast and communicates little", arXiv 1805.09767). Every few steps the values of the network are
replaced by their mean over the workers; the moments of Adam stay where they are. The workers share
a batch, so that there are as many steps as with one of them. The mean is weighted by the sample
weights of the workers, so that all rows count the same: a worker with few rows makes as many steps
as the others, and repeats rows.

All decisions (the best epoch, when to stop, a lower learning rate, divergence) are made from sums
over all workers, which have the same bits for each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import numpy as np

from skdnn.distributed._averages import Averages
from skdnn.distributed._group import broadcast
from skdnn.distributed._pool import GroupPool
from skdnn.training.engine import NonFiniteLossError
from skdnn.training.loop import Training
from skdnn.training.sampling import Window

#: Steps between two averages.
STEPS_BETWEEN_AVERAGES = 16
#: The part of a worker in a batch has so many rows at least, or all: smaller steps take as long.
LEAST_PART = 64


def part_of_batch(batch_size: int, n_workers: int) -> int:
    """Rows of a step of each worker, for the batch size of all of them."""
    return max(-(-batch_size // n_workers), min(batch_size, LEAST_PART))


class GroupTraining(Training):
    """The part of one worker in the training of a network.

    Parameters
    ----------
    *arguments
        Of ``Training``, with the rows of this worker.
    pool : GroupPool
    steps_between_averages : int
    window : Window, optional
        How rows are shuffled that are read from files.
    """

    #: Whether the time is over for any worker.
    is_late = False

    def __init__(
        self,
        *arguments: Any,
        pool: GroupPool,
        steps_between_averages: int = STEPS_BETWEEN_AVERAGES,
        window: Window | None = None,
    ) -> None:
        super().__init__(*arguments)
        for order in self.row_orders:
            order.window = window
        self.pool = pool
        self.steps_between_averages = steps_between_averages
        own = np.array([pool.weight(rows) for rows in self.rows])
        #: Share of this worker in the means of the parameters.
        self.share = float(own.sum() / pool.total(own).sum())
        self._own_n_steps = self.n_steps
        self.n_steps = pool.greatest(np.array(self.n_steps, np.float64)).astype(int).tolist()
        self.n_rows = pool.count(self.n_rows)
        self.validators = [] if self.validation is None else self.validation.validators
        for validator in self.validators:
            # If a worker cannot score its rows, the loss is used by all of them.
            if not pool.agree(validator.score is not None):
                validator.score = None
        # Machines may round differently.
        self.network.values[...] = broadcast(pool.group, self.network.values)
        self.averages = Averages(self.network, pool.group, self.share)

    def run_epoch(self) -> None:
        super().run_epoch()
        # All workers stop if the monitor of one of them asks for it.
        stops = np.array([self.stop_requested, super()._is_late()], np.float64)
        asked, late = self.pool.total(stops)
        self.stop_requested, self.is_late = asked > 0, late > 0

    @property
    def train_epoch(self) -> Callable[..., float]:
        return self._train_in_rounds

    def _train_in_rounds(
        self,
        orders: list[np.ndarray],
        rates: list[np.ndarray],
        regularization_factors: list[np.ndarray],
    ) -> float:
        """Train an epoch, and average the values every few steps."""
        sizes, every = self.engine.batch_sizes, self.steps_between_averages
        for member, order in enumerate(orders):
            if self._own_n_steps[member] < self.n_steps[member]:
                orders[member] = np.resize(order, self.n_steps[member] * sizes[member])
        totals = np.zeros(len(orders))
        with ThreadPoolExecutor(1, "skdnn-averages") as executor:
            for first in range(0, max(self.n_steps), every):
                steps = slice(first, first + every)
                rows = [slice(first * size, (first + every) * size) for size in sizes]
                self.averages.begin(executor)
                with suppress(NonFiniteLossError):  # told to the others, and raised for all
                    totals += self.engine.train_steps(
                        [order[part] for order, part in zip(orders, rows, strict=True)],
                        [each[steps] for each in rates],
                        [each[steps] for each in regularization_factors],
                        self.averages.add,
                    )
                self.averages.end()
        return float(np.mean(totals / [order.size for order in orders]))

    def _measure(self, loss: float) -> tuple[float, list[tuple[float, float, float]]]:
        loss, own = super()._measure(loss)
        values = np.array([loss, *np.ravel(own)])
        weights = [self.pool.weight(validator.rows[0]) for validator in self.validators]
        means = self.pool.means(values, np.array([self.share, *np.repeat(weights, 3)]))
        return float(means[0]), [tuple(each) for each in means[1:].reshape(-1, 3).tolist()]

    def _is_late(self) -> bool:
        return self.is_late

    def _predicts_numbers(self) -> bool:
        return self.pool.agree(super()._predicts_numbers())

    def _handle_interrupt(self) -> None:
        # It may have come in the middle of a message: the others cannot go on.
        raise
