"""Numeric embeddings, as settings objects.

Their parameters can be set with scikit-learn's double underscore
(``numeric_embedding__n_bins``).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from numbers import Integral, Real
from typing import Any

from skdnn._settings import Number, SettingsObject
from skdnn._sklearn import validate_parameter_constraints
from skdnn.kernels.embeddings import COLUMN_KINDS
from skdnn.network.spec import InputColumn

#: Constraint of the attribute of each embedding: a bin index is stored in a byte.
N_BINS = {"n_bins": [Number(Integral, 0, 256, closed="both")]}


class NumericEmbedding(SettingsObject):
    """Base class of numeric embeddings.

    A subclass implements ``columns``, which lists the inputs that a number is encoded as. Its
    parameters can be validated by ``_parameter_constraints`` or by a method ``check``. With an
    attribute ``n_bins`` numbers are also discretized into quantile bins, and with
    ``scaled_inputs = True`` each input of the first layer has a learned scale.

    References
    ----------
    Gorishniy, Rubachev & Babenko 2022, "On embeddings for numerical features in tabular deep
    learning", arXiv 2203.05556.

    Examples
    --------
    A number and its bins:

    >>> from skdnn import DNNRegressor, InputColumn, NumericEmbedding
    >>> class NumberAndBins(NumericEmbedding):
    ...     def __init__(self, n_bins=8):
    ...         self.n_bins = n_bins
    ...
    ...     def columns(self, source, n_bins):
    ...         return [InputColumn("number", source), InputColumn("bins", source, n_bins, n_bins)]
    >>> DNNRegressor(numeric_embedding=NumberAndBins(4)).numeric_embedding
    NumberAndBins(n_bins=4)
    """

    #: Number of bins of each number, from 1 to 256; 0 if the embedding needs none.
    n_bins: int = 0

    #: Whether each input of the first layer has a learned scale.
    scaled_inputs: bool = False

    @abstractmethod
    def columns(self, source: int, n_bins: int) -> list[InputColumn]:
        """List the inputs that a number is encoded as.

        Parameters
        ----------
        source : int
            Index of the numeric column.
        n_bins : int
            Number of bins of the column: at most ``self.n_bins``, fewer if repeated values make
            bins empty.

        Returns
        -------
        columns : list of InputColumn
            At least one; all must have this ``source``.
        """

    def narrowed(self, share: float) -> NumericEmbedding | None:
        """Return an embedding with a fraction of the inputs, for tables with many columns.

        Parameters
        ----------
        share : float
            Fraction of the inputs, in (0, 1].

        Returns
        -------
        embedding : NumericEmbedding or None
            None is the number without embedding.
        """
        return self


class PiecewiseLinear(NumericEmbedding):
    """Piecewise linear encoding of a number by quantile bins.

    Each bin is an input: 1 for the bins below the number, 0 for those above it, and for the bin of
    the number the fraction of the bin that lies below it. The first layer then computes a
    piecewise linear function of each number, with knots at the bin edges.

    Parameters
    ----------
    n_bins : int, default=16
        Number of bins of each column, from 1 to 256; fewer if repeated values make bins empty.

    References
    ----------
    Gorishniy, Rubachev & Babenko 2022, "On embeddings for numerical features in tabular deep
    learning", arXiv 2203.05556.

    Examples
    --------
    >>> from skdnn import DNNRegressor, PiecewiseLinear
    >>> model = DNNRegressor(numeric_embedding=PiecewiseLinear(n_bins=32))
    >>> model.set_params(numeric_embedding__n_bins=8).numeric_embedding
    PiecewiseLinear(n_bins=8)
    """

    _parameter_constraints = {"n_bins": [Number(Integral, 1, 256, closed="both")]}

    def __init__(self, n_bins: int = 16) -> None:
        self.n_bins = n_bins

    def columns(self, source: int, n_bins: int) -> list[InputColumn]:
        """List the inputs that a number is encoded as: its bins.

        Parameters
        ----------
        source : int
            Index of the numeric column.
        n_bins : int
            Number of bins of the column.

        Returns
        -------
        columns : list of InputColumn
            A single one of kind "bins".
        """
        return [InputColumn("bins", source, n_bins, n_bins)]

    def narrowed(self, share: float) -> NumericEmbedding | None:
        """Return an embedding with fewer bins.

        Parameters
        ----------
        share : float
            Fraction of the inputs, in (0, 1].

        Returns
        -------
        embedding : PiecewiseLinear or None
            With fewer bins; None is the number without embedding.
        """
        n_bins = int(share * self.n_bins)
        return PiecewiseLinear(n_bins) if n_bins > 1 else None


class Periodic(NumericEmbedding):
    """Periodic embedding of a number: a linear map of learned cosines, and the number itself.

    For each number, ``cos(2 pi w x + b)`` is computed for several frequencies w and phases b and
    multiplied by a matrix; all of them are learned, with a tenth of the learning rate. This is
    PBLD of the paper (periodic bias linear DenseNet). Each input of the first layer, including
    those of other columns, also has a learned scale, with six times the learning rate, which
    reduces the influence of irrelevant inputs.

    Parameters
    ----------
    n_frequencies : int, default=16
        Number of frequencies of each number, from 1 to 256.
    d_embedding : int, default=8
        Dimension of the embedding of each number, from 2 to 64; the last input is the number
        itself.
    sigma : float, default=0.1
        Standard deviation of the initial frequencies, above 0: periods are about ``1 / sigma``
        interquartile ranges.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart 2024, "Better by default", arXiv 2407.04491.

    Examples
    --------
    >>> from skdnn import DNNRegressor, Periodic
    >>> DNNRegressor(numeric_embedding=Periodic(sigma=0.2)).numeric_embedding
    Periodic(sigma=0.2)
    """

    scaled_inputs = True
    _parameter_constraints = {
        "n_frequencies": [Number(Integral, 1, 256, closed="both")],
        "d_embedding": [Number(Integral, 2, 64, closed="both")],
        "sigma": [Number(Real, 0, None, closed="neither")],
    }

    def __init__(self, n_frequencies: int = 16, d_embedding: int = 8, sigma: float = 0.1) -> None:
        self.n_frequencies = n_frequencies
        self.d_embedding = d_embedding
        self.sigma = sigma

    def columns(self, source: int, n_bins: int) -> list[InputColumn]:
        """List the inputs that a number is encoded as: the embedding, and the number itself.

        Parameters
        ----------
        source : int
            Index of the numeric column.
        n_bins : int
            Ignored.

        Returns
        -------
        columns : list of InputColumn
            One of kind "periodic", and the number itself.
        """
        width = self.d_embedding - 1
        periodic = InputColumn("periodic", source, width, self.n_frequencies, float(self.sigma))
        return [periodic, InputColumn("number", source)]

    def narrowed(self, share: float) -> NumericEmbedding | None:
        """Return an embedding with fewer frequencies and a smaller dimension.

        Parameters
        ----------
        share : float
            Fraction of the inputs, in (0, 1].

        Returns
        -------
        embedding : Periodic or None
            With fewer frequencies; None is the number without embedding.
        """
        d_embedding = int(share * self.d_embedding)
        n_frequencies = max(1, int(share * self.n_frequencies))
        return Periodic(n_frequencies, d_embedding, self.sigma) if d_embedding > 1 else None


#: Name -> the embeddings that the members take in turn; None is no embedding.
EMBEDDINGS: dict[str, tuple[NumericEmbedding | None, ...]] = {
    "piecewise_linear": (PiecewiseLinear(),),
    "periodic": (Periodic(),),
    "mixed": (PiecewiseLinear(16), PiecewiseLinear(48), Periodic(), Periodic(sigma=0.5)),
}


#: With more numeric columns than this, the named embeddings make fewer inputs of each.
WIDE_NUMBERS = 100


def resolve_embeddings(
    value: Any, n_members: int, n_numbers: int = 0
) -> list[NumericEmbedding | None]:
    """The embedding of each member.

    Parameters
    ----------
    value : object
        Value of the parameter ``numeric_embedding``.
    n_members : int
    n_numbers : int, default=0
        Number of numeric columns. If there are many, a name stands for smaller embeddings;
        objects are used as they are.

    Raises
    ------
    ValueError
        If the value is not accepted.
    """
    several = isinstance(value, Sequence) and not isinstance(value, str)
    share = min(1.0, WIDE_NUMBERS / max(1, n_numbers))
    chosen: list[NumericEmbedding | None] = []
    for item in value if several else [value]:
        if isinstance(item, str) and item in EMBEDDINGS:
            chosen += [each and each.narrowed(share) for each in EMBEDDINGS[item]]
        elif item is None or isinstance(item, NumericEmbedding):
            chosen.append(item)
        else:
            raise ValueError(
                f"The 'numeric_embedding' parameter must be None, one of {sorted(EMBEDDINGS)}, "
                "a NumericEmbedding such as PiecewiseLinear(...), or a sequence of these that the "
                f"members take in turn. Got {value!r} instead."
            )
    if not chosen:
        raise ValueError(
            "The 'numeric_embedding' parameter must not be an empty sequence; None is no embedding."
        )
    for embedding in chosen:
        if embedding is not None:
            embedding.check()
            bins = {"n_bins": embedding.n_bins}
            validate_parameter_constraints(N_BINS, bins, type(embedding).__name__)
    # Copies: changes of the settings must not affect a fitted model.
    return deepcopy([chosen[member % len(chosen)] for member in range(n_members)])


def columns_of(embedding: NumericEmbedding, source: int, n_bins: int) -> list[InputColumn]:
    """Validated inputs of a number: the embedding may be a user's.

    Raises
    ------
    TypeError, ValueError
        Unless there is at least one column, each with this source. ``n_bins`` is 0 if there are
        no bins.
    """
    name = f"{type(embedding).__name__}.columns"
    found = embedding.columns(source, n_bins)
    if not isinstance(found, Sequence) or not all(isinstance(c, InputColumn) for c in found):
        raise TypeError(f"{name} must return a list of InputColumn. Got {found!r} instead.")
    reads = ("numbers", "bins") if n_bins else ("numbers",)
    kinds = [kind.name for kind in COLUMN_KINDS.values() if kind.reads in reads]
    right = [column.kind in kinds and column.source == source for column in found]
    if not found or not all(right) or any(c.reads == "bins" and c.size != n_bins for c in found):
        bins = f" (of {n_bins} bins)" if n_bins else ""
        raise ValueError(
            f"{name}(source={source}, n_bins={n_bins}) must return at least one InputColumn, of "
            f"the kinds {kinds}{bins} and with this source. Got {found!r} instead."
        )
    return list(found)
