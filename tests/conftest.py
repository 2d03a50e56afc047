import pytest
from numba import config


def pytest_collection_modifyitems(items):
    if config.DISABLE_JIT:
        # NumPy's scalars warn of what compiled code computes silently: inf - inf, overflow.
        for item in items:
            item.add_marker(pytest.mark.filterwarnings("ignore::RuntimeWarning"))
