"""Description of the machine."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_info

import skdnn
from _speed.environment import variables

PACKAGES = (
    "numpy", "scipy", "scikit-learn", "numba", "llvmlite", "torch", "skorch", "lightgbm",
    "catboost", "pytabkit",
)  # fmt: skip


def processor():
    """Name and vector instructions of the processor, if they are known."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine(), ""
    facts = dict(map(str.strip, line.split(":", 1)) for line in lines if ":" in line)
    name = facts.get("model name", platform.machine())
    flags = facts.get("flags", "").split()
    widest = next((f for f in ("avx512f", "avx2", "avx") if f in flags), "")
    return name, widest


def usable_cores():
    """Number of cores that this process may use, which ``taskset`` may limit."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def describe():
    """Processor, cores and versions; nothing that identifies a machine or a person."""
    versions = {"skdnn": skdnn.__version__}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    name, vector = processor()
    blas = {
        f"{pool['internal_api']} {pool['version']} ({pool['architecture']})"
        for pool in threadpool_info()
        if pool["user_api"] == "blas" and pool["version"]
    }
    return {
        "processor": name,
        "vector_instructions": vector,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "blas": sorted(blas),
        "variables": variables(),
        "versions": versions,
    }
