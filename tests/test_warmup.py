"""After a warm-up nothing is left to compile."""

import os
import subprocess
import sys

import numpy as np
import pytest
from numba import config

import skdnn
from skdnn.__main__ import main

ENTRIES = ["loss_value", "predict_raw", "sum_gradients", "train_epoch"]

# A process that trains and predicts in one dtype in all ways; prints what it compiled and read.
DEPLOYED = """
import numpy as np
from scipy.sparse import csr_matrix
from skdnn import DNNClassifier, DNNRegressor
from skdnn.kernels import epoch

X = np.random.default_rng(0).standard_normal((300, 4)).astype("float32")
y = X @ np.ones((4, 2)) > 0
options = dict(dtype="float32", max_iter=2, learning_rate="cosine", random_state=0)
model = DNNClassifier.preset(
    "mlp", hidden_layer_sizes=(5, 3), activation="gelu", normalization="batch", dropout=0.1,
    early_stopping=True, n_members=2, n_jobs=2, **options,
)
model.fit(csr_matrix(X), y).predict(X)
model = DNNRegressor.preset("mlp", solver="lbfgs", tol=1e9, **options)
model.fit(X, y).predict(csr_matrix(X[:1]))
for activation in ("mish", "tanh"):
    model = DNNRegressor(activation=activation, **options).fit(X, y).predict(X)
model = DNNRegressor(solver="lbfgs", tol=1e9, **options).fit(X, y).predict(X)
for name in NAMES:
    function = getattr(epoch, name)
    statistics = function.stats
    print(sum(statistics.cache_misses.values()), sum(statistics.cache_hits.values()))
"""


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="there is nothing to compile")
def test_nothing_is_left_to_compile(tmp_path):
    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip

    first = run("-m", "skdnn", "warmup", "--dtype", "float32")
    lines = first.stdout.splitlines()
    assert sorted(line.split()[2] for line in lines) == ENTRIES
    assert all(line.startswith("float32: compiled ") for line in lines)
    assert first.stderr == ""
    again = run("-m", "skdnn", "warmup", "--dtype", "float32")
    assert again.stdout == "float32: all functions are in the cache\n"
    counts = run("-c", f"NAMES = {ENTRIES}\n{DEPLOYED}").stdout.split()
    assert counts[::2] == ["0"] * len(ENTRIES)
    assert all(int(hits) > 0 for hits in counts[1::2])


def test_a_second_warmup_finds_nothing_to_do():
    seconds = skdnn.warmup("float32")
    assert list(seconds) == ["float32"]
    assert set(seconds["float32"]) <= set(ENTRIES)
    assert skdnn.warmup(["float32"]) == {"float32": {}}


def test_randomness_is_left_alone():
    np.random.seed(0)  # noqa: NPY002 - the global state is the point
    skdnn.warmup("float32")
    assert np.random.random() == np.random.RandomState(0).random()  # noqa: NPY002


@pytest.mark.parametrize("dtype", ["float16", "auto", ["float32", "input"], [np.float32]])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(ValueError, match="dtype must be one of"):
        skdnn.warmup(dtype)


def test_the_command_line_explains_itself(capsys):
    with pytest.raises(SystemExit) as end:
        main([])
    assert end.value.code == 2
    assert "command" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["warmup", "--dtype", "float16"])
    assert "'float32', 'float64'" in capsys.readouterr().err
    main(["warmup", "--dtype", "float32"])
    assert capsys.readouterr().out.startswith("float32: ")
