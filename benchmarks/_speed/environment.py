"""BLAS as it comes: variables that would limit it are taken away, all others are told."""

import os
import sys

#: They choose the kernels and the block sizes of OpenBLAS. What they leave of its speed is not what
#: users see, and most of it is missing from the peers.
LIMITS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")

#: Of variables for BLAS, OpenMP, and the vector instructions of PyTorch and Numba.
PREFIXES = ("OPENBLAS", "MKL", "OMP", "GOMP", "ONEDNN", "ATEN_CPU", "NUMBA_CPU")


def variables():
    """Those that are set, with their values."""
    return {name: os.environ[name] for name in sorted(os.environ) if name.startswith(PREFIXES)}


def start_anew_without_limits():
    """Run this script again without ``LIMITS`` if any of them is set.

    A library reads them when it is loaded: that has happened already.
    """
    found = [name for name in LIMITS if name in os.environ]
    if not found:
        return
    print(f"{', '.join(found)} would limit BLAS: started anew without", flush=True)
    environment = {name: value for name, value in os.environ.items() if name not in LIMITS}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
