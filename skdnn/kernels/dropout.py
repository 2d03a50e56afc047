"""Inverted dropout with counter-based masks: no generator state, no stored mask.

The mask of an element is a hash of (seed, step, layer, position in the batch). It is therefore
the same for any number of threads and in resumed training, and takes a few integer operations that
vectorize.

References
----------
Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
"""

import numpy as np

from skdnn._jit import kernel, part, random_bits


@kernel
def dropout_key(seed, step, layer):
    """The key of a layer's mask in one step.

    Parameters
    ----------
    seed : uint64
    step, layer : int64
    """
    low = np.uint64(random_bits(np.uint64(step), seed))
    place = (np.uint64(step) >> np.uint64(32)) * np.uint64(4096) + np.uint64(layer)
    half = seed & np.uint64(0xFFFFFFFF)
    high = np.uint64(random_bits(place, (low << np.uint64(32)) | half))
    return (high << np.uint64(32)) | low


@kernel
def keep_factor(like, rate, position, key):
    """Factor of the element at a position: 0, or ``1 / (1 - rate)``."""
    threshold = np.uint32(rate * 4294967296.0)
    if random_bits(np.uint64(position), key) >= threshold:
        return like.dtype.type(1.0 / (1.0 - rate))
    return like.dtype.type(0)


@kernel
def dropout_input(x, first, rate, key):
    """Drop elements of ``x`` with probability ``rate``, in place; as ``dropout_forward``."""
    threshold = np.uint32(rate * 4294967296.0)
    scale = x.dtype.type(1.0 / (1.0 - rate))
    zero = x.dtype.type(0)
    for i in range(x.size):
        x[i] *= scale if random_bits(np.uint64(first + i), key) >= threshold else zero


@kernel
def dropout_gradient(first, n_in, n_trained, dx, rate, key):
    """The mask of ``dropout_input`` on gradients of the first ``n_trained`` of ``n_in`` inputs.

    ``first`` is the index of the first row in the batch.
    """
    for i in range(dx.size // n_trained):
        dropout_input(part(dx, i * n_trained, n_trained), (first + i) * n_in, rate, key)


@kernel
def dropout_forward(a, d, first, rate, key):
    """Drop elements of ``a`` and of the derivative ``d`` with probability ``rate``.

    Kept elements are divided by ``1 - rate``. Since the derivative is masked too, the backward pass
    needs no mask.

    Parameters
    ----------
    a, d : (n,) arrays, changed in place
    first : int, position of their first element in the batch
    rate : float in [0, 1)
    key : uint64
    """
    threshold = np.uint32(rate * 4294967296.0)
    scale = a.dtype.type(1.0 / (1.0 - rate))
    zero = a.dtype.type(0)
    for i in range(a.size):
        factor = scale if random_bits(np.uint64(first + i), key) >= threshold else zero
        a[i] *= factor
        d[i] *= factor
