"""The encoding of columns as inputs of the networks, in a graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from skdnn.estimators._inputs import FRACTION_RANGE
from skdnn.export._columns import Column
from skdnn.export._operators import Operators
from skdnn.tabular.numeric import LIMIT

Arrays = dict[str, np.ndarray]

#: Where the limit of the smooth clipping is reached to the last bit.
_FAR = 1e9
#: Beyond it, differences may overflow.
_FAR_EDGE = 2.0**960


class Inputs(NamedTuple):
    """Inputs of a network that are computed from a column: see ``skdnn.InputColumn``."""

    #: Among the input columns of the member.
    place: int
    kind: str
    source: int
    width: int
    size: int


class Encoding:
    """What the inputs of all networks are computed from.

    Parameters
    ----------
    op : Operators
    document, arrays : dict
        See ``document_of``.
    columns : list of Column
    inputs : list of Var
        The columns of X, each (n_rows, 1), or a single matrix of all.
    """

    def __init__(
        self,
        op: Operators,
        document: dict[str, Any],
        arrays: Arrays,
        columns: Sequence[Column],
        inputs: Sequence[Any],
    ) -> None:
        self.op, self.document, self.arrays = op, document, arrays
        #: Inputs that several members share.
        self.known: dict[Any, Any] = {}
        n_columns = len(columns)

        def table(places: list[int]) -> Any:
            if len(inputs) < n_columns:
                return op.columns(inputs[0], places, n_columns)
            return op.side_by_side([inputs[j] for j in places])

        numbers = [j for j, column in enumerate(columns) if column.kind == "number"]
        categories = [j for j in range(n_columns) if j not in set(numbers)]
        self.n_numbers, self.n_codes = len(numbers), len(categories)
        if numbers:
            self._set_numbers(table(numbers))
        if categories:
            codes = [_codes(op, columns[j], table([j])) for j in categories]
            self.codes = op.side_by_side(codes)

    def _set_numbers(self, x: Any) -> None:
        """Imputed and scaled numbers, then missing indicators."""
        op, arrays, encoding = self.op, self.arrays, self.document["encoding"]
        missing = op.isnan(x)
        x = op.where(missing, op.double(arrays["imputation"]), x)
        if encoding["scaling"] is not None:
            # Halved, so that the difference of two finite numbers is finite.
            x = op.sub(op.mul(x, op.double(0.5)), op.double(arrays["center"] * 0.5))
            x = op.mul(x, op.double(arrays["scale"] * 2))
        if encoding["scaling"] == "robust":
            x = op.max([op.min([x, op.double(_FAR)]), op.double(-_FAR)])
            third = op.div(x, op.double(LIMIT))
            x = op.div(x, op.sqrt(op.add(op.double(1), op.mul(third, third))))
        numbers = op.as_type(x, op.dtype)
        #: Of the networks' precision, for further arithmetic in float64.
        self.exact = op.as_type(numbers, np.float64)
        parts = [numbers]
        if encoding["indicated"]:
            indicators = op.columns(missing, encoding["indicated"], self.n_numbers)
            parts.append(op.as_type(indicators, op.dtype))
        self.numbers = op.side_by_side(parts)

    def inputs(self, member: int) -> Any:
        """The inputs of a member, (n_rows, n_in) in the dtype of the network."""
        parts = []
        for kind, run in _runs(self.document["members"][member]["columns"]):
            parts.append(getattr(self, f"_{kind}")(member, run))
        return self.op.side_by_side(parts)

    # ---------------------------------------------------------------- kinds of input columns

    def _number(self, member: int, run: list[Inputs]) -> Any:
        n_all = self.n_numbers + len(self.document["encoding"]["indicated"])
        return self.op.columns(self.numbers, [each.source for each in run], n_all)

    def _bins(self, member: int, run: list[Inputs]) -> Any:
        """Piecewise linear encoding: the fraction of each bin below the number, clipped."""
        op, n_bins = self.op, self.document["members"][member]["n_bins"]
        key = n_bins, *run
        if key in self.known:
            return self.known[key]
        sources = np.repeat([each.source for each in run], [each.width for each in run])
        tables = [_bin_tables(self._edges(n_bins)[each.source], each.width) for each in run]
        unit, lower, width, least, most = np.concatenate(tables, axis=1)
        x = op.gather(self.exact, op.whole(sources), axis=1)
        x = x if (unit == 1).all() else op.mul(x, op.double(unit))
        x = op.div(op.sub(x, op.double(lower)), op.double(width))
        x = op.min([op.max([x, op.double(least)]), op.double(most)])
        # Fractions are float32, in a network in float64, too.
        self.known[key] = op.as_type(op.as_type(x, np.float32), op.dtype)
        return self.known[key]

    def _edges(self, n_bins: int) -> list[np.ndarray]:
        values, counts = (self.arrays[f"edges.{n_bins}.{name}"] for name in ("values", "counts"))
        return np.split(values, np.cumsum(counts)[:-1])

    def _periodic(self, member: int, run: list[Inputs]) -> Any:
        """``cos(2 pi w x + b)`` times a matrix, plus a bias."""
        op, dtype, c = self.op, self.op.dtype, len(run)
        n, d = run[0].size, run[0].width
        params = np.stack([self._params(member, each) for each in run])
        frequencies, phases, matrix, bias = np.split(params, np.cumsum([n, n, n * d]), axis=1)
        # The columns as first axis: a product of matrices for each.
        x = op.columns(self.exact, [each.source for each in run], self.n_numbers)
        x = op.unsqueeze(op.transpose(x, perm=[1, 0]), op.whole([2]))
        x = op.mul(x, op.double(frequencies.reshape(c, 1, n)))
        x = op.add(x, op.double((phases / dtype.type(2 * np.pi)).reshape(c, 1, n)))
        # Turns are rounded as in the network; their cosine is exact, for large ones, too.
        turns = op.as_type(op.as_type(x, dtype), np.float64)
        waves = op.as_type(op.cos(op.mul(turns, op.double(2 * np.pi))), dtype)
        out = op.matmul(waves, op.real(matrix.reshape(c, n, d)))
        out = op.add(out, op.real(bias.reshape(c, 1, d)))
        return op.reshape(op.transpose(out, perm=[1, 0, 2]), op.whole([0, c * d]))

    def _one_hot(self, member: int, run: list[Inputs]) -> Any:
        """1 for the own category, 0 for all others; the unknown one has code 0."""
        key = "one_hot", *run
        if key not in self.known:
            op, sizes = self.op, [each.size for each in run]
            codes = op.gather(
                self.codes, op.whole(np.repeat([each.source for each in run], sizes)), axis=1
            )
            own = op.whole(np.concatenate([np.arange(1, size + 1) for size in sizes]))
            self.known[key] = op.as_type(op.equal(codes, own), op.dtype)
        return self.known[key]

    def _binary(self, member: int, run: list[Inputs]) -> Any:
        """-1 and 1 for two categories, 0 for an unknown one."""
        codes = self.op.columns(self.codes, [each.source for each in run], self.n_codes)
        return self.op.gather(self.op.real([0, -1, 1]), codes)

    def _embedding(self, member: int, run: list[Inputs]) -> Any:
        """A vector for each category, from one table for all columns."""
        op, width = self.op, run[0].width
        sizes = np.array([each.size + 1 for each in run])
        table = np.concatenate([self._params(member, each).reshape(-1, width) for each in run])
        codes = op.columns(self.codes, [each.source for each in run], self.n_codes)
        rows = op.add(codes, op.whole(np.cumsum(sizes) - sizes))
        return op.reshape(op.gather(op.real(table), rows), op.whole([0, width * len(run)]))

    def _params(self, member: int, inputs: Inputs) -> np.ndarray:
        return self.arrays[f"members.{member}.columns.{inputs.place}"]


def _runs(columns: Sequence[Sequence[Any]]) -> Iterator[tuple[str, list[Inputs]]]:
    """Neighboring input columns that the same operators compute."""

    def alike(inputs: Inputs) -> tuple[Any, ...]:
        same = {"periodic": (inputs.size, inputs.width), "embedding": (inputs.width,)}
        return inputs.kind, same.get(inputs.kind)

    found = [Inputs(k, *each[:4]) for k, each in enumerate(columns)]
    for (kind, _), run in groupby(found, alike):
        yield kind, list(run)


def _codes(op: Operators, column: Column, x: Any) -> Any:
    """Codes (n_rows, 1) of a category: 0 is unknown."""
    values, codes = column.values, list(range(1, len(column.values) + 1))
    last = len(codes) + 1
    if column.type == "string":
        missing = [""] if column.has_missing else []
        return op.looked_up(x, [*values, *missing], codes + [last] * len(missing))
    if column.type == "int64":
        return op.looked_up(x, [int(value) for value in values], codes)
    missing = op.whole(last if column.has_missing else 0)
    return op.where(op.isnan(x), missing, _codes_of_numbers(op, values, codes, x))


def _codes_of_numbers(op: Operators, values: tuple, codes: list[int], x: Any) -> Any:
    """Codes of categories in float64: runtimes do not look them up."""
    if not values:
        return op.whole(0)
    if all(float(value).is_integer() and abs(value) < 2**63 for value in values):
        whole = op.cast(x, to=np.int64)
        found = op.looked_up(whole, [int(value) for value in values], codes)
        return op.where(op.equal(op.cast(whole, to=np.float64), x), found, op.whole(0))
    own = op.where(op.equal(x, op.double(values)), op.whole(codes), op.whole(0))
    return op.reduce_sum(own, op.whole([1]))


def _bin_tables(edges: np.ndarray, n_inputs: int) -> np.ndarray:
    """Unit, lower edge, width, least and most fraction of each input: (5, n_inputs)."""
    n = edges.size - 1
    unit = 0.5 if edges[0] < -_FAR_EDGE or edges[-1] > _FAR_EDGE else 1.0
    tables = np.zeros((5, n_inputs))
    tables[0], tables[2] = unit, 1
    tables[1, :n], tables[2, :n] = edges[:-1] * unit, np.diff(edges * unit)
    tables[4, :n] = 1
    tables[3, 0], tables[4, n - 1] = FRACTION_RANGE
    return tables
