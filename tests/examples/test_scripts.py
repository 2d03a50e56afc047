"""The scripts of MNIST run on bundled data, learn what they say and save their figures."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run an example as ``python examples/NAME.py --output FOLDER``; return its table."""

    def run_example(name, *argv):
        monkeypatch.syspath_prepend(EXAMPLES)
        spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        folder = tmp_path / "new" / "figures"
        table = module.main(["--output", str(folder), *argv])
        assert (folder / f"{name}.png").stat().st_size > 10_000
        return table

    yield run_example
    from matplotlib import pyplot as plt

    plt.close("all")


def test_single_neuron_without_reference(run):
    table = run("single_neuron")
    assert list(table["digit"]) == [1, 3]
    assert (table["accuracy"] > 0.95).all()
    assert (table["recall"] > 0.7).all()
    assert (table["specificity"] > 0.97).all()


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


def test_single_neuron_reads_mnist_and_shows_the_reference(run, mnist_like):
    table = run("single_neuron", "--mnist", str(mnist_like))
    assert list(table["model"]) == ["DNNClassifier", "reference"] * 2
    assert table.query("model == 'reference' and digit == 3")["recall"].item() == 0.6525
    assert (table.query("model == 'DNNClassifier'")["accuracy"] > 0.95).all()


def test_mnist_on_digits(run):
    table = run("mnist")
    assert (table["test accuracy"] > 0.96).all()
    assert (table["min"] > 0.95).all()
    assert list(table["fits"]) == [1, 10]
