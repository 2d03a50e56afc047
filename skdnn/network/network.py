"""A network: its description and its parameters."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from skdnn.network.initializers import initial_params
from skdnn.network.layout import ArrayViews, Layout
from skdnn.network.spec import NetworkSpec


class Network:
    """A specification with the one vector that holds all parameters.

    Parameters
    ----------
    spec : NetworkSpec
    params : (n_params,) array of float32 or float64
    """

    def __init__(self, spec: NetworkSpec, params: np.ndarray) -> None:
        self.spec = spec
        self.params = params

    @classmethod
    def random(
        cls, spec: NetworkSpec, random_state: np.random.RandomState, dtype: np.dtype
    ) -> Network:
        """A network with initial weights."""
        return cls(spec, initial_params(spec, Layout(spec), random_state, dtype))

    @cached_property
    def layout(self) -> Layout:
        return Layout(self.spec)

    @property
    def coefs(self) -> ArrayViews:
        return self.layout.coefs(self.params)

    @property
    def intercepts(self) -> ArrayViews:
        return self.layout.intercepts(self.params)

    def __getstate__(self) -> dict[str, Any]:
        return {"spec": self.spec, "params": self.params}
