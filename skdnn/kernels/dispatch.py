"""Dispatch: calls of the kernels of records by an integer code.

Numba has no tables of functions, and a function that is passed as an argument has its own type,
which would be another signature to compile and to find in the disk cache. Therefore the branches
are generated here, as source code, from the records. The disk cache stays valid: the records are
part of the sources whose digest is in the name of every entry.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from skdnn._jit import kernel
from skdnn.kernels.records import Activation, Loss


def dispatcher(name: str, arguments: str, kernels: Mapping[int, Callable]) -> Callable:
    """A kernel ``(code, *arguments)`` that calls the kernel with this code.

    Parameters
    ----------
    name : str
    arguments : str
        Names of the arguments, separated by commas.
    kernels : mapping of int to kernel
        Code -> kernel. Any other code calls the last one.
    """
    lines = [f"def {name}(code, {arguments}):"]
    lines += _branches(kernels, arguments, "    ")
    return _compiled(name, lines, _names(kernels))


def record_dispatcher(
    name: str, arguments: str, records: Iterable[Activation | Loss], attribute: str
) -> Callable:
    """A kernel ``(uncommon, code, *arguments)`` that calls a kernel of the record with this code.

    Parameters
    ----------
    name : str
    arguments : str
        Names of the arguments, separated by commas.
    records : iterable of Activation or Loss
        Some of them are common. If ``uncommon`` is None, Numba leaves out the others.
    attribute : str
        Name of the record's kernel.
    """
    records = list(records)
    kernels = {each.code: getattr(each, attribute) for each in records}
    common = {each.code: kernels[each.code] for each in records if each.common}
    others = {code: each for code, each in kernels.items() if code not in common}
    lines = [
        f"def {name}(uncommon, code, {arguments}):",
        "    if uncommon is not None:",
        f"        if {' and '.join(f'code != {code}' for code in common)}:",
        *_branches(others, arguments, 12 * " "),
        *_branches(common, arguments, "    "),
    ]
    return _compiled(name, lines, _names(kernels))


def _branches(kernels: Mapping[int, Callable], arguments: str, indent: str) -> list[str]:
    """Lines that return what the kernel of ``code`` returns."""
    *codes, last = kernels
    lines = []
    for code in codes:
        lines += [f"{indent}if code == {code}:", f"{indent}    return kernel_{code}({arguments})"]
    return [*lines, f"{indent}return kernel_{last}({arguments})"]


def _names(kernels: Mapping[int, Callable]) -> dict[str, Callable]:
    return {f"kernel_{code}": each for code, each in kernels.items()}


def reader(n: int) -> Callable:
    """A kernel that returns row ``j`` of a flat array with rows of ``n`` elements, as a tuple."""
    items = "".join(f"array[{n} * j + {k}], " for k in range(n))
    return _compiled("read", ["def read(array, j):", f"    return ({items})"], {})


def _compiled(name: str, lines: list[str], names: dict[str, Callable]) -> Callable:
    namespace: dict[str, Any] = {**names, "__name__": __name__}
    exec("\n".join(lines), namespace)
    return kernel(namespace[name])
