"""What the rest of the package may know about an activation, a loss or an optimiser.

The records are frozen data. Validation, initial gains, the size of scratch memory, the tables of
the documentation and the tests iterate over them; the kernels see only ``code``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True)
class Activation:
    """An activation function.

    Attributes
    ----------
    name : str
        Value of the parameter ``activation``.
    code : int
        What the kernels branch on.
    initializer : str
        Name of the initialiser that suits it (``network/initializers.py``).
    gain : float
        Factor on the initial bound of the weights.
    onnx : str
        The operator, or the expression of operators, of the ONNX standard.
    reference : str
        Source of the formula.
    """

    name: str
    code: int
    initializer: str
    gain: float
    onnx: str
    reference: str


@dataclass(frozen=True)
class Loss:
    """A loss on the raw prediction (before the link).

    Attributes
    ----------
    name : str
        Name of the loss.
    code : int
        What the kernels branch on.
    link : {"identity", "logistic", "softmax", "exp"}
        From raw predictions to predictions; the value of ``out_activation_``.
    class_index : bool
        True if the target is one column with the index of the class,
        False if it has a column for every output.
    domain : {"real", "unit", "class", "non-negative", "positive"}
        What targets may be.
    reference : str
        Source of the formula.
    """

    name: str
    code: int
    link: str
    class_index: bool
    domain: str
    reference: str


@dataclass(frozen=True)
class Optimizer:
    """A first-order update rule.

    Attributes
    ----------
    name : str
        Value of the parameter ``solver``.
    code : int
        What the kernels branch on.
    n_slots : int
        Number of state vectors, each as long as the parameters.
    reference : str
        Source of the formula.
    """

    name: str
    code: int
    n_slots: int
    reference: str


Record = TypeVar("Record", Activation, Loss, Optimizer)


def by_name(records: Iterable[Record]) -> dict[str, Record]:
    """Index records by name, and make sure that names and codes are unique."""
    records = tuple(records)
    table = {record.name: record for record in records}
    if len(table) != len(records) or len({record.code for record in records}) != len(records):
        raise ValueError(f"names and codes must be unique, got {records!r}")
    return table
