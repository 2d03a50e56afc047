"""Encoding of the rows of a table as inputs of each member, and the names of the inputs."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np

from skdnn._dtypes import CODE
from skdnn.kernels.embeddings import COLUMN_KINDS
from skdnn.network.embeddings import NumericEmbedding, columns_of, resolve_embeddings
from skdnn.network.spec import InputColumn, direction_of
from skdnn.tabular.bins import BinEdges
from skdnn.tabular.encoder import Table, TableEncoder
from skdnn.training.data import Features, make_features, with_columns

#: Columns with up to this number of categories are one-hot encoded; others have an embedding.
ONE_HOT_CODES = 32
#: In tables with more categorical columns the limit is lower, so that one-hot inputs stay few.
WIDE_CATEGORICAL = 100
#: Limit for one-hot columns that get more categories in later calls of ``partial_fit``.
ONE_HOT_ROOM = 256
#: Length of the embeddings.
D_EMBEDDING = 8
#: Range of linear extrapolation outside the bins.
FRACTION_RANGE = (-3.0, 4.0)


class TableInputs:
    """Encodes a table as inputs of each member; learned from training rows.

    Parameters
    ----------
    categorical_features, scaling : object
        See ``TableEncoder``.
    numeric_embedding : object
        Value of the parameter.
    n_members : int
    directions : tuple of int, default=()
        1, -1 or 0 for each column: see ``NetworkSpec.monotonic``; empty if all are 0.
    """

    #: Not in pickles of versions without constraints.
    directions: tuple[int, ...] = ()

    def __init__(
        self,
        categorical_features: Any,
        scaling: str | None,
        numeric_embedding: Any,
        n_members: int,
        directions: tuple[int, ...] = (),
    ) -> None:
        self.directions = directions
        self.encoder = TableEncoder(categorical_features, scaling)
        self.numeric_embedding, self.n_members = numeric_embedding, n_members
        #: Of each member, known after ``fit``.
        self.embeddings: Sequence[NumericEmbedding | None] = ()
        #: Number of bins -> edges.
        self.edges: dict[int, BinEdges] = {}

    def fit(self, X: Any, weights: np.ndarray | None) -> Table:
        """Learn from rows of positive weight; all without ``weights`` (n_samples,).

        Returns
        -------
        table : Table
            The encoded rows, in float64.
        """
        self.encoder.fit(X, weights)
        self.numeric_directions(self.directions)  # raises if a column is categorical
        n_codes = self.encoder.n_codes
        share = min(1.0, WIDE_CATEGORICAL / max(1, len(n_codes)))
        # An embedding is never longer than the one-hot encoding.
        most = max(D_EMBEDDING, int(share * ONE_HOT_CODES))
        #: Whether a categorical column has an embedding; this does not change in ``extended``.
        self.is_embedded = tuple(n > most for n in n_codes)
        #: Number of rows that the encoding was learned from.
        self.n_rows = X.shape[0] if weights is None else int(np.count_nonzero(weights))
        self.embeddings = resolve_embeddings(
            self.numeric_embedding, self.n_members, self.encoder.n_numeric
        )
        table = self.encoder.transform(X, np.float64)
        counts = {each.n_bins for each in self.embeddings if each is not None} - {0}
        self.edges = {n: BinEdges(n).fit(self._numbers(table), weights) for n in counts}
        return table

    def extended(
        self, X: Any, weights: np.ndarray | None
    ) -> tuple[TableInputs, list[np.ndarray], set[tuple[str, int]]]:
        """Inputs extended by what is new in more rows: see ``TableEncoder.extended``.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_columns)
        weights : (n_samples,) array or None

        Returns
        -------
        inputs : TableInputs
            These, if there is nothing new.
        codes : list of (n_codes,) int arrays
            New codes of the categories of each column that have the codes 1, 2, ... here.
        renewed : set of (kind, source)
            Input columns that were constant until now.
        """
        room = [np.inf if embedded else ONE_HOT_ROOM for embedded in self.is_embedded]
        before = self.encoder
        encoder, learned = before.extended(X, weights, room)
        codes = [
            np.array([*range(1, len(old.values) + 1), *[new.n_codes] * old.has_missing], dtype=CODE)
            for old, new in zip(before.categories, encoder.categories, strict=True)
        ]
        if encoder is before:
            return self, codes, set()
        other = copy(self)
        other.encoder = encoder
        numbers = {j: encoder.scaler.scaled(j, values) for j, values in learned.items()}
        other.edges = {n: edges.extended(numbers) for n, edges in self.edges.items()}
        kinds = ("bins",) if encoder.scaling is None else ("bins", "number")
        return other, codes, {(kind, source) for kind in kinds for source in learned}

    def part(self, members: slice) -> TableInputs:
        """The inputs of some members."""
        part = copy(self)
        part.embeddings = self.embeddings[members]
        return part

    def numeric_directions(self, directions: tuple[int, ...]) -> tuple[int, ...]:
        """Those of the numeric columns among the directions of all columns.

        Raises
        ------
        ValueError
            If a categorical column has a direction.
        """
        if not directions:
            return ()
        encoder, found = self.encoder, np.array(directions)
        wrong = np.flatnonzero(encoder.is_categorical & (found != 0))
        if wrong.size:
            names = ", ".join(repr(encoder.names[position]) for position in wrong)
            raise ValueError(
                f"monotonic_cst constrains the categorical column(s) {names}: only numbers have an "
                "order. Set them to 0, or convert them to numbers."
            )
        return tuple(found[~encoder.is_categorical].tolist())

    @property
    def is_categorical(self) -> np.ndarray | None:
        """Mask of the categorical columns; None if there are none."""
        found = self.encoder.is_categorical
        return found.copy() if found.any() else None

    def check_members(self, n_members: int) -> None:
        """Raise unless there are inputs for this number of members."""
        if len(self.embeddings) != n_members:
            raise ValueError(
                f"The network has {n_members} members, but there are inputs for "
                f"{len(self.embeddings)}."
            )

    def _numbers(self, table: Table) -> np.ndarray:
        return table.numeric[:, : self.encoder.n_numeric]

    def columns(self, member: int) -> tuple[InputColumn, ...]:
        """Input columns of a member, in the order that is least work (see ``Layout``).

        Those with parameters come first, those that can be looked up last.
        """
        encoder, embedding = self.encoder, self.embeddings[member]
        found: list[InputColumn] = []
        edges = self._edges_of(member)
        bin_counts = edges.bin_counts if edges else None
        directions = self.numeric_directions(self.directions)
        for source in range(encoder.n_numeric):
            number = InputColumn("number", source)
            made = [number]
            if embedding is not None:
                made = columns_of(embedding, source, bin_counts[source] if bin_counts else 0)
            if direction_of(number, directions):
                made = [each for each in made if COLUMN_KINDS[each.kind].monotone] or [number]
            found += made
        n_indicators = len(encoder.indicator_names)
        found += [InputColumn("number", encoder.n_numeric + i) for i in range(n_indicators)]
        for source, n_codes in enumerate(encoder.n_codes):
            if self.is_embedded[source]:
                found.append(InputColumn("embedding", source, D_EMBEDDING, n_codes))
            elif n_codes > 1:
                # Two categories become one input; a constant column has no information.
                kind, width = ("binary", 1) if n_codes == 2 else ("one_hot", n_codes)
                found.append(InputColumn(kind, source, width, n_codes))
        if not found:
            # A constant input, since a network needs at least one.
            found.append(InputColumn("one_hot", 0, 1, 1))

        def work(column: InputColumn) -> tuple[bool, ...]:
            kind = COLUMN_KINDS[column.kind]
            is_looked_up = kind.lookup is not None and not direction_of(column, directions)
            return column.n_params == 0, is_looked_up, not kind.cumulative

        return tuple(sorted(found, key=work))

    def _edges_of(self, member: int) -> BinEdges | None:
        embedding = self.embeddings[member]
        return None if embedding is None else self.edges.get(embedding.n_bins)

    def features(self, X: Any, dtype: np.dtype) -> list[Features]:
        """Inputs of each member for the rows of a table.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_columns)
        dtype : dtype of the network
        """
        return self.features_of(self.encoder.transform(X, dtype), dtype)

    def features_of(self, table: Table, dtype: np.dtype) -> list[Features]:
        """Inputs of each member for the rows of an encoded table."""
        return self.features_from(self.arrays_of(table), dtype)

    def arrays_of(self, table: Table) -> list[np.ndarray]:
        """All that the inputs of the rows of an encoded table are made of.

        Returns
        -------
        arrays : list of (n_samples, n) arrays
            Numbers and codes, then bins and fractions for each number of bins in ``edges``. Those
            of rows of several tables may be put together.
        """
        located = self._located(self._numbers(table))
        return [table.numeric, table.codes, *(array for pair in located for array in pair)]

    def features_from(self, arrays: Sequence[np.ndarray], dtype: np.dtype) -> list[Features]:
        """Inputs of each member from the arrays of ``arrays_of``, which are not copied."""
        numeric, codes, *located = arrays
        n_codes = self.encoder.n_codes
        numbers = make_features(numeric, dtype)
        numbers = with_columns(numbers, numbers.bins, numbers.fractions, codes, (), n_codes)
        # Members with the same number of bins share them.
        known = {0: numbers}
        for i, (n_bins, edges) in enumerate(self.edges.items()):
            bins, fractions = located[2 * i : 2 * i + 2]
            known[n_bins] = with_columns(
                numbers, bins, fractions, numbers.codes, edges.bin_counts, n_codes
            )
        return [known[0 if each is None else each.n_bins] for each in self.embeddings]

    def _located(self, X: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Bins of numbers and positions in them, for each number of bins in ``edges``.

        Those of a single row are found side by side: the calls take longer than the search.
        """
        n_rows, n = X.shape
        together = self.edges.values()
        if n_rows == 1 and len(together) > 1:
            side_by_side = np.concatenate([X] * len(together), axis=1)
            bins, fractions = self._all_edges.locate(side_by_side, *FRACTION_RANGE)
            places = [np.s_[:, i * n : (i + 1) * n] for i in range(len(together))]
            return [(bins[own], fractions[own]) for own in places]
        return [edges.locate(X, *FRACTION_RANGE) for edges in together]

    @cached_property
    def _all_edges(self) -> BinEdges:
        """The edges for each number of bins, as those of different columns."""
        joined = BinEdges(max(self.edges))
        joined.edges = [each for own in self.edges.values() for each in own.edges]
        return joined

    def __getstate__(self) -> dict[str, Any]:
        """The state without cached properties."""
        return {name: value for name, value in vars(self).items() if name != "_all_edges"}

    def places(self, member: int, position: int) -> list[int]:
        """Positions of a column among the inputs of a member, in increasing order.

        Those of a numeric column include its missing indicator.
        """
        encoder = self.encoder
        is_categorical, source = encoder.is_categorical[position], encoder.place(position)
        sources = {source}
        if not is_categorical:
            indicated = np.flatnonzero(encoder.scaler.indicated == source)
            sources.update((encoder.n_numeric + indicated).tolist())
        places: list[int] = []
        start = 0
        for column in self.columns(member):
            if column.is_categorical == is_categorical and column.source in sources:
                places += range(start, start + column.width)
            start += column.width
        return places

    def names(self, member: int) -> list[str]:
        """Names of the inputs of a member: ``column``, ``column_category``, ``column_bin0``."""
        encoder = self.encoder
        numbers = [*encoder.numeric_names, *encoder.indicator_names]
        names: list[str] = []
        for column in self.columns(member):
            label = COLUMN_KINDS[column.kind].label
            parts = [f"{label}{i}" for i in range(column.width)] if label else []
            if column.is_categorical:
                name = encoder.categorical_names[column.source]
                labels = [str(each) for each in encoder.category_labels[name]]
                parts = parts or labels[-column.width :]
            else:
                name = numbers[column.source]
            names += [f"{name}_{part}" for part in parts] or [name]
        return names

    def description(self, member: int) -> str:
        """A short text that describes the inputs of a member."""
        encoder, columns = self.encoder, self.columns(member)
        n_indicators = len(encoder.indicator_names)
        made_of_numbers = [column for column in columns if not column.is_categorical]
        numbers = _count(encoder.n_numeric, "number")
        nouns = dict.fromkeys(COLUMN_KINDS[column.kind].noun for column in made_of_numbers)
        inputs = [
            _count(sum(c.width for c in made_of_numbers if COLUMN_KINDS[c.kind].noun == noun), noun)
            for noun in filter(None, nouns)
        ]
        if inputs:
            is_itself = sum(column.kind == "number" for column in columns) > n_indicators
            numbers += f" {'with' if is_itself else 'as'} {' and '.join(inputs)}"
        parts = [numbers] if encoder.n_numeric else []
        if n_indicators:
            parts.append(_count(n_indicators, "missing indicator"))
        units = [c.width for c in columns if c.is_categorical and not c.n_params]
        if units:
            parts.append(
                f"{_count(len(units), 'categorical column')} as {_count(sum(units), 'input')}"
            )
        n_embedded = sum(column.kind == "embedding" for column in columns)
        if n_embedded:
            parts.append(
                f"{_count(n_embedded, 'categorical column')} as embeddings of length {D_EMBEDDING}"
            )
        return ", ".join(parts)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + "s" * (number != 1)
