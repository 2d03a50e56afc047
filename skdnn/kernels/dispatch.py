"""Dispatch: calls of the kernels of records by an integer code.

Numba has no tables of functions, and a function that is passed as an argument has its own type,
which would be another signature to compile and to find in the disk cache. Therefore the branches
are generated here, as source code, from the records. The disk cache stays valid: the records are
part of the sources whose digest is in the name of every entry.
"""

from collections.abc import Callable, Mapping
from typing import Any

from skdnn._jit import kernel


def dispatcher(name: str, arguments: str, kernels: Mapping[int, Callable]) -> Callable:
    """A kernel that takes a code and ``arguments``, and calls the kernel with this code.

    Parameters
    ----------
    name : str
    arguments : str
        Names of the arguments, separated by commas.
    kernels : mapping of int to kernel
        Code -> kernel. Any other code calls the last one.
    """
    lines = [f"def {name}(code, {arguments}):"]
    *codes, last = kernels
    for code in codes:
        lines += [f"    if code == {code}:", f"        return kernel_{code}({arguments})"]
    lines.append(f"    return kernel_{last}({arguments})")
    return _compiled(name, lines, {f"kernel_{code}": each for code, each in kernels.items()})


def reader(n: int) -> Callable:
    """A kernel that returns row ``j`` of a flat array with rows of ``n`` elements, as a tuple."""
    items = "".join(f"array[{n} * j + {k}], " for k in range(n))
    return _compiled("read", ["def read(array, j):", f"    return ({items})"], {})


def _compiled(name: str, lines: list[str], names: dict[str, Callable]) -> Callable:
    namespace: dict[str, Any] = {**names, "__name__": __name__}
    exec("\n".join(lines), namespace)
    return kernel(namespace[name])
