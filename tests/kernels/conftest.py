import numpy as np
import pytest
from numba import config, njit


@pytest.fixture(scope="session")
def compiled():
    """Make an inner kernel callable from Python: compile it again, with the wrapper it lacks."""
    done = {}

    def make(kernel):
        if config.DISABLE_JIT:
            return kernel
        if kernel not in done:
            options = {
                name: value
                for name, value in kernel.targetoptions.items()
                if name not in ("nopython", "no_cpython_wrapper", "no_cfunc_wrapper", "inline")
            }
            done[kernel] = njit(**options)(kernel.py_func)
        return done[kernel]

    return make


@pytest.fixture
def rng():
    return np.random.default_rng(0)
