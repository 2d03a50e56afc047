"""What members make of a number, as settings objects.

scikit-learn's double underscore reaches into the objects (``numeric_embedding__n_bins``).
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

#: The attribute of any embedding, 0 without bins: the bin of a number is kept in a byte.
N_BINS = {"n_bins": [Number(Integral, 0, 256, closed="both")]}


class NumericEmbedding(SettingsObject):
    """Base class of numeric embeddings; derive your own from it.

    A subclass implements ``columns``, which lists the inputs that a number is encoded as. Its
    parameters can be checked by ``_parameter_constraints`` or by a method ``check``. With an
    attribute ``n_bins`` the numbers are also put into quantile bins, and with
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

    #: Bins of each number, from 1 to 256; 0 where the embedding needs none.
    n_bins: int = 0

    #: Whether each input of the first layer has a learned scale.
    scaled_inputs: bool = False

    @abstractmethod
    def columns(self, source: int, n_bins: int) -> list[InputColumn]:
        """List the inputs that a number is encoded as.

        Parameters
        ----------
        source : int
            Place of the number in a row.
        n_bins : int
            Bins that the column has: at most ``self.n_bins``, fewer where equal numbers make bins
            empty.

        Returns
        -------
        columns : list of InputColumn
            At least one, all computed from this number.
        """

    def narrowed(self, share: float) -> NumericEmbedding | None:
        """Return an embedding with a share of the inputs; None where nothing is left.

        Parameters
        ----------
        share : float
            In (0, 1].

        Returns
        -------
        embedding : NumericEmbedding or None
            None is the number as it is.
        """
        return self


class PiecewiseLinear(NumericEmbedding):
    """Piecewise linear encoding of a number by quantile bins.

    Each bin is an input: 1 for the bins below the number, 0 for those above it, and for the bin of
    the number the fraction of the bin that lies below it. The first layer then computes a
    piecewise linear function of every number, with kinks at the edges of the bins.

    Parameters
    ----------
    n_bins : int, default=16
        Bins of a column, from 1 to 256; fewer where equal numbers make bins empty.

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
            Place of the number in a row.
        n_bins : int
            Bins that the column has.

        Returns
        -------
        columns : list of InputColumn
        """
        return [InputColumn("bins", source, n_bins, n_bins)]

    def narrowed(self, share: float) -> NumericEmbedding | None:
        """Return an embedding of fewer bins.

        Parameters
        ----------
        share : float
            In (0, 1].

        Returns
        -------
        embedding : PiecewiseLinear or None
        """
        n_bins = int(share * self.n_bins)
        return PiecewiseLinear(n_bins) if n_bins > 1 else None


class Periodic(NumericEmbedding):
    """Periodic embedding of a number: a linear map of learned cosines, and the number itself.

    For every number, ``cos(2 pi w x + b)`` is computed for several frequencies w and phases b and
    multiplied by a matrix; all of them are learned, at a tenth of the learning rate. This is PBLD
    of the paper (periodic with bias, linear, densely connected). Every input of the first layer,
    those of other columns too, also has a learned scale, at six times the learning rate, which
    reduces useless inputs.

    Parameters
    ----------
    n_frequencies : int, default=16
        Frequencies of each number, from 1 to 256.
    d_embedding : int, default=8
        Inputs that a number becomes, from 2 to 64; the last one is the number itself.
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
            Place of the number in a row.
        n_bins : int
            Not used.

        Returns
        -------
        columns : list of InputColumn
        """
        width = self.d_embedding - 1
        periodic = InputColumn("periodic", source, width, self.n_frequencies, float(self.sigma))
        return [periodic, InputColumn("number", source)]

    def narrowed(self, share: float) -> NumericEmbedding | None:
        """Return an embedding of fewer frequencies and inputs.

        Parameters
        ----------
        share : float
            In (0, 1].

        Returns
        -------
        embedding : Periodic or None
        """
        d_embedding = int(share * self.d_embedding)
        n_frequencies = max(1, int(share * self.n_frequencies))
        return Periodic(n_frequencies, d_embedding, self.sigma) if d_embedding > 1 else None


#: Name -> the embeddings that the members take in turn; None is the number as it is.
EMBEDDINGS: dict[str, tuple[NumericEmbedding | None, ...]] = {
    "piecewise_linear": (PiecewiseLinear(),),
    "periodic": (Periodic(),),
    "mixed": (PiecewiseLinear(16), PiecewiseLinear(48), Periodic(), Periodic(sigma=0.5)),
}


#: Tables of more numbers are wide: the embeddings of a name make fewer inputs of each number.
WIDE_NUMBERS = 100


def resolve_embeddings(
    value: Any, n_members: int, n_numbers: int = 0
) -> list[NumericEmbedding | None]:
    """The embedding of each member.

    Parameters
    ----------
    value : object
        Of the parameter ``numeric_embedding``.
    n_members : int
    n_numbers : int, default=0
        Numbers of a row. In a wide table a name stands for smaller embeddings; objects are what
        they say.

    Raises
    ------
    ValueError
        If it is none of what is accepted.
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
    # Copies: a fitted model stays what it is when somebody changes the settings.
    return deepcopy([chosen[member % len(chosen)] for member in range(n_members)])


def columns_of(embedding: NumericEmbedding, source: int, n_bins: int) -> list[InputColumn]:
    """What an embedding makes of a number, checked: it may be one of the user's own.

    Raises
    ------
    TypeError, ValueError
        Unless it is at least one column, each made of this number. ``n_bins`` of 0 says that
        there are no bins.
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
            f"{name}(source={source}, n_bins={n_bins}) must return at least one InputColumn of the "
            f"kinds {kinds}{bins} and of this source. Got {found!r} instead."
        )
    return list(found)
