"""Where Numba lacks what is used of its internals, its standard pipeline compiles the kernels."""

import os
import subprocess
import sys

import pytest
from numba import config

from skdnn import _jit

pytestmark = pytest.mark.skipif(
    bool(config.DISABLE_JIT), reason="compilation is switched off by NUMBA_DISABLE_JIT"
)

#: What a later version of Numba may have changed. It has a name of its own for all of this.
CHANGES = {
    "a name": "del numba.core.caching.NullCache",
    "an option": "del numba.core.options.DefaultOptions._nrt",
    "parameters": "numba.core.compiler.CompilerBase.__init__.__signature__ = "
    "inspect.signature(lambda self, context: None)",
}

SOURCE = """
import numpy as np
from skdnn._jit import entry, kernel, part, sum_kernel

@sum_kernel
def total(x):
    result = x.dtype.type(0)
    for value in x:
        result += value
    return result

@kernel
def scale(x, out):
    for i in range(x.size):
        out[i] = x[i] / total(part(x, 1, x.size - 2))

@entry
def scaled(x, out):
    scale(part(x, 0, x.size), out)
"""

PROGRAM = """
import inspect, logging, sys
logging.basicConfig(level=logging.DEBUG, format="%(name)s %(levelname)s %(message)s")
logging.getLogger("numba").setLevel(logging.ERROR)
import numba.core.compiler, numba.core.options
{change}
from skdnn import _jit
print(bool(_jit.ENTRY_OPTIONS))
"""

CALLS = """
import numpy as np
from entries import scaled
x, out = np.arange(8.0), np.empty(8)
for _ in range(3):  # references are counted: nothing may be freed
    scaled(x, out)
print(*(out * 21), sum(scaled.stats.cache_hits.values()))
"""


def run(program, directory):
    """Words that a new process prints, and what it logs as skdnn."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(directory), *filter(None, sys.path)]),
        "NUMBA_CACHE_DIR": str(directory / "cache"),
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split(), [x for x in done.stderr.splitlines() if x.startswith("skdnn ")]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_at_import_and_said_once(tmp_path, change):
    [internals], [message] = run(PROGRAM.format(change=change), tmp_path)
    assert internals == "False"
    assert message.startswith("skdnn DEBUG Numba ")
    assert "standard pipeline" in message


def test_the_standard_pipeline_computes_and_keeps_the_same(tmp_path):
    assert _jit.ENTRY_OPTIONS
    (tmp_path / "entries.py").write_text(SOURCE)
    for n_hits in (0, 1):
        words, messages = run(PROGRAM.format(change=CHANGES["an option"]) + CALLS, tmp_path)
        assert words[0] == "False"
        assert [float(word) for word in words[1:]] == [*range(8), n_hits]
        assert len(messages) == 1
