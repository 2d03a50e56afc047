"""Compilation ahead of the first fit."""

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
    """Compile all functions that ``fit`` and ``predict`` need, and store them in the disk cache.

    The compiled code is the same for all networks: afterwards no process on this machine, with the
    same user and versions, has to compile. Functions that are already cached are only loaded,
    which takes some hundredths of a second.

    Parameters
    ----------
    dtype : {"float32", "float64"} or iterable of these, default=("float32", "float64")
        Dtype of the networks; see the parameter ``dtype`` of the estimators.

    Returns
    -------
    seconds : dict of dict
        For each dtype the functions that were not in the cache, and their compilation times in
        seconds.

    Raises
    ------
    ValueError
        For any other dtype.

    Notes
    -----
    The cache is in the directory of the environment variable ``NUMBA_CACHE_DIR``; by default next
    to the package if it is writable, otherwise in the user's cache directory. Reading it needs no
    write permission. It is valid for one processor type. ``python -m skdnn warmup`` does the same,
    for example in a ``Dockerfile``.

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
    # An epoch with validation, and the gradient over all rows, on data that cause no warnings.
    embeddings, activations = (None, "periodic"), ("mish", "tanh")
    ways = product(("adam", "lbfgs"), (None, "layer"), embeddings, activations)
    for solver, normalization, numeric_embedding, activation in ways:
        model = DNNRegressor.preset(
            "mlp", hidden_layer_sizes=(1,), activation=activation, solver=solver,
            normalization=normalization, numeric_embedding=numeric_embedding,
            learning_rate="cosine", max_iter=1, tol=1e9, random_state=0, dtype=dtype,
        )  # fmt: skip
        model.fit(X, y, X_val=X, y_val=y)
    seconds: defaultdict[str, float] = defaultdict(float)
    for compiled in compilations[before:]:
        seconds[compiled.entry] += compiled.seconds
    return dict(seconds)
