"""Initial weights: uniform with a variance of ``gain**2 / fan``.

References
----------
Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks"
(fan = mean of inputs and outputs); He et al. 2015, arXiv 1502.01852 and LeCun et al. 1998,
"Efficient BackProp" (fan = inputs).
"""

from math import sqrt

import numpy as np

from skdnn.kernels.activations import ACTIVATIONS
from skdnn.network.layout import Layout
from skdnn.network.spec import NetworkSpec

#: Name -> fan of a layer with ``n_in`` inputs and ``n_out`` outputs.
FANS = {
    "glorot_uniform": lambda n_in, n_out: (n_in + n_out) / 2,
    "he_uniform": lambda n_in, n_out: n_in,
    "lecun_uniform": lambda n_in, n_out: n_in,
}


def initial_params(
    spec: NetworkSpec, layout: Layout, random_state: np.random.RandomState, dtype: np.dtype
) -> np.ndarray:
    """Draw the parameters of a new network.

    The activation decides the initialiser and the gain. Biases have the bound of the weights with
    Glorot's, as in scikit-learn's MLP, and are zero with the others, as in their papers. The
    draws are those of scikit-learn's MLP, in its order: with its activations, the same random
    state gives the same weights.

    Returns
    -------
    params : (n_params,) array of ``dtype``
    """
    activation = ACTIVATIONS[spec.activation]
    fan = FANS[activation.initializer]
    params = np.zeros(layout.n_params, dtype=dtype)
    for weight, bias in zip(layout.coefs(params), layout.intercepts(params), strict=True):
        bound = activation.gain * sqrt(3 / fan(*weight.shape))
        weight[...] = random_state.uniform(-bound, bound, weight.shape)
        if activation.initializer == "glorot_uniform":
            bias[...] = random_state.uniform(-bound, bound, bias.shape)
    return params
