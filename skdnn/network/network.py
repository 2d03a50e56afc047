"""An ensemble of networks: specifications and values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from skdnn.kernels.columns import SCALE
from skdnn.network.layout import ArrayViews, Layout
from skdnn.network.monotonic import parameter_bounds
from skdnn.network.spec import NetworkSpec


class Network:
    """Specifications and values of the members of an ensemble.

    Members may only differ in their input columns.

    Parameters
    ----------
    specs : sequence of NetworkSpec
        Specification of each member.
    values : (n_values,) array of float32 or float64
        For each member its parameters, then its buffers.
    """

    #: What the engine keeps between predictions.
    kept: Any = None

    def __init__(self, specs: Sequence[NetworkSpec], values: np.ndarray) -> None:
        self.specs = tuple(specs)
        self.values = values

    @property
    def spec(self) -> NetworkSpec:
        """Specification of the first member; only the inputs of the others may differ."""
        return self.specs[0]

    @cached_property
    def layouts(self) -> list[Layout]:
        """Layout of each member."""
        made: dict[NetworkSpec, Layout] = {}
        for spec in self.specs:
            if spec not in made:
                made[spec] = Layout(spec)
        return [made[spec] for spec in self.specs]

    @cached_property
    def _starts(self) -> list[int]:
        return np.cumsum([0, *(layout.n_values for layout in self.layouts)]).tolist()

    @property
    def n_members(self) -> int:
        return len(self.specs)

    @property
    def are_alike(self) -> bool:
        """Whether all members have the same specification."""
        return all(spec == self.spec for spec in self.specs)

    @property
    def dtype(self) -> np.dtype:
        return self.values.dtype

    def of_member(self, member: int, values: np.ndarray | None = None) -> np.ndarray:
        """View of the (n_values,) values of a member, in ``values`` if they are given."""
        values = self.values if values is None else values
        return values[self._starts[member] : self._starts[member + 1]]

    def params(self, member: int) -> np.ndarray:
        """View of the (n_params,) parameters of a member."""
        return self.of_member(member)[: self.layouts[member].n_params]

    def buffers(self, member: int) -> np.ndarray:
        """View of the (n_buffers,) running moments of a member."""
        return self.of_member(member)[self.layouts[member].n_params :]

    def bounds(self, member: int) -> np.ndarray:
        """Least and greatest values of the parameters of a member.

        Returns
        -------
        bounds : (2, n_params) array in the dtype of the network; (2, 0) without constraints
        """
        bounds = parameter_bounds(self.specs[member])
        return np.empty((2, 0), self.dtype) if bounds is None else bounds.astype(self.dtype)

    def scales(self, member: int) -> np.ndarray:
        """The (n_in,) scales of the inputs of a member: a view, or ones if they are not learned."""
        spec, start = self.specs[member], int(self.layouts[member].inputs[SCALE])
        if not spec.scaled_inputs:
            return np.ones(spec.n_in, self.dtype)
        return self.params(member)[start : start + spec.n_in]

    def part(self, members: slice) -> Network:
        """The network of consecutive members; its values are a view."""
        first, last, _ = members.indices(self.n_members)
        values = self.values[self._starts[first] : self._starts[last]]
        part = Network(self.specs[members], values)
        part.layouts = self.layouts[members]
        return part

    @property
    def coefs(self) -> ArrayViews:
        """Views of the (n_in, n_out) weights of each layer.

        For several members (n_members, n_in, n_out) arrays, or lists of arrays if shapes differ.
        """
        return self._views(Layout.coefs)

    @property
    def intercepts(self) -> ArrayViews:
        """Views of the (n_out,) biases of each layer, as ``coefs``."""
        return self._views(Layout.intercepts)

    def _views(self, views: Callable[[Layout, np.ndarray], ArrayViews]) -> ArrayViews:
        if self.are_alike:
            return views(self.layouts[0], self.values.reshape(self.n_members, -1))
        members = [self.part(slice(i, i + 1))._views(views) for i in range(self.n_members)]
        return ArrayViews(ArrayViews(layer) for layer in zip(*members, strict=True))

    def __getstate__(self) -> dict[str, Any]:
        return {"specs": self.specs, "values": self.values}
