"""Networks that get new inputs during incremental learning and keep their learned values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import count

import numpy as np

from skdnn._dtypes import INDEX
from skdnn.kernels import columns as input_columns
from skdnn.network.layout import Layout
from skdnn.network.network import Network
from skdnn.network.spec import InputColumn, NetworkSpec


class Growth:
    """Maps the values of a member to those of the same member with more inputs.

    The weights of new inputs are 0: predictions of rows without new categories or values do not
    change.

    Parameters
    ----------
    old : NetworkSpec
    columns : tuple of InputColumn
        The columns of the new network.
    codes : sequence of (n_codes,) int arrays
        For each categorical column the new codes of the categories with the codes 1, 2, ...
    renewed : collection of (kind, source)
        Columns whose inputs have another meaning than before: their values are not kept.
    """

    def __init__(
        self,
        old: NetworkSpec,
        columns: tuple[InputColumn, ...],
        codes: Sequence[np.ndarray],
        renewed: Collection[tuple[str, int]],
    ) -> None:
        n_in = sum(column.width for column in columns)
        self.spec = replace(old, columns=columns, layer_sizes=(n_in, *old.layer_sizes[1:]))
        self._before, self._after = Layout(old), Layout(self.spec)
        self._before_columns = old.columns
        n_before, n_after = self._before.n_values, self._after.n_values
        #: Index of each value among the old ones; -1 if it is new.
        self._index = np.full(n_after, -1, dtype=INDEX)
        self._factor = np.ones(n_after)
        self._fresh = np.zeros(n_after)
        if old.scaled_inputs:
            start = self._after.inputs[input_columns.SCALE]
            self._fresh[start : start + n_in] = 1
        places = np.arange(n_before, dtype=INDEX)
        self._keep_layers(places)
        self._constant = self._dropped_constant(places, columns)
        known = {key: row for row, key in enumerate(_keys(old.columns))}
        for row, key in enumerate(_keys(columns)):
            before = known.get(key)
            if before is not None and key[:2] not in renewed:
                self._keep_column(places, old.columns[before], before, columns[row], row, codes)

    def _dropped_constant(
        self, places: np.ndarray, columns: tuple[InputColumn, ...]
    ) -> np.ndarray | None:
        """Indices of the weights of a constant input that the new network does not have.

        A network whose columns are all constant has such an input. Its weights are added to the
        biases, except with normalization, which cancels a constant.
        """
        keys = set(_keys(columns))
        for row, key in enumerate(_keys(self._before_columns)):
            column = self._before_columns[row]
            if column.kind == "one_hot" and column.size == 1 and key not in keys:
                place = int(self._before.columns[row][input_columns.PLACE])
                is_plain = self._before.normalization is None
                return self._before.coefs(places[None])[0][place] if is_plain else None
        return None

    def _keep_layers(self, places: np.ndarray) -> None:
        """Keep all values that do not depend on the inputs."""
        index, before = self._index[None], self._before
        for views in ("coefs", "intercepts", "gains"):
            old = getattr(before, views)(places[None])
            new = getattr(self._after, views)(index)
            for layer, (target, source) in enumerate(zip(new, old, strict=True)):
                if layer > 0 or views != "coefs":
                    target[...] = source
        index[0, self._after.n_params :] = places[before.n_params :]

    def _keep_column(
        self,
        places: np.ndarray,
        old: InputColumn,
        old_row: int,
        new: InputColumn,
        new_row: int,
        codes: Sequence[np.ndarray],
    ) -> None:
        """Keep weights, scales and parameters of the inputs of a column."""
        attributes = self._before.columns[old_row], self._after.columns[new_row]
        old_place, new_place = (int(row[input_columns.PLACE]) for row in attributes)
        old_start, new_start = (int(row[input_columns.PARAMS]) for row in attributes)
        n_old = int(attributes[0][input_columns.N_PARAMS])
        width = min(old.width, new.width)
        old_inputs, new_inputs = np.arange(width), np.arange(width)
        signs = np.ones(width)
        if old.kind == "embedding":
            rows = np.concatenate([[0], codes[old.source]])
            params = places[old_start : old_start + n_old].reshape(-1, old.width)
            target = self._index[new_start : new_start + (new.size + 1) * new.width]
            target.reshape(-1, new.width)[rows] = params
        elif old.is_categorical:
            old_inputs, new_inputs, signs = _unit_inputs(old, new, codes[old.source])
        else:
            self._index[new_start : new_start + n_old] = places[old_start : old_start + n_old]
        weights = self._before.coefs(places[None])[0]
        index, factor = (self._after.coefs(x[None])[0] for x in (self._index, self._factor))
        index[new_place + new_inputs] = weights[old_place + old_inputs]
        factor[new_place + new_inputs] = signs[:, None]
        if self.spec.scaled_inputs:
            before, after = (
                int(x.inputs[input_columns.SCALE]) for x in (self._before, self._after)
            )
            scales = before + old_place + old_inputs
            self._index[after + new_place + new_inputs] = places[scales]

    def values(self, old: np.ndarray) -> np.ndarray:
        """The (n_values,) new values of the member."""
        kept = old[self._index] * self._factor
        values = np.where(self._index >= 0, kept, self._fresh).astype(old.dtype)
        if self._constant is not None:
            self._after.intercepts(values[None])[0][...] += old[self._constant]
        return values

    def slots(self, old: np.ndarray) -> np.ndarray:
        """State vectors of the solver; 0 for new parameters and for those that changed sign."""
        n_params = self._after.n_params
        index = self._index[:n_params]
        kept = (index >= 0) & (self._factor[:n_params] > 0)
        slots = old.reshape(-1, self._before.n_params)[:, index]
        return np.where(kept, slots, 0).astype(old.dtype).reshape(-1)


def _keys(columns: Sequence[InputColumn]) -> list[tuple[str, int, int]]:
    """Identify each column in both networks: kind, source, and how many of these came before."""
    kinds = [("code" if each.is_categorical else each.kind, each.source) for each in columns]
    numbers: dict[tuple[str, int], Iterator[int]] = defaultdict(count)
    return [(*kind, next(numbers[kind])) for kind in kinds]


def _unit_inputs(
    old: InputColumn, new: InputColumn, codes: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs of a categorical column before and after, and factors of their weights.

    A binary input, -1 for code 1 and 1 for code 2, becomes a one-hot encoding of more categories;
    the one-hot input of the only category of a column becomes a binary input.
    """
    if old.kind == new.kind == "binary":
        return np.array([0]), np.array([0]), np.ones(1)
    if old.kind == "binary":
        return np.array([0, 0]), codes[:2] - 1, np.array([-1.0, 1.0])
    if new.kind == "binary":
        return np.array([0]), np.array([0]), 2.0 * codes[:1] - 3
    return np.arange(len(codes)), codes - 1, np.ones(len(codes))


def grown_network(network: Network, growths: Sequence[Growth]) -> Network:
    """The network with the new inputs of all members."""
    return Network([growth.spec for growth in growths], grown_values(network, growths))


def grown_values(
    network: Network, growths: Sequence[Growth], values: np.ndarray | None = None
) -> np.ndarray:
    """New values of all members, from those of the network or from other ``values``."""
    members = range(network.n_members)
    return np.concatenate([growths[i].values(network.of_member(i, values)) for i in members])
