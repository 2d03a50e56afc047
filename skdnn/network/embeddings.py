"""What members make of a number, as settings objects.

scikit-learn's double underscore reaches into the objects (``numeric_embedding__n_bins``).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from skdnn.network.spec import InputColumn


class NumericEmbedding(BaseEstimator):
    """Base of the embeddings of numbers."""

    #: Whether each input of the first layer has a learned scale.
    scaled_inputs = False

    @abstractmethod
    def columns(self, source: int, n_bins: int) -> list[InputColumn]:
        """What becomes of a number.

        Parameters
        ----------
        source : int
            Place of the number in a row.
        n_bins : int
            Bins that the column has, if the embedding asks for bins.
        """

    @abstractmethod
    def check(self) -> None:
        """Raise if a setting is not what it can be."""


class PiecewiseLinear(NumericEmbedding):
    """A number by its place among bins that hold equally many training rows.

    Each bin is an input: 1 for the bins below that of the number, 0 for those above, and for its
    own how far into it the number lies. The first layer then makes a piecewise linear function of
    every number, with kinks where the data are.

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

    def __init__(self, n_bins=16):
        self.n_bins = n_bins

    def columns(self, source: int, n_bins: int) -> list[InputColumn]:
        """What becomes of a number: its bins.

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

    def check(self) -> None:
        """Check the settings.

        Raises
        ------
        ValueError
            If ``n_bins`` is not an int from 1 to 256.
        """
        _check_int(self, "n_bins", 1, 256)


class Periodic(NumericEmbedding):
    """A number and learned waves of it.

    Of every number ``cos(2 pi w x + b)`` for several frequencies w and phases b, times a matrix
    of its own, and the number itself: all are learned, at a tenth of the learning rate. Smooth
    functions of a number need few of them. (In the paper: PBLD, periodic with bias, linear,
    densely connected.) Every input of the first layer, those of the other columns too, then has a
    learned scale, at six times the learning rate: what is of no use becomes small.

    Parameters
    ----------
    n_frequencies : int, default=16
        Waves of each number, from 1 to 256.
    d_embedding : int, default=8
        Inputs that a number becomes, from 2 to 64; the last one is the number itself.
    sigma : float, default=0.1
        Standard deviation of the frequencies at the start, above 0: the waves are as narrow as
        ``1 / sigma`` times the interquartile range.

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

    def __init__(self, n_frequencies=16, d_embedding=8, sigma=0.1):
        self.n_frequencies = n_frequencies
        self.d_embedding = d_embedding
        self.sigma = sigma

    def columns(self, source: int, n_bins: int) -> list[InputColumn]:
        """What becomes of a number: mixtures of its waves, and the number.

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
        waves = InputColumn("waves", source, width, self.n_frequencies, float(self.sigma))
        return [waves, InputColumn("number", source)]

    def check(self) -> None:
        """Check the settings.

        Raises
        ------
        ValueError
            If one is out of its range.
        """
        _check_int(self, "n_frequencies", 1, 256)
        _check_int(self, "d_embedding", 2, 64)
        if isinstance(self.sigma, bool) or not isinstance(self.sigma, Real) or not (
            0 < float(self.sigma) < np.inf
        ):  # fmt: skip
            raise ValueError(
                "The 'sigma' parameter of Periodic must be a float in the range (0, inf). "
                f"Got {self.sigma!r} instead."
            )


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
    chosen: list[NumericEmbedding | None] = []
    for item in value if several else [value]:
        if isinstance(item, str) and item in EMBEDDINGS:
            chosen += [_narrowed(embedding, n_numbers) for embedding in EMBEDDINGS[item]]
        elif item is None or isinstance(item, NumericEmbedding):
            chosen.append(item)
        else:
            raise ValueError(
                f"The 'numeric_embedding' parameter must be None, one of {set(EMBEDDINGS)}, "
                "PiecewiseLinear(...), Periodic(...), or a sequence of these that the members take "
                f"in turn. Got {value!r} instead."
            )
    if not chosen:
        raise ValueError(
            "The 'numeric_embedding' parameter must not be an empty sequence; None is no embedding."
        )
    for embedding in chosen:
        if embedding is not None:
            embedding.check()
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
    kinds = ("number", "waves", "bins") if n_bins else ("number", "waves")
    right = [column.kind in kinds and column.source == source for column in found]
    if not found or not all(right) or any(c.kind == "bins" and c.size != n_bins for c in found):
        bins = f" (of {n_bins} bins)" if n_bins else ""
        raise ValueError(
            f"{name}(source={source}, n_bins={n_bins}) must return at least one InputColumn of the "
            f"kinds {kinds}{bins} and of this source. Got {found!r} instead."
        )
    return list(found)


def _narrowed(embedding: NumericEmbedding | None, n_numbers: int) -> NumericEmbedding | None:
    """An embedding with which so many numbers make no more inputs than ``WIDE_NUMBERS``.

    None, the number as it is, where nothing is left of it.
    """
    share = min(1.0, WIDE_NUMBERS / max(1, n_numbers))
    if isinstance(embedding, PiecewiseLinear):
        n_bins = int(share * embedding.n_bins)
        return PiecewiseLinear(n_bins) if n_bins > 1 else None
    if isinstance(embedding, Periodic):
        d_embedding = int(share * embedding.d_embedding)
        n_frequencies = max(1, int(share * embedding.n_frequencies))
        return Periodic(n_frequencies, d_embedding, embedding.sigma) if d_embedding > 1 else None
    return embedding


def _check_int(settings: Any, name: str, low: int, high: int) -> None:
    value = getattr(settings, name)
    valid = isinstance(value, Integral) and not isinstance(value, bool)
    if not valid or not low <= int(value) <= high:
        raise ValueError(
            f"The {name!r} parameter of {type(settings).__name__} must be an int in the range "
            f"[{low}, {high}]. Got {value!r} instead."
        )
