"""Layout of the arrays of a network in its flat vectors."""

from typing import Any, NamedTuple

import numpy as np

from skdnn._dtypes import INDEX, SCALAR
from skdnn.kernels import columns as input_columns
from skdnn.kernels import network as columns
from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.embeddings import COLUMN_KINDS
from skdnn.kernels.normalization import BATCH, LAYER
from skdnn.kernels.optimizers import (
    DECAY_FACTOR,
    N_FACTORS,
    PENALTY_FACTOR,
    RATE_FACTOR,
    UPDATE_BLOCK,
)
from skdnn.kernels.records import ColumnKind
from skdnn.network.spec import NetworkSpec, direction_of


class ArrayViews(list):
    """A list of views of one vector; assigning to items writes into the vector."""

    def __setitem__(self, index: Any, value: Any) -> None:
        if index is Ellipsis:
            index = slice(None)
        if isinstance(index, slice):
            for view, array in zip(self[index], value, strict=True):
                view[...] = array
        else:
            self[index][...] = value


#: Value of the parameter ``normalization`` -> code in the kernels.
NORMALIZATIONS = {None: None, "batch": BATCH, "layer": LAYER}


#: Factors of the learning rate and of the weight decay for the learned scales of the inputs.
SCALE_RATE, SCALE_DECAY = 6.0, 0.0


class Reads(NamedTuple):
    """Numbers, bins and codes of a row that the inputs are computed from."""

    n_numbers: int
    n_binned: int
    n_coded: int
    #: Binned columns, and the number of bins that have an input.
    bin_columns: np.ndarray
    n_bins: np.ndarray
    #: Categorical columns, and the largest code that has an input.
    code_columns: np.ndarray
    n_codes: np.ndarray


READS_NOTHING = Reads(0, 0, 0, *[np.empty(0, INDEX)] * 4)


def _reads(spec: NetworkSpec) -> Reads:
    if not spec.columns:
        return READS_NOTHING

    def sources(reads: str) -> np.ndarray:
        return np.array([c.source for c in spec.columns if c.reads == reads], dtype=INDEX)

    def sizes(reads: str) -> np.ndarray:
        return np.array([c.size for c in spec.columns if c.reads == reads], dtype=INDEX)

    numbers, bins, codes = sources("numbers"), sources("bins"), sources("codes")
    n_numbers, n_binned, n_coded = (int(s.max(initial=-1)) + 1 for s in (numbers, bins, codes))
    return Reads(n_numbers, n_binned, n_coded, bins, sizes("bins"), codes, sizes("codes"))


class Layout:
    """Layer table and views of the arrays of a specification.

    The parameters are all weights, then all biases, then the gains of normalized layers: for the
    optimizer these are two segments, for any depth. The values of a member are its parameters,
    followed by the buffers: running mean and variance of each batch-normalized layer.

    Attributes
    ----------
    table : (n_layers, N_COLUMNS) int64 array
        Sizes, activation and offsets; columns in ``kernels/network.py``.
    normalization : int or None
        Code in ``kernels/normalization.py``.
    segments : (n_segments, 2) int64 array
        Start and end of each segment of the parameters.
    factors : (n_segments, N_FACTORS) float64 array
        Factors of learning rate, weight decay and penalty in each segment.
    dropout : (n_layers,) float64 array
        Dropout rate at the input of each layer.
    encoding : int or None
        1 if columns are encoded: a program of its own is compiled for it.
    reads : Reads
        What the columns are encoded from.
    columns : (n_columns, N_ATTRIBUTES) int64 array
        Kind, source, inputs and parameters of each column; see ``kernels/columns.py``.
    inputs : (N_INPUTS,) int64 array
        Numbers and offsets that concern all inputs of the first layer; see ``kernels/columns.py``.
    n_dense : int
        Inputs that are multiplied by the weights.
    n_params, n_buffers : int
    n_blocks : int
        Number of blocks of parameters that the optimizer updates one after the other.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        n_in = np.array(spec.layer_sizes[:-1], dtype=INDEX)
        n_out = np.array(spec.layer_sizes[1:], dtype=INDEX)
        normalized = n_out * (spec.normalization is not None)
        normalized[-1] = 0
        n_weights = int((n_in * n_out).sum())
        n_dense = n_weights + int(n_out.sum())
        self.n_params = n_dense + int(normalized.sum())
        self.normalization = NORMALIZATIONS[spec.normalization]
        self.n_buffers = 2 * int(normalized.sum()) if self.normalization == BATCH else 0

        def starts(sizes: np.ndarray) -> np.ndarray:
            return np.cumsum(sizes) - sizes

        table = np.zeros((spec.n_layers, columns.N_COLUMNS), dtype=INDEX)
        table[:, columns.N_IN] = n_in
        table[:, columns.N_OUT] = n_out
        table[:, columns.ACTIVATION] = ACTIVATIONS[spec.activation].code
        table[-1, columns.ACTIVATION] = ACTIVATIONS["identity"].code
        table[:, columns.WEIGHT] = starts(n_in * n_out)
        table[:, columns.BIAS] = n_weights + starts(n_out)
        table[:, columns.GAIN] = n_dense + starts(normalized)
        table[:, columns.MOMENTS] = 2 * starts(normalized)
        table[:, columns.VALUE] = starts(n_out)
        table[:, columns.DERIVATIVE] = n_out.sum() + starts(n_out)
        table[:, columns.NORMAL] = 2 * n_out.sum() + starts(normalized)
        self.table = table
        self.segments = np.array([[0, n_weights], [n_weights, self.n_params]], dtype=INDEX)
        self.factors = np.ones((2, N_FACTORS), dtype=SCALAR)
        self.factors[1, [DECAY_FACTOR, PENALTY_FACTOR]] = 0
        self.encoding = 1 if spec.columns else None
        self.reads = _reads(spec)
        n_summed = self._lay_out_columns(spec)
        # Elements of the arena per row of a batch. The scratch memory is used for transposed
        # weights, by the optimizer, and by columns.
        n_trained = self.inputs[input_columns.N_TRAINED]
        below = int(2 * n_out.sum() + normalized.sum() + n_in[1:].max(initial=0))
        self.inputs[input_columns.GRADIENT] = below
        self._arena_width = below + int(n_trained)
        self._scratch_size = max(
            UPDATE_BLOCK, int((n_in * n_out)[1:].max(initial=0)), int(n_trained * n_out[0]),
            *(column.n_scratch for column in spec.columns),
        )  # fmt: skip
        self.inputs[input_columns.SCALED] = self._scratch_size
        if spec.scaled_inputs:
            self._scratch_size += int(n_in[0] * n_out[0])
        self.inputs[input_columns.SUMS] = self._scratch_size
        self._scratch_size += n_summed * int(n_out[0])
        self.n_blocks = int((-(-np.diff(self.segments) // UPDATE_BLOCK)).sum())
        self.dropout = np.array(spec.dropout, dtype=SCALAR)

    def _lay_out_columns(self, spec: NetworkSpec) -> int:
        """Table, parameters and segments of the input columns.

        Returns
        -------
        n_summed : int
            Inputs that are looked up, up to the last one for which sums of weights are computed.
        """
        self.columns = np.zeros((len(spec.columns), input_columns.N_ATTRIBUTES), dtype=INDEX)
        self.inputs = np.zeros(input_columns.N_INPUTS, dtype=INDEX)
        self.inputs[input_columns.N_DENSE] = 0 if spec.columns else spec.n_in
        place, start, summed = 0, self.n_params, 0
        if spec.columns and sum(column.width for column in spec.columns) != spec.n_in:
            raise ValueError(f"The columns do not make the {spec.n_in} inputs of the network.")
        ends: list[tuple[ColumnKind, int]] = []
        for row, column in zip(self.columns, spec.columns, strict=True):
            kind, n_params = COLUMN_KINDS[column.kind], column.n_params
            row[...] = kind.code, column.source, place, column.width, column.size, start, n_params
            place += column.width
            start += n_params
            if kind.lookup is None or direction_of(column, spec.monotonic):
                # Right in any order of the columns, and least work where those come last that can
                # be looked up. In a product no rounding can break the order of two numbers, unlike
                # in sums for bins that are looked up.
                self.inputs[input_columns.N_DENSE] = place
                self.inputs[[input_columns.N_LOOKUPS, input_columns.N_SUMS]] = 0
            else:
                self.inputs[input_columns.N_LOOKUPS] += 1
                if kind.cumulative:
                    self.inputs[input_columns.N_SUMS] = self.inputs[input_columns.N_LOOKUPS]
                    summed = place
            if n_params:
                # Gradients are computed for all inputs up to here: correct in any order of the
                # columns, and least work if those with parameters come first.
                self.inputs[input_columns.N_TRAINED] = place
                # Adjacent columns of one kind share a segment.
                if ends and ends[-1][0] is kind:
                    ends.pop()
                ends.append((kind, start))
        segments = [
            (end, kind.learning_rate_factor, kind.weight_decay_factor) for kind, end in ends
        ]
        self.inputs[input_columns.SCALE] = -1
        if spec.scaled_inputs:
            self.inputs[input_columns.SCALE] = start
            start += place
            segments.append((start, SCALE_RATE, SCALE_DECAY))
        for end, rate, decay in segments:
            self.segments = np.vstack([self.segments, [self.n_params, end]])
            factors = np.zeros((1, N_FACTORS), dtype=SCALAR)
            factors[0, RATE_FACTOR], factors[0, DECAY_FACTOR] = rate, decay
            self.factors = np.vstack([self.factors, factors])
            self.n_params = end
        return max(0, summed - self.n_dense)

    @property
    def n_values(self) -> int:
        """Number of parameters and buffers of a member."""
        return self.n_params + self.n_buffers

    @property
    def n_dense(self) -> int:
        """Inputs that are multiplied by the weights; those behind them are looked up."""
        return int(self.inputs[input_columns.N_DENSE])

    @property
    def n_input_params(self) -> int:
        """Number of parameters of embeddings and scales of the inputs."""
        return int(self.n_params - self.segments[1, 1])

    def arena_size(self, n_rows: int) -> int:
        """Number of activations and derivatives of a batch of ``n_rows`` rows."""
        return n_rows * self._arena_width

    def scratch(self, dtype: np.dtype) -> np.ndarray:
        """Scratch memory of one thread."""
        return np.empty(self._scratch_size, dtype)

    def moments(self, n_rows: int, dtype: np.dtype) -> np.ndarray:
        """Scratch memory for the moments of batches of up to ``n_rows`` rows."""
        n_values = len(self.table) * n_rows if self.normalization == LAYER else self.n_buffers
        return np.empty(n_values, dtype)

    def coefs(self, values: np.ndarray) -> ArrayViews:
        """Views of the weights of each layer.

        Parameters
        ----------
        values : (n_members, n_values) array

        Returns
        -------
        views : list of (n_in, n_out) arrays; (n_members, n_in, n_out) for several members
        """
        views = ArrayViews()
        for row in self.table:
            n_in, n_out = row[columns.N_IN], row[columns.N_OUT]
            start = row[columns.WEIGHT]
            view = values[:, start : start + n_in * n_out].reshape(-1, n_in, n_out)
            views.append(view[0] if len(view) == 1 else view)
        return views

    def intercepts(self, values: np.ndarray) -> ArrayViews:
        """Views of the (n_out,) biases of each layer, as ``coefs``."""
        return self._vectors(values, columns.BIAS)

    def gains(self, values: np.ndarray) -> ArrayViews:
        """Views of the (n_out,) gains of each normalized layer, as ``coefs``."""
        if self.normalization is None:
            return ArrayViews()
        return ArrayViews(self._vectors(values, columns.GAIN)[:-1])

    def named(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """Views of the values of a member by name; together they are all of them.

        Parameters
        ----------
        values : (n_values,) array

        Returns
        -------
        views : dict of str to array
            For each layer ``weights.0`` (n_in, n_out) and ``biases.0`` (n_out,), with a
            normalization ``gains.0``, and ``means.0`` and ``variances.0`` of batches; for each
            column with parameters ``columns.0`` (n_params,); the ``scales`` (n_in,) of the inputs.
        """
        member = values.reshape(1, -1)
        views: dict[str, np.ndarray] = {}
        for name, arrays in (
            ("weights", self.coefs(member)),
            ("biases", self.intercepts(member)),
            ("gains", self.gains(member)),
        ):
            views |= {f"{name}.{k}": array for k, array in enumerate(arrays)}
        if self.normalization == BATCH:
            for k, row in enumerate(self.table[:-1]):
                n_out, start = row[columns.N_OUT], self.n_params + row[columns.MOMENTS]
                views[f"means.{k}"] = values[start : start + n_out]
                views[f"variances.{k}"] = values[start + n_out : start + 2 * n_out]
        for k, row in enumerate(self.columns):
            start, n_params = row[input_columns.PARAMS], row[input_columns.N_PARAMS]
            if n_params:
                views[f"columns.{k}"] = values[start : start + n_params]
        start = self.inputs[input_columns.SCALE]
        if start >= 0:
            views["scales"] = values[start : start + self.table[0, columns.N_IN]]
        return views

    def _vectors(self, values: np.ndarray, column: int) -> ArrayViews:
        views = ArrayViews()
        for row in self.table:
            view = values[:, row[column] : row[column] + row[columns.N_OUT]]
            views.append(view[0] if len(view) == 1 else view)
        return views
