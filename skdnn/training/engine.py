"""Memory and calls: the only module that calls the compiled entries."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from skdnn._dtypes import ACCUMULATOR, INDEX
from skdnn._jit import load_registries
from skdnn.kernels import epoch as entries
from skdnn.kernels.losses import LOSSES
from skdnn.kernels.network import Program, State
from skdnn.kernels.optimizers import (
    ALPHA,
    BETA_1,
    BETA_2,
    EPSILON,
    MOMENTUM,
    N_HYPER,
    NESTEROV,
    OPTIMIZERS,
    PENALTY_FACTOR,
    WEIGHT_DECAY,
)
from skdnn.network.network import Network
from skdnn.training.data import Rows, frozen
from skdnn.training.progress import Progress
from skdnn.training.settings import Settings

#: Rows of a block in prediction and validation: its activations stay in cache.
BLOCK_ROWS = 256

#: Work of one compiled call, in floating-point operations of a matrix product: a tenth of a second
#: or two. Python handles signals (Ctrl-C) between calls.
CALL_WORK = 10**10
#: What else costs time, in the same unit (measured, generously): a step, a parameter in the
#: optimiser, an element of the features or of an activation.
STEP_WORK, PARAMETER_WORK, ELEMENT_WORK = 200_000, 100, 100


class NonFiniteLossError(ArithmeticError):
    """The loss of a batch was NaN or infinite."""


def _program(network: Network, settings: Settings | None, weight_scale: float = 1.0) -> Program:
    layout = network.layout
    hyper = np.zeros(N_HYPER, dtype=np.float64)
    optimizer_code = 0
    if settings is not None:
        hyper[MOMENTUM] = settings.momentum
        hyper[NESTEROV] = settings.nesterovs_momentum
        hyper[BETA_1] = settings.beta_1
        hyper[BETA_2] = settings.beta_2
        # An epsilon that the dtype rounds to zero would be a division by zero.
        hyper[EPSILON] = max(settings.epsilon, float(np.finfo(network.params.dtype).tiny))
        hyper[WEIGHT_DECAY] = settings.weight_decay
        # The loss is divided by the sum of the weights, and so is the penalty; the kernels
        # divide by rows, with weights of mean 1.
        hyper[ALPHA] = settings.alpha / weight_scale
        if settings.solver in OPTIMIZERS:
            optimizer_code = OPTIMIZERS[settings.solver].code
    return Program(
        layout.table, layout.dropout, layout.segments, layout.factors, hyper,
        LOSSES[network.spec.loss].code, optimizer_code,
    )  # fmt: skip


class Engine:
    """A network bound to the memory of its training.

    Parameters
    ----------
    network : Network
        Its parameters are trained in place.
    settings : Settings
    rows : Rows
        Training data.
    batch_size : int
    progress : Progress
        Its slots and its number of steps are changed in place.
    """

    def __init__(
        self,
        network: Network,
        settings: Settings,
        rows: Rows,
        batch_size: int,
        progress: Progress,
    ) -> None:
        load_registries()
        layout, dtype = network.layout, network.params.dtype
        self.network = network
        self.rows = rows
        self.batch_size = batch_size
        self.progress = progress
        self.program = _program(network, settings, rows.weight_scale)
        self.state = State(
            params=network.params,
            grads=np.zeros(layout.n_params, dtype),
            slots=progress.slots,
            arena=layout.arena(batch_size, dtype),
            y_batch=np.empty(batch_size * rows.y.shape[1], dtype),
            w_batch=np.empty(batch_size, dtype),
            step=progress.step,
        )
        work = STEP_WORK + PARAMETER_WORK * layout.n_params + batch_size * row_work(network)
        self._steps_per_call = max(1, CALL_WORK // work)

    def train_epoch(self, order: np.ndarray, rates: np.ndarray) -> float:
        """Train on the rows ``order``; return the mean loss, penalty included.

        Raises
        ------
        NonFiniteLossError
            The parameters are then those before the offending step, which may be large.
        """
        total = 0.0
        seed = np.uint64(self.progress.seeds.dropout)
        for first in range(0, rates.size, self._steps_per_call):
            steps = slice(first, first + self._steps_per_call)
            chunk = slice(steps.start * self.batch_size, steps.stop * self.batch_size)
            status, loss = entries.train_epoch(
                self.program, self.state, self.rows.X, self.rows.y, self.rows.weights,
                order[chunk], rates[steps], self.batch_size, seed,
            )  # fmt: skip
            if status == entries.NON_FINITE_LOSS:
                raise NonFiniteLossError
            total += loss
        return total / order.size


class Objective:
    """Loss and gradient over all rows, as a function of the parameters.

    Parameters
    ----------
    engine : Engine
        Its network's parameters are overwritten; its arena is the scratch memory.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __call__(self, params: np.ndarray) -> tuple[float, np.ndarray]:
        """Mean loss with penalty, and its gradient.

        Parameters
        ----------
        params : (n_params,) float64 array

        Returns
        -------
        loss : float
        gradient : (n_params,) float64 array
        """
        engine, rows = self.engine, self.engine.rows
        engine.state.params[...] = params
        gradient = np.zeros(params.size, dtype=ACCUMULATOR)
        total = 0.0
        for chunk in _row_chunks(rows.n_rows, row_work(engine.network)):
            order = np.arange(*chunk.indices(rows.n_rows), dtype=INDEX)
            total += entries.sum_gradients(
                engine.program, engine.state, rows.X, rows.y, rows.weights, order,
                engine.batch_size, gradient,
            )  # fmt: skip
        alpha = engine.program.hyper[ALPHA]
        for bounds, factors in zip(engine.program.segments, engine.program.factors, strict=True):
            part = slice(*bounds)
            penalty = alpha * factors[PENALTY_FACTOR]
            total += 0.5 * penalty * np.dot(params[part], params[part])
            gradient[part] += penalty * params[part]
        return total / rows.n_rows, gradient / rows.n_rows


def empty_slots(network: Network, solver: str) -> np.ndarray:
    """State vectors of a solver before its first step."""
    n_slots = OPTIMIZERS[solver].n_slots if solver in OPTIMIZERS else 0
    return np.zeros(n_slots * network.params.size, network.params.dtype)


def row_work(network: Network) -> int:
    """Work of a row in training: forward 2, backward 4 operations a weight, and the elements."""
    return 6 * network.spec.n_weights + ELEMENT_WORK * sum(network.spec.layer_sizes)


def _row_chunks(n_rows: int, work_per_row: int) -> Iterator[slice]:
    size = max(1, CALL_WORK // (work_per_row * BLOCK_ROWS)) * BLOCK_ROWS
    return (slice(start, start + size) for start in range(0, n_rows, size))


def predict_raw(network: Network, X: np.ndarray) -> np.ndarray:
    """Raw predictions (before the link).

    Parameters
    ----------
    network : Network
    X : (n_samples, n_in) array

    Returns
    -------
    raw : (n_samples, n_out) array in the dtype of the network
    """
    load_registries()
    dtype = network.params.dtype
    with np.errstate(over="ignore"):
        X = frozen(X, dtype)
    raw = np.empty((X.shape[0], network.spec.n_out), dtype)
    block = min(BLOCK_ROWS, X.shape[0])
    arena = network.layout.arena(block, dtype)
    program = _program(network, None)
    # Writable, although it is only read: the type that training has, and its compiled code. Only
    # the parameters of a memory-mapped model are copied.
    params = np.require(network.params, requirements=["C", "A", "W"])
    for chunk in _row_chunks(X.shape[0], row_work(network)):
        entries.predict_raw(program, params, arena, block, X[chunk], raw[chunk])
    return raw


def mean_loss(network: Network, raw: np.ndarray, rows: Rows) -> float:
    """Weighted mean of the loss of raw predictions, without penalty."""
    code = LOSSES[network.spec.loss].code
    y = frozen(rows.y.reshape(-1))
    scratch = np.empty(raw.size, raw.dtype)
    total = entries.loss_value(code, frozen(raw), y, rows.weights, scratch)
    return float(total / rows.weights.sum(dtype=ACCUMULATOR))
