"""The results on MNIST are those of the chapters, and the guide states them."""

import re
import runpy
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

ROOT = Path(__file__).parents[2]


@pytest.fixture
def mnist_like(tmp_path):
    """File in the layout of MNIST, with images that a single bright row of pixels tells apart."""
    rng = np.random.default_rng(0)
    path = tmp_path / "mnist.npz"
    arrays = {}
    for part, n_samples in (("train", 1000), ("test", 200)):
        y = np.arange(n_samples) % 10
        images = rng.integers(0, 50, (n_samples, 28, 28))
        images[np.arange(n_samples), 2 * y + 4] += 150
        arrays[f"X_{part}"] = images.reshape(n_samples, 784).astype(np.uint8)
        arrays[f"y_{part}"] = y.astype(np.uint8)
    np.savez(path, **arrays)
    return path


def test_chapters_read_mnist(mnist_like, monkeypatch, capsys):
    monkeypatch.setenv("SKDNN_MNIST", "")  # restored after the test
    script = runpy.run_path(str(ROOT / "benchmarks" / "mnist.py"))
    table = script["main"](["--mnist", str(mnist_like)])
    plt.close("all")
    assert list(table) == ["network", "measure", "published", "skdnn"]
    scores = table.set_index("network")["skdnn"]
    assert (scores.filter(like="one neuron") > 0.95).all()
    assert (scores.filter(like="784-") > 0.95).all()
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.startswith('"784-512-10, RMSprop, dropout, one cycle",accuracy,,')


def test_the_guide_states_results_that_reach_the_published_ones():
    text = (ROOT / "tutorials" / "05_classification.py").read_text()
    lines = re.findall(r"^#    (.*,.*)$", text.split(":header-rows: 1")[1], re.MULTILINE)
    table = pd.read_csv(StringIO("\n".join(lines)))
    assert list(table) == ["network", "measure", "published", "skdnn"]
    known = table.dropna()
    assert len(known) == 7
    assert (known["skdnn"] >= known["published"]).all()
