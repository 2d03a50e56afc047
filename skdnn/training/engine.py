"""Engine: memory for the kernels, and the only calls of their compiled entries."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from joblib import cpu_count
from scipy.sparse import csr_array

from skdnn._dtypes import ACCUMULATOR, INDEX
from skdnn._jit import JIT_DISABLED, TILE_ROWS, resolved
from skdnn.kernels import epoch as entries
from skdnn.kernels.columns import N_LOOKUPS, N_SUMS
from skdnn.kernels.network import N_IN, N_OUT, VALUE, Features, State
from skdnn.kernels.optimizers import L2, PENALTY_FACTOR, n_slots_of
from skdnn.kernels.team import ABORTED, make_team
from skdnn.network.layout import Layout
from skdnn.network.network import Network
from skdnn.training.arguments import make_program, make_state, samples_of, side_by_side
from skdnn.training.checks import (
    check_features,
    check_members,
    check_progress,
    check_raw,
    check_rows,
    check_values,
)
from skdnn.training.data import Rows, n_feature_rows
from skdnn.training.progress import TrainingState
from skdnn.training.settings import TrainingSettings
from skdnn.training.threads import Threads

#: Rows per block in prediction and validation, so that activations stay in the cache.
BLOCK_ROWS = 256

#: Work of one compiled call, in floating-point operations of matrix products: 0.1 to 0.2 seconds.
#: Python handles signals (Ctrl-C) between calls.
CALL_WORK = 10**10
#: Other costs in the same unit, measured and rounded up: of a step, of a parameter in the
#: optimizer, of an element of the features or activations.
STEP_WORK, PARAMETER_WORK, ELEMENT_WORK = 200_000, 100, 100


#: Minimum work of a prediction to use several threads.
THREAD_WORK = 10**7

#: Number of threads that can predict single rows of a network at a time with memory that is kept.
KEPT_STATES = 4

#: Minimum work per thread of a step that threads share: there are five or six barriers in a step,
#: each of which takes up to a microsecond.
TEAM_WORK = 2 * 10**7


class NonFiniteLossError(ArithmeticError):
    """The loss of a batch was NaN or infinite."""


class Engine:
    """Runs the compiled training of a network, with all memory that it needs.

    Parameters
    ----------
    network : Network
        Its values are trained in place.
    settings : TrainingSettings
    rows : sequence of Rows
        Training rows of each member.
    batch_sizes : sequence of int
        Batch size of each member.
    progress : TrainingState
        Its slots and step counters are updated in place.
    threads : Threads
        Train the members in parallel, or, if there are more threads than members, share the steps
        of one member after the other (not with L-BFGS or normalization).
    """

    def __init__(
        self,
        network: Network,
        settings: TrainingSettings,
        rows: Sequence[Rows],
        batch_sizes: Sequence[int],
        progress: TrainingState,
        threads: Threads,
    ) -> None:
        self.network = network
        self.rows = rows
        self.batch_sizes = batch_sizes
        self.progress = progress
        self.threads = threads
        members = range(network.n_members)
        check_values(network)
        check_progress(network, progress, settings.solver)
        for member in members:
            check_rows(network, member, rows[member])
        self.programs = [make_program(network, i, settings, rows[i].weight_scale) for i in members]
        self.states = [self._member_state(member) for member in members]
        work = [self._step_work(member) for member in members]
        self._steps_per_call = [max(1, CALL_WORK // each) for each in work]
        n_workers = 1 if settings.solver == "lbfgs" else self._n_workers(min(work))
        self.teams = [make_team(n_workers, layout.n_blocks) for layout in network.layouts]
        #: The state of each thread: shared, except for the scratch memory.
        self.shares = [
            [state, *(self._share(member) for _ in range(1, n_workers))]
            for member, state in enumerate(self.states)
        ]
        #: Machine code of the training of each member: the types of its arguments never change.
        self._calls: list[Callable | None] = [None] * network.n_members

    def _step_work(self, member: int) -> int:
        work = STEP_WORK + PARAMETER_WORK * self.network.layouts[member].n_params
        row = row_work(self.network.layouts[member], self.rows[member].features)
        return work + self.batch_sizes[member] * row

    def _n_workers(self, work: int) -> int:
        """Number of threads that share a step with this amount of work."""
        n_threads, layout = self.threads.n_threads, self.network.layouts[0]
        if self.network.n_members >= n_threads or layout.normalization is not None or JIT_DISABLED:
            return 1
        # With more threads than cores, the barriers would wait for threads that do not run.
        n_threads = min(n_threads, cpu_count(), min(self.batch_sizes) // TILE_ROWS)
        n_workers = int(min(n_threads, work // TEAM_WORK + 1))
        # Members side by side need no barriers.
        return n_workers if n_workers > self.network.n_members else 1

    def _share(self, member: int) -> State:
        scratch = self.network.layouts[member].scratch(self.network.dtype)
        sorted_rows = np.empty_like(self.states[member].sorted_rows)
        return self.states[member]._replace(scratch=scratch, sorted_rows=sorted_rows)

    def _member_state(self, member: int) -> State:
        dtype, rows, batch_size = self.network.dtype, self.rows[member], self.batch_sizes[member]
        low, high = self.network.bounds(member)
        return make_state(
            self.network, member, rows.features, batch_size, rows.y.shape[1],
            grads=np.zeros(self.network.layouts[member].n_params, dtype),
            slots=self.progress.slots[member], low=low, high=high,
            step=self.progress.step[member],
        )  # fmt: skip

    def train_epoch(
        self,
        orders: list[np.ndarray],
        rates: list[np.ndarray],
        regularization_factors: list[np.ndarray],
    ) -> float:
        """Train each member for an epoch; return the mean loss, penalty included.

        Parameters
        ----------
        orders : list of (n_order,) int64 arrays
            Order of the rows of each member.
        rates, regularization_factors : list of (n_steps,) float64 arrays
            Learning rate, and factor of dropout and weight decay, for each step.

        Raises
        ------
        NonFiniteLossError
            The parameters are then those before the step that failed, and may be large.
        """
        totals = self.train_steps(orders, rates, regularization_factors)
        losses = [total / order.size for total, order in zip(totals, orders, strict=True)]
        return sum(losses) / len(losses)

    def train_steps(
        self,
        orders: list[np.ndarray],
        rates: list[np.ndarray],
        regularization_factors: list[np.ndarray],
        when_trained: Callable[[int], None] | None = None,
    ) -> list[float]:
        """Train each member for some steps, as ``train_epoch``; return the sums of the losses.

        ``when_trained`` is called with each member that has made its steps, in its thread.
        """

        def train(member: int) -> float:
            total = self._train_member(
                member, orders[member], rates[member], regularization_factors[member]
            )
            if when_trained is not None:
                when_trained(member)
            return total

        members = range(self.network.n_members)
        if len(self.teams[0]) > 1:
            return [train(member) for member in members]
        return self.threads.map(train, members)

    def _train_member(
        self, member: int, order: np.ndarray, rates: np.ndarray, regularization_factors: np.ndarray
    ) -> float:
        total, rows, batch_size = 0.0, self.rows[member], self.batch_sizes[member]
        seed = np.uint64(self.progress.seeds[member].dropout)
        # The kernel relies on it.
        assert rates.size == regularization_factors.size == -(-order.size // batch_size)
        n_steps = self._steps_per_call[member]
        for first in range(0, rates.size, n_steps):
            if self.threads.stopping.is_set():
                break
            steps = slice(first, first + n_steps)
            chunk = slice(steps.start * batch_size, steps.stop * batch_size)
            status, loss = self._call_team(
                member, samples_of(rows), order[chunk], rates[steps], regularization_factors[steps],
                seed,
            )  # fmt: skip
            if status == entries.NON_FINITE_LOSS:
                raise NonFiniteLossError
            total += loss
        return total

    def _call_team(self, member: int, *arguments: Any) -> tuple[int, float]:
        """Call ``train_epoch`` in all threads of the team; return the result of the first."""
        program, layout = self.programs[member], self.network.layouts[member]
        states, team = self.shares[member], self.teams[member]
        shared = program, layout.normalization, layout.encoding
        train = self._calls[member]
        if train is None:
            train = resolved(entries.train_epoch, (*shared, states[0], team[0], *arguments))
            self._calls[member] = train

        def call(worker: int) -> tuple[int, float]:
            return train(*shared, states[worker], team[worker], *arguments)

        if len(team) == 1:
            return call(0)
        barrier = team[0].barrier
        barrier[:] = 0

        def give_up() -> None:
            barrier[ABORTED] = 1

        return self.threads.run_together(call, len(team), give_up)


class Objective:
    """Loss and gradient of a member over all rows, as a function of its parameters.

    Parameters
    ----------
    engine : Engine
        The parameters of its network are overwritten, and its memory is used.
    member : int
    """

    def __init__(self, engine: Engine, member: int) -> None:
        self.engine, self.member = engine, member

    def __call__(self, params: np.ndarray) -> tuple[float, np.ndarray]:
        """Mean loss with penalty, and its gradient.

        Parameters
        ----------
        params : (n_params,) float64 array

        Returns
        -------
        loss : float
        gradient : (n_params,) float64 array

        Raises
        ------
        InterruptedError
            If the threads are stopping.
        """
        engine, member = self.engine, self.member
        network, rows, program = engine.network, engine.rows[member], engine.programs[member]
        with np.errstate(over="ignore"):  # the loss of infinite parameters is not finite
            network.params(member)[...] = params
        layout = network.layouts[member]
        gradient = np.zeros(params.size, dtype=ACCUMULATOR)
        total = 0.0
        for chunk in _row_chunks(rows.n_rows, row_work(layout, rows.features)):
            if engine.threads.stopping.is_set():
                raise InterruptedError
            order = np.arange(chunk.start, chunk.stop, dtype=INDEX)
            total += entries.sum_gradients(
                program, layout.normalization, layout.encoding, engine.states[member],
                engine.teams[member][0], samples_of(rows), order, gradient,
            )  # fmt: skip
        alpha = program.hyper[L2]
        # An infinite penalty is handled by the line search or by the check of the loss.
        with np.errstate(over="ignore", invalid="ignore"):
            for bounds, factors in zip(program.segments, program.factors, strict=True):
                part = slice(*bounds)
                penalty = alpha * factors[PENALTY_FACTOR]
                total += 0.5 * penalty * np.square(params[part]).sum()
                gradient[part] += penalty * params[part]
        return total / rows.n_rows, gradient / rows.n_rows


def empty_slots(network: Network, solver: str) -> list[np.ndarray]:
    """Initial state vectors of a solver, for each member."""
    n_slots = n_slots_of(solver)
    return [np.zeros(n_slots * layout.n_params, network.dtype) for layout in network.layouts]


def row_work(layout: Layout, features: Features) -> int:
    """Work per row in training: 2 operations per weight forward, 4 backward, and the elements."""
    n_in, n_out = layout.table[:, N_IN], layout.table[:, N_OUT]
    if features.indptr.size:  # only the stored elements of sparse rows count
        n_used = -(-features.data.size // (features.indptr.size - 1))
    else:
        n_used = layout.n_dense + int(layout.inputs[[N_LOOKUPS, N_SUMS]].sum())
    n_weights = int((n_in * n_out)[1:].sum() + n_used * n_out[0])
    return 6 * n_weights + ELEMENT_WORK * int(n_used + n_out.sum())


def _row_chunks(n_rows: int, work_per_row: int) -> Iterator[slice]:
    size = max(1, CALL_WORK // (work_per_row * BLOCK_ROWS)) * BLOCK_ROWS
    return (slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size))


class _Kept:
    """What each prediction of a network needs: to make it anew takes longer than a row.

    Parameters are views of the network's values, so that what is written to them counts. Read-only
    values, those of a memory-mapped model, are copied: kernels are compiled for writable arrays.
    """

    def __init__(self, network: Network) -> None:
        self.source = network.values
        values = np.require(network.values, requirements=["C", "A", "W"])
        self.network = Network(network.specs, values)
        self.network.layouts = network.layouts
        self.programs = [make_program(network, member) for member in range(network.n_members)]
        self._free: dict[tuple[int, int, bool], deque[State]] = {}
        self._works: list[int] | None = None
        self._checked: set[tuple[int, bool, bytes]] = set()
        #: Machine code of the prediction, as the types of its arguments never change.
        self._calls: list[Callable | None] = [None] * network.n_members

    def works(self, features: Sequence[Features]) -> list[int]:
        """Work per row of each member."""
        if any(each.indptr.size for each in features):
            return list(map(row_work, self.network.layouts, features))
        if self._works is None:
            self._works = list(map(row_work, self.network.layouts, features))
        return self._works

    def check(self, member: int, features: Features) -> None:
        """``check_features``, once for all features with the same columns."""
        columns = member, features.indptr.size > 0, features.shape[1:].tobytes()
        if columns not in self._checked:
            check_features(self.network, member, features)
            self._checked.add(columns)

    def predict(
        self, member: int, features: Features, order: np.ndarray, raw: np.ndarray, capacity: int
    ) -> None:
        """Predict rows with a member.

        Parameters
        ----------
        member : int
        features : Features
        order : (n_rows,) int array
        raw : (n_rows, n_out) array
            Filled with raw predictions.
        capacity : int
            Rows of a block.
        """
        layout, free = self.network.layouts[member], self._free_states(member, features, capacity)
        try:
            state = free.pop()
        except IndexError:
            state = make_state(self.network, member, features, capacity)
        arguments = (
            self.programs[member], layout.normalization, layout.encoding, state, features, order,
            raw,
        )  # fmt: skip
        call = self._calls[member]
        if call is None:
            call = self._calls[member] = resolved(entries.predict_raw, arguments)
        call(*arguments)
        free.append(state)

    def _free_states(self, member: int, features: Features, capacity: int) -> deque[State]:
        """States that no thread uses, to be popped and given back, both of which are atomic.

        Only a few of single rows are kept: others are large, and are made once for many rows.
        """
        if capacity > 1:
            return deque()
        key = member, int(features.shape[1]), features.indptr.size > 0
        # What is appended to a full deque replaces its first item.
        return self._free.setdefault(key, deque(maxlen=KEPT_STATES))


def _kept(network: Network) -> _Kept:
    kept = network.kept
    if kept is None or kept.source is not network.values:
        kept = _Kept(network)
        # A copy of values that can be written would be out of date.
        if kept.network.values is network.values or not network.values.flags.writeable:
            network.kept = kept
    return kept


def predict_raw(network: Network, features: Sequence[Features], threads: Threads) -> np.ndarray:
    """Raw predictions (before the link) of each member.

    Parameters
    ----------
    network : Network
    features : sequence of Features
        The same rows for every member.
    threads : Threads
        Members and blocks of rows are predicted in parallel.

    Returns
    -------
    raw : (n_members, n_samples, n_out) array in the dtype of the network
    """
    return predict_parts([(network, features)], threads)[0]


def predict_parts(
    parts: Sequence[tuple[Network, Sequence[Features]]], threads: Threads
) -> list[np.ndarray]:
    """Raw predictions of several networks, in parallel: each has rows of its own."""
    calls: list[Callable[[], None]] = []
    raws, work = [], 0
    for network, features in parts:
        raw, tasks, n = _predictions(network, features)
        raws.append(raw)
        calls += tasks
        work += n

    def run(call: Callable[[], None]) -> None:
        if not threads.stopping.is_set():
            call()

    if work < THREAD_WORK:
        for call in calls:
            run(call)
    else:
        threads.map(run, calls)
    return raws


def _predictions(
    network: Network, features: Sequence[Features]
) -> tuple[np.ndarray, Sequence[Callable[[], None]], int]:
    """An empty array for raw predictions, the calls that fill it, and their work."""
    check_values(network)
    check_members(network, features)
    n_rows, members = n_feature_rows(features[0]), range(network.n_members)
    block, kept = min(BLOCK_ROWS, n_rows), _kept(network)
    for member in members:
        kept.check(member, features[member])
    raw = np.empty((network.n_members, n_rows, network.spec.n_out), network.dtype)
    order = np.arange(n_rows, dtype=INDEX)

    def predict(member: int, chunk: slice) -> None:
        kept.predict(member, features[member], order[chunk], raw[member, chunk], block)

    works = kept.works(features)
    calls = [partial(predict, i, chunk) for i in members for chunk in _row_chunks(n_rows, works[i])]
    return raw, calls, n_rows * sum(works)


def first_inputs(network: Network, member: int, features: Features, rows: np.ndarray) -> Any:
    """Inputs of the first layer.

    Parameters
    ----------
    network : Network
    member : int
    features : Features
    rows : (n_rows,) int array

    Returns
    -------
    inputs : (n_rows, n_in) array in the dtype of the network, sparse if the features are
    """
    if features.indptr.size:
        stored = features.data, features.indices, features.indptr
        X = csr_array(stored, shape=tuple(features.shape[:2]))
        return X[features.rows[rows] if features.rows.size else rows]
    check_values(network)
    check_features(network, member, features)
    layout, kept = network.layouts[member], _kept(network)
    state = make_state(kept.network, member, features, 1)
    inputs = np.empty((rows.size, network.specs[member].n_in), network.dtype)
    program, order = kept.programs[member], rows.astype(INDEX)
    entries.make_inputs(program, layout.encoding, state, features, order, inputs)
    return inputs


def pre_activations(
    network: Network, member: int, features: Features, rows: np.ndarray, layer: int
) -> np.ndarray:
    """Pre-activations (n_rows, n_units) of a layer, for some rows of the features."""
    check_values(network)
    check_features(network, member, features)
    layout, kept = network.layouts[member], _kept(network)
    program = kept.programs[member]
    program = program._replace(table=program.table[: layer + 1])
    z = np.empty((rows.size, int(program.table[layer, N_OUT])), network.dtype)
    state = make_state(kept.network, member, features, min(BLOCK_ROWS, rows.size))
    order = rows.astype(INDEX)
    entries.predict_raw(program, layout.normalization, layout.encoding, state, features, order, z)
    return z


def hidden_activations(network: Network, member: int, features: Features, layer: int) -> np.ndarray:
    """Activations (n_rows, n_units) of a hidden layer of a member, without dropout."""
    check_values(network)
    check_features(network, member, features)
    layout, kept = network.layouts[member], _kept(network)
    # The layer after it has the pre-activations that the kernel would return.
    program = kept.programs[member]
    program = program._replace(table=program.table[: layer + 2])
    n_units, n_next = program.table[layer:, N_OUT].tolist()
    n_rows = n_feature_rows(features)
    block = min(BLOCK_ROWS, n_rows)
    state = make_state(kept.network, member, features, block)
    place = block * int(program.table[layer, VALUE])
    unused = np.empty((block, n_next), network.dtype)
    activations = np.empty((n_rows, n_units), network.dtype)
    for first in range(0, n_rows, block):
        order = np.arange(first, min(first + block, n_rows), dtype=INDEX)
        entries.predict_raw(
            program, layout.normalization, layout.encoding, state, features, order,
            unused[: order.size],
        )  # fmt: skip
        values = state.arena[place : place + order.size * n_units]
        activations[first : first + order.size] = values.reshape(-1, n_units)
    return activations


def mean_loss(network: Network, raw: np.ndarray, rows: Rows) -> float:
    """Weighted mean loss of (n_samples, n_out) raw predictions, without penalty."""
    check_raw(network, raw, rows)
    program = make_program(network)
    # Copies that may be written, as the arrays of a batch: the compiled losses of training.
    given = raw.ravel(), rows.y.ravel(), rows.weights
    copies = side_by_side(network.dtype, *(each.size for each in given), raw.size)
    for copy, values in zip(copies, given, strict=False):
        copy[...] = values
    flat, y, weights, scratch = copies
    total = entries.loss_value(
        program.uncommon, program.loss_code, flat, y, weights, program.loss_parameters, scratch
    )
    return float(total / rows.weights.sum(dtype=ACCUMULATOR))
