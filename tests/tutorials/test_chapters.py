"""The chapters of the beginners' guide run, and show what they claim."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt

from skdnn import DNNClassifier

TUTORIALS = Path(__file__).parents[2] / "tutorials"


@pytest.fixture
def run(monkeypatch):
    """Run a chapter; return its variables."""
    monkeypatch.delenv("SKDNN_MNIST", raising=False)

    def run_chapter(name, n_figures):
        names = runpy.run_path(str(TUTORIALS / name))
        assert len(plt.get_fignums()) == n_figures  # left open for the gallery
        return names

    yield run_chapter
    plt.close("all")


def test_every_chapter_is_tested():
    tested = set(re.findall(r'run\("(\w+\.py)"', Path(__file__).read_text()))
    assert tested == {path.name for path in TUTORIALS.glob("*.py")}


def test_one_neuron(run):
    chapter = run("01_one_neuron.py", 3)
    line = chapter["line"].coef_.item(), chapter["line"].intercept_
    unit = chapter["unit"].coefs_[0].item(), chapter["unit"].intercepts_[0].item()
    np.testing.assert_allclose(unit, line, atol=1e-3)
    np.testing.assert_allclose([chapter["ws"][-1], chapter["bs"][-1]], line, atol=1e-3)
    assert (np.diff(chapter["losses"]) <= 0).all()
    assert chapter["gradient_descent"](0.8, 20)[2][-1] < 0.51  # half the variance of the noise
    losses = chapter["gradient_descent"](2.25, 20)[2]
    assert losses[-1] > losses[0]
    table = chapter["table"].set_index(["network", "measure"])["skdnn"].unstack()
    assert (table["accuracy"] > 0.96).all()
    assert (table["recall"] > 0.85).all()
    for neuron in chapter["neurons"].values():
        assert neuron.loss_curve_[-1] < neuron.loss_curve_[0] / 5


def test_layers_and_xor(run):
    chapter = run("02_layers_and_xor.py", 4)
    accuracies = list(chapter["accuracies"].values())
    assert accuracies[0] < 0.6
    assert accuracies == sorted(accuracies)
    assert accuracies[-1] >= 0.98
    assert chapter["difference"] < 1e-12  # the forward pass by hand
    new = chapter["X_new"], chapter["y_new"]
    spirals = {size: network.score(*new) for size, network in chapter["spirals"].items()}
    assert max(spirals[size] for size in [(2,), (2, 2), (2, 2, 2)]) < 0.85
    assert min(spirals[size] for size in [(16,), (16, 16), (16, 16, 16)]) > 0.97
    activations = {name: network.score(*new) for name, network in chapter["activations"].items()}
    assert activations.pop("identity") < 0.7
    assert min(activations.values()) > 0.97


def test_gradient_descent(run):
    chapter = run("03_gradient_descent.py", 6)
    loss, best = chapter["loss"], chapter["loss"](*chapter["best"])
    low, good, high = (loss(*path[-1]) for path in chapter["paths"].values())
    start = loss(*chapter["paths"][0.01][0])
    assert best < good < best + 0.01 < low < start < high
    sgd, momentum, _ = (loss(*path[-1]) - best for path in chapter["solvers"].values())
    assert momentum < sgd / 3
    # The paths are those of the textbook.
    X, y = chapter["X"], chapter["y"]
    theta, velocity = np.array([-1.5, -0.5]), np.zeros(2)
    for step in range(40):
        np.testing.assert_allclose(chapter["solvers"]["SGD with momentum"][step], theta, rtol=1e-6)
        velocity = 0.8 * velocity - 0.3 * X.T @ (X @ theta - y) / len(X)
        theta = theta + velocity
    by_batches = [loss(*path[-1]) for path in chapter["batch_paths"].values()]
    assert by_batches == sorted(by_batches, reverse=True)
    assert chapter["pca"].explained_variance_ratio_.sum() > 0.9
    assert chapter["losses"][-1] < chapter["losses"][0] / 3
    assert chapter["landscape"].min() < chapter["losses"][-1] * 1.5
    assert 1e-3 < chapter["display"].suggestion < 0.1


def test_overfitting(run):
    chapter = run("04_overfitting.py", 5)
    errors = chapter["errors"]
    assert errors["underfits"][0] > 0.1 > errors["fits"][0] > errors["overfits"][0]
    assert errors["fits"][1] < min(errors["underfits"][1], errors["overfits"][1]) / 2
    plain = chapter["plain"]
    assert plain.loss_curve_[-1] < 0.01
    assert min(plain.validation_loss_curve_) < 0.85 * plain.validation_loss_curve_[-1]
    least = {
        name: min(network.validation_loss_curve_) for name, network in chapter["networks"].items()
    }
    assert next(iter(least)) == "nothing"
    assert least["nothing"] == max(least.values())
    assert least["dropout and batch norm"] == min(least.values())
    assert chapter["raw"]["batch"] > 0.8 > 0.7 > chapter["raw"][None]
    assert chapter["network"].score(chapter["X_test"], chapter["y_test"]) > 0.93
    assert chapter["network"].n_iter_ < 200  # stopped early


def test_classification(run):
    chapter = run("05_classification.py", 4)
    recall, precision = (np.array(chapter["curves"][name]) for name in ("recall", "precision"))
    assert (np.diff(recall) <= 0).all()
    assert precision[-1] > precision[0] + 0.05
    assert chapter["softmax"].sum() == pytest.approx(1)
    accuracy = chapter["table"].set_index("network")["skdnn"]
    assert (accuracy > 0.96).all()
    assert accuracy["64-512-10, RMSprop, dropout, one cycle"] > accuracy["64-512-10, RMSprop"]
    wrong = chapter["predicted"] != chapter["y_test"]
    hardest = np.argsort(chapter["of_truth"])[: wrong.sum()]
    assert wrong[hardest].mean() > 0.8


def test_the_first_network_for_digits_takes_the_steps_of_the_book():
    """Half the learning rate, since the loss is twice that of the book."""
    rng = np.random.default_rng(0)
    X, targets = rng.normal(size=(10, 3)), np.eye(4, dtype=int)[rng.integers(0, 4, 10)]
    network = DNNClassifier.preset("mlp", hidden_layer_sizes=(), loss="brier", solver="sgd")
    network.set_params(momentum=0, alpha=0, batch_size=10, learning_rate_init=1e-12)
    network.partial_fit(X, targets, classes=np.arange(4)).set_params(learning_rate_init=1.5)
    p, before = network.predict_proba(X), network.coefs_[0].copy()
    network.partial_fit(X, targets)
    gradient = X.T @ ((p - targets) * p * (1 - p)) / len(X)
    np.testing.assert_allclose(network.coefs_[0], before - 3.0 * gradient, rtol=1e-9)
