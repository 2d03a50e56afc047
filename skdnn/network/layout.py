"""Where each array of a network lies in its flat vectors."""

import numpy as np

from skdnn._dtypes import INDEX, SCALAR
from skdnn.kernels import network as columns
from skdnn.kernels.activations import ACTIVATIONS, IDENTITY
from skdnn.kernels.optimizers import DECAY_FACTOR, N_FACTORS, PENALTY_FACTOR, RATE_FACTOR
from skdnn.network.spec import NetworkSpec


class ArrayViews(list):
    """A list of views of one vector; assigning to items writes into the vector."""

    def __setitem__(self, index, value):
        if index is Ellipsis:
            index = slice(None)
        if isinstance(index, slice):
            for view, array in zip(self[index], value, strict=True):
                view[...] = array
        else:
            self[index][...] = value


class Layout:
    """The layer table and the named views of a specification.

    All weights come first, then all biases: the parameters that the optimiser treats alike are
    two segments whatever the depth.

    Attributes
    ----------
    table : (n_layers, N_COLUMNS) int64 array
        Sizes, activation and offsets; columns in ``kernels/network.py``.
    segments : (n_segments, 2) int64 array
        First and last + 1 of every segment of the parameters.
    factors : (n_segments, N_FACTORS) float64 array
        What the optimiser multiplies learning rate, decay and penalty by.
    dropout : (n_layers,) float64 array
        Rate after each layer.
    n_params : int
    arena_width : int
        Scratch memory in elements for every row of a batch,
    arena_extra : int
        and once more so many, for the transpose of a layer's weights.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        n_in = np.array(spec.layer_sizes[:-1], dtype=INDEX)
        n_out = np.array(spec.layer_sizes[1:], dtype=INDEX)
        n_weights = int((n_in * n_out).sum())
        self.n_params = n_weights + int(n_out.sum())

        table = np.zeros((spec.n_layers, columns.N_COLUMNS), dtype=INDEX)
        table[:, columns.N_IN] = n_in
        table[:, columns.N_OUT] = n_out
        table[:, columns.ACTIVATION] = ACTIVATIONS[spec.activation].code
        table[-1, columns.ACTIVATION] = IDENTITY
        table[:, columns.WEIGHT] = np.cumsum(n_in * n_out) - n_in * n_out
        table[:, columns.BIAS] = n_weights + np.cumsum(n_out) - n_out
        table[:, columns.VALUE] = spec.n_in + np.cumsum(n_out) - n_out
        table[:, columns.DERIVATIVE] = table[:, columns.VALUE] + n_out.sum()
        self.table = table
        self.arena_width = int(spec.n_in + 2 * n_out.sum() + n_in.max())
        self.arena_extra = int((n_in * n_out).max())

        self.segments = np.array([[0, n_weights], [n_weights, self.n_params]], dtype=INDEX)
        self.factors = np.ones((2, N_FACTORS), dtype=SCALAR)
        self.factors[1, [DECAY_FACTOR, PENALTY_FACTOR]] = 0
        self.factors[:, RATE_FACTOR] = 1
        self.dropout = np.array([*spec.dropout, 0.0], dtype=SCALAR)

    def arena(self, n_rows: int, dtype: np.dtype) -> np.ndarray:
        """Scratch memory for batches of up to ``n_rows`` rows."""
        return np.empty(n_rows * self.arena_width + self.arena_extra, dtype)

    def coefs(self, vector: np.ndarray) -> ArrayViews:
        """Views of the (n_in, n_out) weights of every layer."""
        return ArrayViews(
            vector[row[columns.WEIGHT] :][: row[columns.N_IN] * row[columns.N_OUT]].reshape(
                row[columns.N_IN], row[columns.N_OUT]
            )
            for row in self.table
        )

    def intercepts(self, vector: np.ndarray) -> ArrayViews:
        """Views of the (n_out,) biases of every layer."""
        return ArrayViews(vector[row[columns.BIAS] :][: row[columns.N_OUT]] for row in self.table)
