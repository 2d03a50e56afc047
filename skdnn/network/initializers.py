"""Initial weights: uniform with a variance of ``gain**2 / fan``.

References
----------
Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks"
(fan = mean of inputs and outputs); He et al. 2015, arXiv 1502.01852 and LeCun et al. 1998,
"Efficient BackProp" (fan = inputs).
"""

from collections.abc import Callable
from math import sqrt

import numpy as np

from skdnn.kernels import columns as input_columns
from skdnn.kernels import network as columns
from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.embeddings import COLUMN_KINDS
from skdnn.network.layout import Layout
from skdnn.network.monotonic import parameter_bounds
from skdnn.network.spec import NetworkSpec

#: Name -> fan of a layer with ``n_in`` inputs and ``n_out`` outputs.
FANS: dict[str, Callable[[int, int], float]] = {
    "glorot_uniform": lambda n_in, n_out: (n_in + n_out) / 2,
    "he_uniform": lambda n_in, n_out: n_in,
    "lecun_uniform": lambda n_in, n_out: n_in,
}


def initial_values(
    spec: NetworkSpec, random_state: np.random.RandomState, dtype: np.dtype
) -> np.ndarray:
    """Draw the values of a new network.

    The activation determines the initializer and the gain. Biases are drawn from the same interval
    as the weights with Glorot's initializer, as in scikit-learn's MLP, and are zero with the
    others and in normalized layers, as in their papers. The order of the draws is that of
    scikit-learn's MLP: with its activations, the same random state gives the same weights.

    Returns
    -------
    values : (n_values,) array of ``dtype``
    """
    activation, layout = ACTIVATIONS[spec.activation], Layout(spec)
    fan = FANS[activation.initializer]
    values = np.zeros((1, layout.n_values), dtype=dtype)
    coefs, intercepts = layout.coefs(values), layout.intercepts(values)
    for layer, (weight, bias) in enumerate(zip(coefs, intercepts, strict=True)):
        bound = activation.gain * sqrt(3 / fan(*weight.shape))
        weight[...] = random_state.uniform(-bound, bound, weight.shape)
        normalized = spec.normalization is not None and layer < spec.n_layers - 1
        if activation.initializer == "glorot_uniform" and not normalized:
            bias[...] = random_state.uniform(-bound, bound, bias.shape)
    for gain in layout.gains(values):
        gain[...] = 1
    _draw_columns(spec, layout, values[0], random_state)
    bounds = parameter_bounds(spec)
    if bounds is not None:
        params = values[0, : layout.n_params]
        np.clip(params, *bounds, out=params)
    # Running moments: mean 0 and variance 1.
    for row in layout.table[:-1] if layout.n_buffers else ():
        start = layout.n_params + row[columns.MOMENTS] + row[columns.N_OUT]
        values[0, start : start + row[columns.N_OUT]] = 1
    return values[0]


def _draw_columns(
    spec: NetworkSpec, layout: Layout, values: np.ndarray, random_state: np.random.RandomState
) -> None:
    """Draw the parameters of embeddings; set the scales of the inputs to 1."""
    for column, row in zip(spec.columns, layout.columns, strict=True):
        draw = COLUMN_KINDS[column.kind].initial_values
        if draw is not None:
            start = row[input_columns.PARAMS]
            draw(column, values[start : start + row[input_columns.N_PARAMS]], random_state)
    if spec.scaled_inputs:
        start = layout.inputs[input_columns.SCALE]
        values[start : start + spec.n_in] = 1
