"""Bounds of the parameters that make a network monotonic in some of its inputs.

Each hidden unit has a direction: 1 if it must not decrease, -1 if it must not increase as the
constrained inputs move in their direction (an input whose constraint is -1 moves down), 0 if it
does not depend on them. A weight between two units, or an input and a unit, has the sign of the
product of their directions. Then the outputs, whose direction is 1, are monotonic for any monotonic
activation, and every bound is 0 or infinite.

A rectifier whose direction is 1 adds a convex function to an output, one whose direction is -1,
with its negative weight, a concave one: together they approximate any monotonic function (Runje &
Shankaranarayana). With non-negative weights alone a network of rectifiers would be convex.

References
----------
Runje & Shankaranarayana 2023, "Constrained monotonic neural networks", arXiv 2205.11775; Sartor,
Sinigaglia & Susto 2025, "Advancing constrained monotonic neural networks", arXiv 2505.02537.
"""

from __future__ import annotations

import numpy as np

from skdnn._dtypes import SCALAR
from skdnn.kernels import columns as input_columns
from skdnn.kernels.losses import LOSSES
from skdnn.network.layout import Layout
from skdnn.network.spec import NetworkSpec, direction_of

#: Directions of the units of a hidden layer, in turn, with and without inputs that are free.
DIRECTIONS, DIRECTIONS_ALL_BOUND = (1, -1, 0), (1, -1)


def input_directions(spec: NetworkSpec) -> np.ndarray:
    """Direction of each input of the first layer: (n_in,) ints, 0 if it is free."""
    if not spec.columns:
        return np.array(spec.monotonic)
    directions = [direction_of(column, spec.monotonic) for column in spec.columns]
    return np.repeat(directions, [column.width for column in spec.columns])


def parameter_bounds(spec: NetworkSpec) -> np.ndarray | None:
    """Least and greatest values of the parameters: (2, n_params), or None if all are free."""
    if not any(spec.monotonic):
        return None
    layout = Layout(spec)
    bounds = np.full((2, layout.n_values), np.inf, dtype=SCALAR)
    bounds[0] *= -1
    low, high = bounds
    before = input_directions(spec)
    units = DIRECTIONS_ALL_BOUND if before.all() else DIRECTIONS
    lows, highs = layout.coefs(low[None]), layout.coefs(high[None])
    for weight_low, weight_high in zip(lows, highs, strict=True):
        n_out = weight_low.shape[1]
        after = np.ones(n_out) if weight_low is lows[-1] else np.resize(units, n_out)
        product = np.outer(before, after)
        cut = np.outer(before != 0, after == 0)
        weight_low[(product > 0) | cut] = 0
        weight_high[(product < 0) | cut] = 0
        before = after
    if LOSSES[spec.loss].link == "normal":
        # The mean is monotonic, the standard deviation is free.
        lows[-1][:, 1::2], highs[-1][:, 1::2] = -np.inf, np.inf
    for gain in layout.gains(low[None]):
        gain[...] = 0
    if spec.scaled_inputs:
        start = layout.inputs[input_columns.SCALE]
        directed = np.flatnonzero(input_directions(spec))
        low[start + directed] = 0
    return bounds[:, : layout.n_params]
