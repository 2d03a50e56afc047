"""Records that describe activations, losses, optimizers and kinds of columns.

The records are frozen dataclasses. Parameter validation, initial values, learning rates, the size
of scratch memory, the tables of the documentation and the tests use them; kernels only use
``code``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar


@dataclass(frozen=True)
class Activation:
    """An activation function.

    Attributes
    ----------
    name : str
        Value of the parameter ``activation``.
    forward : kernel
        Function of two arrays: pre-activations, which become activations, and their derivatives.
    initializer : str
        Name of the recommended initializer (``network/initializers.py``).
    gain : float
        Factor on the initial bound of the weights.
    onnx : str
        The operator, or the expression of operators, of the ONNX standard.
    reference : str
        Source of the formula.
    common : bool, default=False
        Whether it is part of every program. Others are compiled when one of them is first used.
    monotone : bool, default=False
        Whether it never decreases, which ``monotonic_cst`` needs.
    code : int
        What the kernels branch on.
    """

    name: str
    forward: Callable = field(repr=False)
    initializer: str
    gain: float
    onnx: str
    reference: str
    common: bool = False
    monotone: bool = False
    code: int = -1


@dataclass(frozen=True)
class Loss:
    """A loss on the raw prediction (before the link).

    Attributes
    ----------
    name : str
        Name of the loss; "binary_..." for losses with a logistic output for each target, and
        "columns_..." for those with a softmax for each.
    gradient : kernel
        Sum of the weighted losses of a batch, and the gradient of its mean.
    link : {"identity", "logistic", "softmax", "softmax of columns", "exp", "normal"}
        From raw predictions to predictions; the value of ``out_activation_``. "normal" has two
        outputs for each target: the mean, and that of the standard deviation.
    domain : {"real", "unit", "class", "classes", "non-negative", "positive"}
        Domain of the targets. "class" is one column with the index of the class; the others have a
        column for each output. "classes" is 1 for the class of each group of outputs, otherwise 0.
    reference : str
        Source of the formula.
    outputs_per_target : int or "levels", default=1
        "levels" is one output for each value of its only parameter.
    parameters : tuple of str, default=()
        Names of the parameters of each output: attributes of the settings object
        (``network/losses.py``), or parameters of the estimator.
    target_units : tuple of str, default=()
        Names of the parameters in units of the target.
    is_log_likelihood : bool, default=False
        Whether it is minus a log-likelihood.
    common : bool, default=False
        As for an activation.
    code : int
        What the kernels branch on.
    """

    name: str
    gradient: Callable = field(repr=False)
    link: str
    domain: str
    reference: str
    outputs_per_target: int | Literal["levels"] = 1
    parameters: tuple[str, ...] = ()
    target_units: tuple[str, ...] = ()
    is_log_likelihood: bool = False
    common: bool = False
    code: int = -1

    @property
    def public_name(self) -> str:
        """Value of the parameter ``loss``."""
        return self.name.removeprefix("binary_").removeprefix("columns_")

    @property
    def task(self) -> Literal["classification", "regression"]:
        """The task, "classification" or "regression"."""
        return "classification" if self.domain in ("unit", "class", "classes") else "regression"

    @property
    def centers_targets(self) -> bool:
        """Whether scaled targets have mean 0 and standard deviation 1, not only mean 1."""
        return self.domain == "real"

    @property
    def class_index(self) -> bool:
        """Whether the target is one column with the index of the class."""
        return self.domain == "class"


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
    common : bool, default=False
        As for an activation.
    """

    name: str
    code: int
    n_slots: int
    reference: str
    common: bool = False


def _none(size: int, width: int) -> int:
    return 0


@dataclass(frozen=True)
class ColumnKind:
    """A kind of encoding of a column as inputs of the first layer.

    Attributes
    ----------
    name : str
        ``kind`` of an ``InputColumn``.
    reads : {"numbers", "bins", "codes"}
        The data of a row that the kernel reads.
    forward, backward : kernel
        Compute the inputs, and the gradients of the parameters, if there are any.
    lookup : kernel or None, default=None
        Finds the input that counts, where the others are 0 or 1 (``kernels/lookups.py``). A kind
        with parameters has none.
    cumulative : bool, default=False
        Whether the inputs before that one are 1; only with ``lookup``.
    monotone : bool, default=False
        Whether no input decreases as the number increases, which ``monotonic_cst`` needs.
    label : str, default=""
        Label in the names of inputs: "bin" in "age_bin0".
    noun : str, default=""
        Name of an input in the HTML view.
    width : {"one", "size", "any"}, default="any"
        Number of inputs.
    min_size : int, default=0
        Minimum number of bins, frequencies or categories.
    n_params : callable, default: none
        Function of size and width.
    initial_values : callable or None, default=None
        Function of column, parameters (initially 0, changed in place) and random state.
    learning_rate_factor, weight_decay_factor : float
        Factors for its parameters.
    n_scratch : callable, default: none
        Number of elements of scratch memory, a function of size and width.
    code : int
        What the kernels branch on.
    """

    name: str
    reads: Literal["numbers", "bins", "codes"]
    forward: Callable = field(repr=False)
    backward: Callable | None = field(default=None, repr=False)
    lookup: Callable | None = field(default=None, repr=False)
    cumulative: bool = False
    monotone: bool = False
    label: str = ""
    noun: str = ""
    width: Literal["one", "size", "any"] = "any"
    min_size: int = 0
    n_params: Callable[[int, int], int] = field(default=_none, repr=False)
    initial_values: Callable[[Any, Any, Any], None] | None = field(default=None, repr=False)
    learning_rate_factor: float = 1.0
    weight_decay_factor: float = 0.0
    n_scratch: Callable[[int, int], int] = field(default=_none, repr=False)
    code: int = -1

    def __post_init__(self) -> None:
        has_params = self.backward is not None or self.n_params is not _none
        if self.lookup is not None and has_params:
            # Gradients of parameters are computed from those of inputs that are multiplied.
            raise ValueError(f"{self.name!r} has both a lookup and parameters.")
        if self.cumulative and self.lookup is None:
            raise ValueError(f"{self.name!r} is cumulative, but has no lookup.")


Record = TypeVar("Record", Activation, Loss, Optimizer, ColumnKind)


def by_name(records: Iterable[Record]) -> dict[str, Record]:
    """Index records by name, and check that names and codes are unique."""
    records = tuple(records)
    table = {record.name: record for record in records}
    if len(table) != len(records) or len({record.code for record in records}) != len(records):
        raise ValueError(f"names and codes must be unique, got {records!r}")
    return table


def numbered(records: Iterable[Record]) -> dict[str, Record]:
    """Index records by name, and number their codes."""
    return by_name(replace(record, code=code) for code, record in enumerate(records))
