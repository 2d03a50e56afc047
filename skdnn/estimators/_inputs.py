"""From the rows that a user has to the inputs of every member, and their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np

from skdnn.network.embeddings import NumericEmbedding, PiecewiseLinear, resolve_embeddings
from skdnn.network.spec import InputColumn
from skdnn.tabular.bins import BinEdges
from skdnn.tabular.encoder import Table, TableEncoder
from skdnn.training.data import Features, make_features, with_columns

#: Categories of a column that are units of their own; of more, each has a learned vector.
ONE_HOT_CODES = 32
#: Length of these vectors.
D_VECTOR = 8
#: Kinds of inputs that categories become.
CATEGORICAL = ("one_hot", "sign", "vector")
#: Outside the bins a number goes on as a line, as far as this.
FRACTION_RANGE = (-3.0, 4.0)


class TableInputs:
    """What the members make of a table, learned from training rows.

    Parameters
    ----------
    categorical_features, scaling : object
        See ``TableEncoder``.
    numeric_embedding : object
        Value of the parameter.
    n_members : int
    """

    def __init__(
        self,
        categorical_features: Any,
        scaling: str | None,
        numeric_embedding: Any,
        n_members: int,
    ) -> None:
        self.encoder = TableEncoder(categorical_features, scaling)
        self.numeric_embedding, self.n_members = numeric_embedding, n_members
        #: Of each member, known when the numbers of the table are.
        self.embeddings: Sequence[NumericEmbedding | None] = ()
        #: Number of bins -> edges.
        self.edges: dict[int, BinEdges] = {}

    def fit(self, X: Any, weights: np.ndarray | None) -> TableInputs:
        """Learn from rows of positive weight; all without ``weights`` (n_samples,)."""
        self.encoder.fit(X, weights)
        self.embeddings = resolve_embeddings(
            self.numeric_embedding, self.n_members, self.encoder.n_numeric
        )
        counts = {e.n_bins for e in self.embeddings if isinstance(e, PiecewiseLinear)}
        if counts:
            numbers = self._numbers(self.encoder.transform(X, np.float64))
            if weights is not None and not weights.all():
                numbers, weights = numbers[weights > 0], weights[weights > 0]
            self.edges = {n: BinEdges(n).fit(numbers, weights) for n in counts}
        return self

    def part(self, members: slice) -> TableInputs:
        """Of some of the members."""
        part = copy(self)
        part.embeddings = self.embeddings[members]
        return part

    def _numbers(self, table: Table) -> np.ndarray:
        return table.numeric[:, : self.encoder.n_numeric]

    def columns(self, member: int) -> tuple[InputColumn, ...]:
        """What the inputs of a member are made of, those with parameters first."""
        encoder, embedding = self.encoder, self.embeddings[member]
        found: list[InputColumn] = []
        bins = self._edges_of(member)
        for source in range(encoder.n_numeric):
            if embedding is None:
                found.append(InputColumn("number", source))
            else:
                found += embedding.columns(source, bins.bin_counts[source] if bins else 0)
        n_indicators = len(encoder.indicator_names)
        found += [InputColumn("number", encoder.n_numeric + i) for i in range(n_indicators)]
        for source, n_codes in enumerate(encoder.n_codes):
            if n_codes > ONE_HOT_CODES:
                found.append(InputColumn("vector", source, D_VECTOR, n_codes))
            elif n_codes > 1:
                # Of two categories one unit; a constant column says nothing.
                kind, width = ("sign", 1) if n_codes == 2 else ("one_hot", n_codes)
                found.append(InputColumn(kind, source, width, n_codes))
        if not found:
            # A constant: nothing else is known.
            found.append(InputColumn("one_hot", 0, 1, 1))
        return tuple(sorted(found, key=lambda column: column.kind not in ("waves", "vector")))

    def _edges_of(self, member: int) -> BinEdges | None:
        embedding = self.embeddings[member]
        return self.edges[embedding.n_bins] if isinstance(embedding, PiecewiseLinear) else None

    def features(self, X: Any, dtype: np.dtype) -> list[Features]:
        """Rows as the network takes them, for each member.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_columns)
        dtype : dtype of the network
        """
        return self.features_of(self.encoder.transform(X, dtype), dtype)

    def features_of(self, table: Table, dtype: np.dtype) -> list[Features]:
        """Rows of an encoded table as the network takes them, for each member."""
        numbers = make_features(table.numeric, dtype)
        nothing = np.empty((len(table.codes), 0))
        located = {
            n: (bins, np.clip(fractions, *FRACTION_RANGE))
            for n, edges in self.edges.items()
            for bins, fractions in [edges.locate(self._numbers(table))]
        }
        made = {n: with_columns(numbers, *parts, table.codes) for n, parts in located.items()}
        plain = with_columns(numbers, nothing, nothing, table.codes)
        return [
            made[embedding.n_bins] if isinstance(embedding, PiecewiseLinear) else plain
            for embedding in self.embeddings
        ]

    def places(self, member: int, position: int) -> list[int]:
        """Places of a column of the table among the inputs of a member, in their order.

        Those of a number include its indicator of missing values, if it has one.
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
            if (column.kind in CATEGORICAL) == is_categorical and column.source in sources:
                places += range(start, start + column.width)
            start += column.width
        return places

    def names(self, member: int) -> list[str]:
        """Names of the inputs of a member: ``column``, ``column_category``, ``column_bin0``."""
        encoder = self.encoder
        numbers = [*encoder.numeric_names, *encoder.indicator_names]
        names: list[str] = []
        for column in self.columns(member):
            if column.kind not in CATEGORICAL:
                name, parts = numbers[column.source], []
                if column.kind != "number":
                    word = "bin" if column.kind == "bins" else "wave"
                    parts = [f"{word}{i}" for i in range(column.width)]
            else:
                name = encoder.categorical_names[column.source]
                labels = [str(label) for label in encoder.category_labels[name]]
                parts = labels[-column.width :]
                if column.kind == "vector":
                    parts = [f"vector{i}" for i in range(column.width)]
            names += [f"{name}_{part}" for part in parts] or [name]
        return names

    def description(self, member: int) -> str:
        """What the inputs of a member are made of, in a few words."""
        encoder, widths = self.encoder, Counter[str]()
        columns = self.columns(member)
        for column in columns:
            widths[column.kind] += column.width
        numbers = _count(encoder.n_numeric, "number")
        if widths["bins"]:
            numbers += f" as {_count(widths['bins'], 'bin')}"
        elif widths["waves"]:
            numbers += f" with {_count(widths['waves'], 'wave')}"
        parts = [numbers] if encoder.n_numeric else []
        if encoder.indicator_names:
            parts.append(_count(len(encoder.indicator_names), "missing indicator"))
        n_vectors = sum(column.kind == "vector" for column in columns)
        n_others = sum(column.kind in ("one_hot", "sign") for column in columns)
        if n_others:
            units = _count(widths["one_hot"] + widths["sign"], "unit")
            parts.append(f"{_count(n_others, 'categorical column')} as {units}")
        if n_vectors:
            parts.append(f"{_count(n_vectors, 'categorical column')} as vectors of {D_VECTOR}")
        return ", ".join(parts)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + "s" * (number != 1)
