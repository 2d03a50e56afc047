"""A network in NumPy: inputs made of the columns of a table, and dense layers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from skdnn_light.activations import ACTIVATIONS
from skdnn_light.encoding import Rows

Arrays = Mapping[str, np.ndarray]
#: Computes some of the inputs: from rows to an (n_rows, n) array.
Part = Callable[[Rows], np.ndarray]

#: Added to variances.
_EPSILON = 1e-5


class Network:
    """A member of an ensemble.

    Parameters
    ----------
    document : dict
    arrays : mapping of str to array
    member : int
        Its index.

    Attributes
    ----------
    width : int
        Units or inputs of the widest layer.
    """

    def __init__(self, document: dict[str, Any], arrays: Arrays, member: int) -> None:
        network, own = document["network"], document["members"][member]
        dtype, prefix = np.dtype(document["dtype"]), f"members.{member}."
        found = {
            name.removeprefix(prefix): np.array(array, dtype)
            for name, array in arrays.items()
            if name.startswith(prefix)
        }
        self._inputs = Inputs(own, found, dtype) if own["columns"] else None
        n_layers = len(network["hidden"]) + 1
        self._weights = [found[f"weights.{k}"] for k in range(n_layers)]
        self._biases = [found[f"biases.{k}"] for k in range(n_layers)]
        if "scales" in found:
            self._weights[0] *= found["scales"][:, None]
        self._activate = ACTIVATIONS[network["activation"]]
        self._normalization = network["normalization"]
        self._normal = {
            name: [found[f"{name}.{k}"] for k in range(n_layers - 1)]
            for name in ("gains", "means", "variances")
            if f"{name}.0" in found
        }
        self.width = max(map(max, (weight.shape for weight in self._weights)))

    def raw(self, rows: Any) -> np.ndarray:
        """Raw predictions, before the link.

        Parameters
        ----------
        rows : Rows, or (n_rows, n_features) array
            The latter if the inputs are not made of columns.

        Returns
        -------
        raw : (n_rows, n_outputs) array in the dtype of the network
        """
        x = rows if self._inputs is None else self._inputs.of(rows)
        *hidden, last = range(len(self._weights))
        for k in hidden:
            z = self._normalized(k, x @ self._weights[k])
            z += self._biases[k]
            x = self._activate(z)
        return x @ self._weights[last] + self._biases[last]

    def _normalized(self, k: int, z: np.ndarray) -> np.ndarray:
        if self._normalization is None:
            return z
        if self._normalization == "batch":
            mean, variance = (self._normal[name][k] for name in ("means", "variances"))
        else:
            mean, variance = z.mean(axis=1, keepdims=True), z.var(axis=1, keepdims=True)
        spread = 1 / np.sqrt(variance + z.dtype.type(_EPSILON))
        return (z - mean) * spread * self._normal["gains"][k]


class Inputs:
    """The inputs of the first layer that are made of the columns of a table.

    Columns of a kind are computed together: a call of NumPy takes longer than the work for a row.

    Parameters
    ----------
    member : dict
        Of the document.
    arrays : mapping of str to array
        Its arrays.
    dtype : dtype of the network
    """

    def __init__(self, member: dict[str, Any], arrays: Arrays, dtype: np.dtype) -> None:
        groups: defaultdict[tuple, list[tuple]] = defaultdict(list)
        start = 0
        for k, (kind, source, width, size, _) in enumerate(member["columns"]):
            place = np.arange(start, start + width)
            has_params = kind in PARTS_WITH_PARAMETERS
            key: tuple = (kind, width, size) if has_params else (kind,)
            groups[key].append((place, source, arrays.get(f"columns.{k}")))
            start += width
        self._n, self._dtype = start, dtype
        self._parts: list[tuple[np.ndarray, Part]] = []
        for (kind, *sizes), columns in groups.items():
            places, sources, params = zip(*columns, strict=True)
            if kind in PARTS_WITH_PARAMETERS:
                part = PARTS_WITH_PARAMETERS[kind](np.array(sources), np.stack(params), *sizes)
            else:
                of_each = np.repeat(sources, [place.size for place in places])
                inner = np.concatenate([np.arange(place.size) for place in places])
                part = PARTS[kind](of_each, inner, member["n_bins"])
            self._parts.append((np.concatenate(places), part))

    def of(self, rows: Rows) -> np.ndarray:
        """The inputs, (n_rows, n_inputs)."""
        x = np.empty((len(rows.codes), self._n), self._dtype)
        for places, part in self._parts:
            x[:, places] = part(rows)
        return x


# ------------------------------------------------------------------------------------------------
# Inputs by the kind of column. Without parameters: of the ``sources`` of the inputs, their places
# ``inner`` among those of their column, and the number of bins of the member.
# ------------------------------------------------------------------------------------------------


def _number(sources: np.ndarray, inner: np.ndarray, n_bins: int) -> Part:
    return lambda rows: rows.numbers[:, sources]


def _bins(sources: np.ndarray, inner: np.ndarray, n_bins: int) -> Part:
    """1 for the bins below that of the number, the fraction for its own, 0 above."""

    def part(rows: Rows) -> np.ndarray:
        bins, fractions = rows.bins[n_bins]
        own = bins[:, sources]
        return np.where(inner == own, fractions[:, sources], inner < own)

    return part


def _one_hot(sources: np.ndarray, inner: np.ndarray, n_bins: int) -> Part:
    return lambda rows: rows.codes[:, sources] == inner + 1


def _binary(sources: np.ndarray, inner: np.ndarray, n_bins: int) -> Part:
    """-1 and 1 for the two categories, 0 for unknown ones."""
    values = np.array([0, -1, 1])
    return lambda rows: values[rows.codes[:, sources]]


def _periodic(sources: np.ndarray, params: np.ndarray, width: int, size: int) -> Part:
    """``cos(2 pi f x + phase) @ matrix + bias``, from frequencies, phases, matrix and bias."""
    dtype = params.dtype
    frequencies, phases, matrix, bias = np.split(
        params, np.cumsum([size, size, size * width]), axis=1
    )
    # In turns. Products are computed in float64 and rounded with the sum, as by the processors'
    # fused multiply-add: of large numbers only the fraction of a turn counts.
    turns = (phases / dtype.type(2 * np.pi)).astype(np.float64)
    frequencies = frequencies.astype(np.float64)
    matrix = matrix.reshape(-1, size, width)

    def part(rows: Rows) -> np.ndarray:
        x = rows.numbers[:, sources].T[:, :, None].astype(np.float64)
        u = (frequencies[:, None] * x + turns[:, None]).astype(dtype)
        cosines = np.cos(dtype.type(2 * np.pi) * (u - np.floor(u + dtype.type(0.5))))
        embedded = cosines @ matrix + bias[:, None]
        return embedded.transpose(1, 0, 2).reshape(x.shape[1], -1)

    return part


def _embedding(sources: np.ndarray, params: np.ndarray, width: int, size: int) -> Part:
    vectors, columns = params.reshape(-1, size + 1, width), np.arange(sources.size)
    return lambda rows: vectors[columns, rows.codes[:, sources]].reshape(len(rows.codes), -1)


PARTS = {"number": _number, "bins": _bins, "one_hot": _one_hot, "binary": _binary}
PARTS_WITH_PARAMETERS = {"periodic": _periodic, "embedding": _embedding}
