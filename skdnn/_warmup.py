"""Compile ahead of the first fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import product

import numpy as np

from skdnn._dtypes import FLOATS
from skdnn._jit.compilations import compilations, expected_compilations
from skdnn.estimators.regressor import DNNRegressor

DTYPES = tuple(np.dtype(dtype).name for dtype in FLOATS)


def warmup(dtype: str | Iterable[str] = DTYPES) -> dict[str, dict[str, float]]:
    """Compile all that fits and predictions need, and keep it in the disk cache.

    A network compiles nothing of its own: every process on this machine (for the same user and
    versions) then starts at once. What is in the cache already is only read, in some hundredths
    of a second.

    Parameters
    ----------
    dtype : {"float32", "float64"} or iterable of them, default=("float32", "float64")
        What the networks will be trained in; see the parameter ``dtype`` of the estimators.

    Returns
    -------
    seconds : dict of dict
        For each dtype the compiled functions that were not in the cache, and the seconds that
        each took.

    Raises
    ------
    ValueError
        For any other dtype.

    Notes
    -----
    The cache is in the directory of the environment variable ``NUMBA_CACHE_DIR``, by default
    beside the package if that can be written to, else in the user's cache directory. To read it,
    nobody needs the right to write there. It holds for one kind of processor.
    ``python -m skdnn warmup`` does the same, say in a ``Dockerfile``.

    Examples
    --------
    >>> import skdnn
    >>> seconds = skdnn.warmup()
    >>> list(seconds)
    ['float32', 'float64']
    >>> skdnn.warmup("float32")  # nothing is left to do
    {'float32': {}}
    """
    names = [dtype] if isinstance(dtype, str) else list(dtype)
    if not set(names) <= set(DTYPES):
        raise ValueError(f"dtype must be one of {DTYPES} or several of them. Got {dtype!r}.")
    with expected_compilations():
        return {name: _compile(name) for name in names}


def _compile(dtype: str) -> dict[str, float]:
    before = len(compilations)
    X, y = np.zeros((2, 1)), np.zeros(2)
    # An epoch with validation, and the gradient over all rows; there is nothing to learn, and
    # nothing to warn of.
    ways = product(("adam", "lbfgs"), (None, "layer"), (None, "periodic"))
    for solver, normalization, numeric_embedding in ways:
        model = DNNRegressor.preset(
            "mlp", hidden_layer_sizes=(1,), solver=solver, normalization=normalization,
            numeric_embedding=numeric_embedding, learning_rate="cosine", max_iter=1, tol=1e9,
            random_state=0, dtype=dtype,
        )  # fmt: skip
        model.fit(X, y, X_val=X, y_val=y)
    seconds: defaultdict[str, float] = defaultdict(float)
    for compiled in compilations[before:]:
        seconds[compiled.entry] += compiled.seconds
    return dict(seconds)
