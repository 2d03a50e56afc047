"""The description of a network."""

from dataclasses import dataclass
from functools import cached_property
from numbers import Integral

from skdnn.kernels.embeddings import COLUMN_KINDS
from skdnn.kernels.losses import LOSSES


@dataclass(frozen=True)
class InputColumn:
    """Inputs of the first layer that are made of a column of a table.

    What ``NumericEmbedding.columns`` returns a list of.

    Parameters
    ----------
    kind : {"number", "bins", "periodic", "one_hot", "binary", "embedding"}
        An embedding of numbers may ask for "number", the number itself, for "bins" and for
        "periodic"; the others are of categories.
    source : int
        Place among the numbers or the categories of a row.
    width : int, default=1
        Number of inputs: 1 for "number" and "binary", ``size`` for "bins" and "one_hot".
    size : int, default=0
        Number of bins, of frequencies, of categories.
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
        """Refuse what no kernel is made for: an embedding of one's own may ask for anything."""
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
        """Which of the "numbers", "bins" and "codes" of a row."""
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


@dataclass(frozen=True)
class NetworkSpec:
    """Everything that decides the shape of a network and what it computes.

    Attributes
    ----------
    layer_sizes : tuple of int
        Number of inputs, of units of each hidden layer, of outputs.
    activation : str
        Name in ``ACTIVATIONS``, of all hidden layers.
    dropout : tuple of float
        Rate at the input of each dense layer: of the features, then of every hidden layer.
    loss : str
        Name in ``LOSSES``; it decides the link of the output.
    loss_parameters : tuple of float
        Of the loss, those of each output one after the other; empty is 0 for all.
    normalization : {"batch", "layer"} or None
        Of the pre-activations of all hidden layers.
    outputs_per_target : int
        More than one for several quantiles.
    columns : tuple of InputColumn
        What the inputs are made of; empty: of numbers as they are.
    scaled_inputs : bool
        Whether each input has a factor that is learned. Only with ``columns``.
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

    @property
    def n_in(self) -> int:
        return self.layer_sizes[0]

    @property
    def n_out(self) -> int:
        return self.layer_sizes[-1]

    @property
    def levels(self) -> tuple[float, ...]:
        """What the outputs of each target are predictions of: the levels of quantiles."""
        if LOSSES[self.loss].outputs_per_target != "levels":
            return ()
        return self.loss_parameters[: self.outputs_per_target]

    @property
    def n_layers(self) -> int:
        """Number of dense layers."""
        return len(self.layer_sizes) - 1

    @cached_property
    def n_weights(self) -> int:
        """Number of weights without biases: multiplications a row in a forward pass."""
        return sum(a * b for a, b in zip(self.layer_sizes, self.layer_sizes[1:], strict=False))
