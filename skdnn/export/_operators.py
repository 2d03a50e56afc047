"""The operators of an ONNX opset, and those that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from skdnn.export._extra import required

#: First opset that has all operators.
OLDEST = 18
_LEAKY_SLOPE = 0.01
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def newest() -> int:
    """The newest opset that can be written."""
    required("spox")
    from pkgutil import iter_modules

    versions = [each.name for each in iter_modules(required("spox.opset.ai.onnx").__path__)]
    return max(int(name[1:]) for name in versions if name[:1] == "v" and name[1:].isdigit())


class Operators:
    """Operators as functions of variables.

    Attributes other than the methods below are the functions of spox for the opset.

    Parameters
    ----------
    opset : int
    dtype : np.dtype
        Of the networks: ``real`` makes constants of it.
    """

    def __init__(self, opset: int, dtype: np.dtype) -> None:
        self.opset, self.dtype = opset, dtype
        self.is_double = dtype == np.float64
        self._spox = required(f"spox.opset.ai.onnx.v{opset}")
        self._ml = required("spox.opset.ai.onnx.ml.v3")
        self._constants: dict[Any, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._spox, name)

    def constant(self, value: Any, dtype: Any = None) -> Any:
        """A constant; equal ones are the same variable."""
        array = np.asarray(value, dtype=dtype)
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._constants:
            self._constants[key] = self._spox.const(array)
        return self._constants[key]

    def real(self, value: Any) -> Any:
        """A constant in the dtype of the networks."""
        return self.constant(value, self.dtype)

    def double(self, value: Any) -> Any:
        """A constant in float64."""
        return self.constant(value, np.float64)

    def whole(self, value: Any) -> Any:
        """A constant in int64."""
        return self.constant(value, np.int64)

    def as_type(self, x: Any, dtype: Any) -> Any:
        """A variable in a dtype."""
        return x if x.unwrap_tensor().dtype == dtype else self._spox.cast(x, to=dtype)

    def columns(self, x: Any, places: Sequence[int], n_columns: int) -> Any:
        """Some columns of a matrix."""
        if list(places) == list(range(n_columns)):
            return x
        return self._spox.gather(x, self.whole(places), axis=1)

    def side_by_side(self, parts: Sequence[Any]) -> Any:
        """Matrices as one of all their columns."""
        return parts[0] if len(parts) == 1 else self._spox.concat(parts, axis=1)

    def looked_up(self, x: Any, keys: Sequence[Any], codes: Sequence[int]) -> Any:
        """The code of each key, text or int64; 0 for all others."""
        kind = "keys_strings" if isinstance(keys[0], str) else "keys_int64s"
        return self._ml.label_encoder(x, values_int64s=codes, default_int64=0, **{kind: keys})

    def repeated(self, row: Any, rows: Any) -> Any:
        """A constant (1, n) for each row of a variable."""
        n_rows = self._spox.shape(rows, start=0, end=1)
        shape = self._spox.concat([n_rows, self.whole([row.unwrap_tensor().shape[-1]])], axis=0)
        return self._spox.expand(row, shape)

    def weighted(self, members: Sequence[Any], weights: Sequence[float]) -> Any:
        """The sum of members times weights."""
        if len(members) == 1:
            return members[0]
        parts = [
            self._spox.mul(member, self.constant(weight, member.unwrap_tensor().dtype))
            for member, weight in zip(members, weights, strict=True)
        ]
        return self._spox.sum(parts)

    def softplus(self, z: Any) -> Any:
        """log(1 + exp(z)); onnxruntime has the operator for float32 alone."""
        if not self.is_double:
            return self._spox.softplus(z)
        tail = self._spox.exp(self._spox.neg(self._spox.abs(z)))
        return self._spox.add(
            self._spox.relu(z), self._spox.log(self._spox.add(self.real(1), tail))
        )

    def elu(self, z: Any) -> Any:
        """Z if it is positive, otherwise exp(z) - 1; as ``softplus``."""
        if not self.is_double:
            return self._spox.elu(z)
        negative = self._spox.exp(self._spox.min([z, self.real(0)]))
        return self._spox.add(self._spox.relu(z), self._spox.sub(negative, self.real(1)))


def _leaky_relu(op: Operators, z: Any) -> Any:
    if not op.is_double:
        return op.leaky_relu(z, alpha=_LEAKY_SLOPE)
    return op.max([z, op.mul(z, op.real(_LEAKY_SLOPE))])


def _selu(op: Operators, z: Any) -> Any:
    # Attributes of operators are float32.
    if not op.is_double:
        return op.selu(z)
    negative = op.mul(op.elu(op.min([z, op.real(0)])), op.real(_SELU_ALPHA))
    return op.mul(op.add(op.relu(z), negative), op.real(_SELU_SCALE))


def _gelu(op: Operators, z: Any) -> Any:
    # onnxruntime has Erf for float32 alone.
    turned = op.as_type(op.mul(z, op.real(np.sqrt(0.5))), np.float32)
    twice_cdf = op.add(op.real(1), op.as_type(op.erf(turned), op.dtype))
    return op.mul(op.mul(z, op.real(0.5)), twice_cdf)


def _mish(op: Operators, z: Any) -> Any:
    return op.mul(z, op.tanh(op.softplus(z))) if op.is_double else op.mish(z)


#: Name of an activation -> function of the operators and the pre-activations.
ACTIVATIONS: dict[str, Callable[[Operators, Any], Any]] = {
    "identity": lambda op, z: z,
    "logistic": lambda op, z: op.sigmoid(z),
    "tanh": lambda op, z: op.tanh(z),
    "relu": lambda op, z: op.relu(z),
    "leaky_relu": _leaky_relu,
    "elu": Operators.elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": lambda op, z: op.mul(z, op.sigmoid(z)),
    "mish": _mish,
    "softplus": Operators.softplus,
}
