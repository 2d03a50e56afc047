"""Types of the public signatures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import pandas as pd
from numpy.typing import ArrayLike
from scipy.sparse import sparray, spmatrix

#: Array-like, data frame of any library, or sparse array.
MatrixLike: TypeAlias = ArrayLike | pd.DataFrame | sparray | spmatrix
#: A function whose signature is preserved by a decorator.
Function = TypeVar("Function", bound=Callable[..., Any])
