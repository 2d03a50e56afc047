"""Arguments of the compiled entries: named tuples of arrays, made of a network and its settings."""

from __future__ import annotations

import math

import numpy as np

from skdnn._dtypes import INDEX, SCALAR
from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.columns import N_LOOKUPS, WIDTH
from skdnn.kernels.losses import LOSSES
from skdnn.kernels.network import Features, Program, Samples, State
from skdnn.kernels.optimizers import (
    BETA_1,
    BETA_2,
    CLIP_NORM,
    EPSILON,
    L1,
    L2,
    MOMENTUM,
    N_HYPER,
    NESTEROV,
    OPTIMIZERS,
    WEIGHT_DECAY,
)
from skdnn.network.network import Network
from skdnn.training.data import Rows
from skdnn.training.settings import TrainingSettings


def make_program(
    network: Network,
    member: int = 0,
    settings: TrainingSettings | None = None,
    weight_scale: float = 1.0,
) -> Program:
    """The constants of a member, in training with the settings."""
    spec, layout = network.specs[member], network.layouts[member]
    hyper = np.zeros(N_HYPER, dtype=SCALAR)
    optimizer, loss = OPTIMIZERS["adam"], LOSSES[spec.loss]
    parameters = np.zeros((spec.n_out, len(loss.parameters)), dtype=SCALAR)
    if spec.loss_parameters:
        parameters[...] = np.reshape(spec.loss_parameters, parameters.shape)
    if settings is not None:
        hyper[MOMENTUM] = settings.momentum
        hyper[NESTEROV] = settings.nesterovs_momentum
        hyper[BETA_1] = settings.beta_1
        hyper[BETA_2] = settings.beta_2
        # An epsilon that the dtype or the processor rounds to zero, itself or times the correction
        # of the first step, would be a division by zero.
        least = 2 * float(np.finfo(network.dtype).tiny) / math.sqrt(1 - settings.beta_2)
        hyper[EPSILON] = max(settings.epsilon, least)
        hyper[WEIGHT_DECAY] = settings.weight_decay
        # Loss and penalty are divided by the sum of the sample weights; the kernels divide by the
        # number of rows, with weights of mean 1.
        hyper[L2] = settings.alpha * (1 - settings.l1_ratio) / weight_scale
        hyper[L1] = settings.alpha * settings.l1_ratio / weight_scale
        hyper[CLIP_NORM] = settings.clip_norm
        if settings.solver in OPTIMIZERS:
            optimizer = OPTIMIZERS[settings.solver]
        if "label_smoothing" in loss.parameters:
            parameters[:, loss.parameters.index("label_smoothing")] = settings.label_smoothing
    records = ACTIVATIONS[spec.activation], loss, optimizer
    # Rare combinations do not get a program of their own.
    is_common = (
        layout.encoding is not None and layout.normalization is None and hyper[L1] == 0
        and not any(spec.monotonic) and all(record.common for record in records)
    )  # fmt: skip
    return Program(
        layout.table, layout.dropout, layout.columns, layout.inputs, layout.segments,
        layout.factors, hyper, loss.code, parameters.reshape(-1), optimizer.code,
        None if is_common else 0,
    )  # fmt: skip


def side_by_side(dtype: np.dtype, *sizes: int) -> list[np.ndarray]:
    """Arrays in one piece of memory.

    A compiled loop with a sum is only vectorized if its arrays are not too close to each other
    (LLVM compares their addresses): the last bit of the sum must not depend on where they are.
    """
    return np.split(np.empty(sum(sizes), dtype), np.cumsum(sizes)[:-1])


def make_state(
    network: Network, member: int, features: Features, capacity: int, n_targets: int = 0,
    **arrays: np.ndarray,
) -> State:  # fmt: skip
    """Memory for blocks of up to ``capacity`` rows; arrays that are not given are empty."""
    dtype, layout = network.dtype, network.layouts[member]
    empty = np.empty(0, dtype)
    n_in, n_numbers = network.specs[member].n_in, int(features.shape[1])
    # A single row has all of its inputs, those that are looked up, too.
    n_inputs = max(capacity * layout.n_dense, n_in)
    x_batch = np.empty(n_inputs * (features.indptr.size == 0), dtype)
    numbers = np.empty(capacity * n_numbers * (layout.encoding is not None), dtype)
    n_lookups = capacity * int(layout.inputs[N_LOOKUPS])
    arena, y_batch, w_batch = side_by_side(
        dtype, layout.arena_size(capacity), capacity * n_targets, capacity * (n_targets > 0)
    )
    names = ("grads", "slots", "low", "high")
    given = {**dict.fromkeys(names, empty), **arrays}
    return State(
        params=network.params(member), buffers=network.buffers(member),
        arena=arena, y_batch=y_batch, w_batch=w_batch, scratch=layout.scratch(dtype),
        moments=layout.moments(capacity, dtype), numbers=numbers, x_batch=x_batch,
        places=np.empty(n_lookups, INDEX), values=np.empty(n_lookups, dtype),
        shares=np.empty(n_lookups, dtype),
        sorted_rows=np.empty(capacity + int(layout.columns[:, WIDTH].max(initial=0)) + 1, INDEX),
        capacity=capacity,
        **{"step": np.zeros(1, INDEX), **given},
    )  # fmt: skip


def samples_of(rows: Rows) -> Samples:
    """The rows without what kernels do not need."""
    return Samples(rows.features, rows.y, rows.weights)
