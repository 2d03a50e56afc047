"""Initial weights that know the data.

Every unit of a hidden layer gets pre-activations of deviation 1 over the training rows, and a bias
that puts its zero among them. Layers are done one after the other, in one pass.

References
----------
Holzmüller, Grinsztajn, Steinwart 2024, "Better by default", arXiv 2407.04491, appendix A ("std" for
the weights, "he+5" for the biases).
"""

from __future__ import annotations

import numpy as np

from skdnn.kernels.network import Features
from skdnn.network.network import Network
from skdnn.training.data import n_feature_rows
from skdnn.training.engine import activations, first_inputs

#: Rows that the deviations are measured on: enough for two digits.
N_ROWS = 2048
#: Rows whose mixture is the zero of a unit.
N_MIXED = 5
#: Less is no deviation, but rounding.
_LEAST = 1e-6


def fit_initial_values(
    network: Network, member: int, features: Features, random_state: np.random.RandomState
) -> None:
    """Adapt the initial weights of all hidden layers of a member, in place.

    NOTE[DIFF] The output layer keeps its weights: they are drawn small, and stay comparable
    between losses.

    Parameters
    ----------
    network : Network
    member : int
    features : Features
        Training rows.
    random_state : RandomState
    """
    n_rows = n_feature_rows(features)
    rows = random_state.permutation(n_rows)[:N_ROWS]
    hidden = first_inputs(network, member, features, rows)
    own = network.part(slice(member, member + 1))
    for weight, bias in zip(own.coefs[:-1], own.intercepts[:-1], strict=True):
        z = hidden @ weight
        deviation = z.std(axis=0)
        deviation[deviation < _LEAST] = 1
        z /= deviation
        shares = random_state.exponential(size=(N_MIXED, z.shape[1]))
        shares /= shares.sum(axis=0)
        chosen = random_state.randint(len(z), size=shares.shape)
        shift = -(shares * z[chosen, np.arange(z.shape[1])]).sum(axis=0)
        weight /= deviation
        bias[...] = shift
        hidden = activations(network, z + shift)
