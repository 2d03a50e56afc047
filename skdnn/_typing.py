"""Types of the public signatures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import pandas as pd
from numpy.typing import ArrayLike
from scipy.sparse import sparray, spmatrix

#: Rows: an array, or what NumPy makes one of, a data frame of any library, or a sparse array.
MatrixLike: TypeAlias = ArrayLike | pd.DataFrame | sparray | spmatrix
#: A function that a decorator leaves the signature of.
Function = TypeVar("Function", bound=Callable[..., Any])
