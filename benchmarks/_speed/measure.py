"""Timing."""

import time
from functools import partial
from itertools import pairwise
from statistics import median

import numpy as np
from scipy.linalg.blas import sgemm

#: Minimum duration of a timed loop of short calls.
LOOP_SECONDS = 0.05


def seconds_of(function, *args):
    start = time.perf_counter()
    function(*args)
    return time.perf_counter() - start


def epoch_seconds(fit, X, y, epochs):
    """Difference of fits with 1 and 1 + ``epochs`` epochs, without the fixed costs of a fit."""
    once = seconds_of(fit, X, y, 1)
    return (seconds_of(fit, X, y, 1 + epochs) - once) / epochs


def call_seconds(function, at_least=LOOP_SECONDS):
    """Seconds of a short call, from a loop of calls."""
    once = max(seconds_of(function), 1e-7)
    calls = max(1, round(at_least / once))

    def loop():
        for _ in range(calls):
            function()

    return seconds_of(loop) / calls


def take_turns(tasks, repeats):
    """Results of all tasks, ``repeats`` times; each repeat starts with another task."""
    values = {name: [] for name in tasks}
    names = list(tasks)
    for repeat in range(repeats):
        first = repeat % len(names)
        for name in names[first:] + names[:first]:
            values[name].append(tasks[name]())
    return values


def medians(values):
    return {name: median(numbers) for name, numbers in values.items()}


def ratios(values, to="skdnn"):
    """Median times of the others, divided by that of ``to``."""
    middle = medians(values)
    return {name: middle[name] / middle[to] for name in middle if name != to}


def products(case):
    """The matrix products of a training step as calls of ``sgemm``, with their operations.

    SciPy's BLAS works on Fortran order: it gets the transposes of C-ordered arrays, so that
    nothing is copied.
    """
    rng = np.random.default_rng(0)
    calls = []

    def add(a, b, out, inner, **transposed):
        call = partial(sgemm, 1.0, a, b, c=out, overwrite_c=True, **transposed)
        assert np.shares_memory(call(), out)
        calls.append((call, 2 * out.size * inner))

    for i, (n_in, n_out) in enumerate(pairwise(case.sizes)):
        x, dz = (rng.standard_normal((case.batch, n), dtype=np.float32) for n in (n_in, n_out))
        W = rng.standard_normal((n_in, n_out), dtype=np.float32)
        z, dx, dW = np.empty_like(dz), np.empty_like(x), np.empty_like(W)
        add(W.T, x.T, z.T, n_in)  # z = x W
        add(dz.T, x.T, dW.T, case.batch, trans_b=True)  # dW = x^T dz
        if i > 0:
            add(W.T, dz.T, dx.T, n_out, trans_a=True)  # dx = dz W^T
    return calls


def sgemm_gflops(calls):
    """Operations of a step divided by the time of its products, each timed in its own loop."""
    seconds = sum(call_seconds(call) for call, _ in calls)
    return sum(flops for _, flops in calls) / seconds / 1e9
