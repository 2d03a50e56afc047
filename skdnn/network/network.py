"""A network, or several of one shape: the description and the values."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from skdnn.network.layout import ArrayViews, Layout
from skdnn.network.spec import NetworkSpec


class Network:
    """A specification with the values of its members.

    Parameters
    ----------
    spec : NetworkSpec
    values : (n_members, n_values) array of float32 or float64
        A row for each member: its parameters, then its buffers.
    """

    def __init__(self, spec: NetworkSpec, values: np.ndarray) -> None:
        self.spec = spec
        self.values = values

    @cached_property
    def layout(self) -> Layout:
        return Layout(self.spec)

    @property
    def n_members(self) -> int:
        return self.values.shape[0]

    @property
    def dtype(self) -> np.dtype:
        return self.values.dtype

    @property
    def params(self) -> np.ndarray:
        """The (n_members, n_params) parameters, a view."""
        return self.values[:, : self.layout.n_params]

    @property
    def buffers(self) -> np.ndarray:
        """The (n_members, n_buffers) running moments, a view."""
        return self.values[:, self.layout.n_params :]

    @property
    def coefs(self) -> ArrayViews:
        return self.layout.coefs(self.values)

    @property
    def intercepts(self) -> ArrayViews:
        return self.layout.intercepts(self.values)

    def member_arrays(self, member: int) -> tuple[ArrayViews, ArrayViews]:
        """Weights and biases of every layer of one member, views."""
        values = self.values[member : member + 1]
        return self.layout.coefs(values), self.layout.intercepts(values)

    def __getstate__(self) -> dict[str, Any]:
        return {"spec": self.spec, "values": self.values}
