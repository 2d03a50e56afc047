"""Consistency checks of the arrays that are passed to compiled code: a few comparisons per call.

The kernels do not check bounds. The engine calls these functions first, so that rows of another
table, a model with changed attributes or a custom embedding raise an error and never crash.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skdnn.kernels.losses import LOSSES
from skdnn.kernels.network import Features
from skdnn.kernels.optimizers import n_slots_of
from skdnn.network.network import Network
from skdnn.training.data import Rows, n_feature_rows
from skdnn.training.progress import TrainingState


def check_values(network: Network) -> None:
    """Raise unless the values of a network have the shape and dtype of its specification.

    Raises
    ------
    ValueError
    """
    expected = sum(layout.n_values for layout in network.layouts)
    if network.values.shape != (expected,) or network.dtype not in (np.float32, np.float64):
        raise ValueError(
            f"The network has values of shape {network.values.shape} and dtype {network.dtype}, "
            f"but its layers need ({expected},), in float32 or float64."
        )


def check_progress(network: Network, progress: TrainingState, solver: str) -> None:
    """Raise unless the state of the training matches the network and the solver.

    Raises
    ------
    ValueError
    """
    n_slots = n_slots_of(solver)
    expected = [(n_slots * layout.n_params,) for layout in network.layouts]
    found = [each.shape for each in progress.slots]
    if (
        found != expected
        or any(each.dtype != network.dtype for each in progress.slots)
        or progress.step.shape != (network.n_members, 1)
        or len(progress.seeds) != network.n_members
    ):
        raise ValueError(
            f"The state of the training does not match the network: solver={solver!r} has state "
            f"vectors of shapes {expected} in {network.dtype}. Got {found}."
        )


def check_members(network: Network, features: Sequence[Features]) -> None:
    """Raise unless there are features for each member of a network, with equal numbers of rows.

    Raises
    ------
    ValueError
    """
    n_rows = {n_feature_rows(each) for each in features}
    if len(features) != network.n_members or len(n_rows) > 1:
        raise ValueError(
            f"The {network.n_members} members of the network need the same rows each. Got features "
            f"for {len(features)} members, with numbers of rows {sorted(n_rows)}."
        )


def check_features(network: Network, member: int, features: Features) -> None:
    """Raise unless features match the inputs of a member of a network.

    Raises
    ------
    ValueError
    """
    n_numbers, n_binned, n_coded = (int(features.shape[i]) for i in (1, 4, 5))
    spec, reads = network.specs[member], network.layouts[member].reads
    if not spec.columns:
        if n_numbers != spec.n_in:
            raise ValueError(
                f"X has {n_numbers} features, but the network was trained on {spec.n_in}."
            )
        return
    limits = features.shape[6:]
    if (
        features.indptr.size
        or n_numbers < reads.n_numbers
        or n_binned < reads.n_binned
        or n_coded < reads.n_coded
        or (reads.n_binned and (limits[reads.bin_columns] > reads.n_bins).any())
        or (reads.n_coded and (limits[n_binned + reads.code_columns] > reads.n_codes).any())
    ):
        raise ValueError(
            "The columns of X are not those that the network was trained on: it expects "
            f"{reads.n_numbers} numeric, {reads.n_binned} binned and {reads.n_coded} categorical "
            f"columns; X has {n_numbers}, {n_binned} and {n_coded}, or bins or categories that "
            "the network has no input for."
        )


def check_rows(network: Network, member: int, rows: Rows) -> None:
    """Raise unless rows, targets and sample weights match a member of a network.

    Raises
    ------
    ValueError
    """
    check_features(network, member, rows.features)
    n_rows, n_out = n_feature_rows(rows.features), network.spec.n_out
    is_index = LOSSES[network.spec.loss].class_index
    expected = (n_rows, 1 if is_index else n_out)
    if rows.y.shape != expected or rows.weights.shape != (n_rows,):
        raise ValueError(
            f"Expected targets of shape {expected} and sample weights of shape ({n_rows},). Got "
            f"{rows.y.shape} and {rows.weights.shape}."
        )
    if is_index and n_rows and not 0 <= rows.y.min() <= rows.y.max() < n_out:
        raise ValueError(
            f"Class indices must be from 0 to {n_out - 1}. Got {rows.y.min():g} to "
            f"{rows.y.max():g}."
        )


def check_raw(network: Network, raw: np.ndarray, rows: Rows) -> None:
    """Raise unless raw predictions match the rows.

    Raises
    ------
    ValueError
    """
    expected = (rows.n_rows, network.spec.n_out)
    if raw.shape != expected or raw.dtype != network.dtype:
        raise ValueError(
            f"Raw predictions must have shape {expected} and dtype {network.dtype}. Got "
            f"{raw.shape} and {raw.dtype}."
        )
