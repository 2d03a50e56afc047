"""Specification of a network."""

from dataclasses import dataclass
from functools import cached_property
from numbers import Integral

from skdnn.kernels.embeddings import COLUMN_KINDS
from skdnn.kernels.losses import LOSSES


@dataclass(frozen=True)
class InputColumn:
    """Inputs of the first layer that are computed from a column of a table.

    ``NumericEmbedding.columns`` returns a list of these.

    Parameters
    ----------
    kind : {"number", "bins", "periodic", "one_hot", "binary", "embedding"}
        "number" (the number itself), "bins" and "periodic" are for numeric columns, the others for
        categorical columns.
    source : int
        Index among the numeric or the categorical columns.
    width : int, default=1
        Number of inputs: 1 for "number" and "binary", ``size`` for "bins" and "one_hot".
    size : int, default=0
        Number of bins, frequencies or categories.
    sigma : float, default=0.0
        Standard deviation of the initial frequencies of "periodic".

    References
    ----------
    Gorishniy, Rubachev & Babenko 2022, "On embeddings for numerical features in tabular deep
    learning", arXiv 2203.05556.

    Examples
    --------
    >>> from skdnn import InputColumn, PiecewiseLinear
    >>> PiecewiseLinear().columns(source=0, n_bins=12) == [InputColumn("bins", 0, 12, 12)]
    True
    """

    kind: str
    source: int
    width: int = 1
    size: int = 0
    sigma: float = 0.0

    def __post_init__(self) -> None:
        """Validate the fields: a user's embedding may have any."""
        if self.kind not in COLUMN_KINDS:
            raise ValueError(
                f"kind must be one of {list(COLUMN_KINDS)}. Got {self.kind!r} instead."
            )
        kind = COLUMN_KINDS[self.kind]
        leasts = {"source": 0, "width": 1, "size": kind.min_size}
        for name, least in leasts.items():
            value = getattr(self, name)
            is_int = isinstance(value, Integral) and not isinstance(value, bool)
            if not is_int or value < least:
                raise ValueError(
                    f"{name} of {self.kind!r} must be an int of at least {least}. Got {value!r} "
                    "instead."
                )
        width = {"one": 1, "size": self.size, "any": self.width}[kind.width]
        if self.width != width:
            raise ValueError(f"width of {self.kind!r} must be {width}. Got {self.width} instead.")

    @property
    def reads(self) -> str:
        """Whether the inputs are computed from the "numbers", "bins" or "codes" of a row."""
        return COLUMN_KINDS[self.kind].reads

    @property
    def is_categorical(self) -> bool:
        return self.reads == "codes"

    @property
    def n_params(self) -> int:
        return COLUMN_KINDS[self.kind].n_params(self.size, self.width)

    @property
    def n_scratch(self) -> int:
        return COLUMN_KINDS[self.kind].n_scratch(self.size, self.width)


def direction_of(column: InputColumn, monotonic: tuple[int, ...]) -> int:
    """Direction of the number that a column reads: see ``NetworkSpec.monotonic``.

    Categories and missing indicators, which come after the numbers, are free.
    """
    is_free = column.is_categorical or column.source >= len(monotonic)
    return 0 if is_free else monotonic[column.source]


@dataclass(frozen=True)
class NetworkSpec:
    """Shape of a network and the functions that it computes.

    Attributes
    ----------
    layer_sizes : tuple of int
        Number of inputs, of units of each hidden layer, and of outputs.
    activation : str
        Activation of the hidden layers, a name in ``ACTIVATIONS``.
    dropout : tuple of float
        Dropout rate at the input of each dense layer: of the features, then of each hidden layer.
    loss : str
        Name in ``LOSSES``; it determines the link of the output.
    loss_parameters : tuple of float
        Parameters of the loss for each output, one after the other; empty is 0 for all.
    normalization : {"batch", "layer"} or None
        Normalization of the pre-activations of all hidden layers.
    outputs_per_target : int
        More than 1 for several quantiles.
    columns : tuple of InputColumn
        The columns that the inputs are computed from; if empty, the inputs are the numbers of X.
    scaled_inputs : bool
        Whether each input has a learned scale. Only with ``columns``.
    monotonic : tuple of int
        1, -1 or 0 for each number: whether outputs must not decrease, must not increase, or may do
        either as it increases. If empty, all are 0.
    """

    layer_sizes: tuple[int, ...]
    activation: str
    dropout: tuple[float, ...]
    loss: str
    loss_parameters: tuple[float, ...] = ()
    normalization: str | None = None
    outputs_per_target: int = 1
    columns: tuple[InputColumn, ...] = ()
    scaled_inputs: bool = False
    monotonic: tuple[int, ...] = ()

    @property
    def n_in(self) -> int:
        return self.layer_sizes[0]

    @property
    def n_out(self) -> int:
        return self.layer_sizes[-1]

    @property
    def levels(self) -> tuple[float, ...]:
        """Quantile levels that the outputs of each target predict; empty for other losses."""
        if LOSSES[self.loss].outputs_per_target != "levels":
            return ()
        return self.loss_parameters[: self.outputs_per_target]

    @property
    def column_sizes(self) -> tuple[int, ...]:
        """Number of classes of each column of labels; empty for other targets."""
        if LOSSES[self.loss].link != "softmax of columns":
            return ()
        columns = [int(column) for column in self.loss_parameters[1::2]]
        return tuple(columns.count(column) for column in range(max(columns) + 1))

    @property
    def n_layers(self) -> int:
        """Number of dense layers."""
        return len(self.layer_sizes) - 1

    @cached_property
    def n_weights(self) -> int:
        """Number of weights without biases."""
        return sum(a * b for a, b in zip(self.layer_sizes, self.layer_sizes[1:], strict=False))
