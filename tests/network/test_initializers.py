import numpy as np
import pytest
from numpy_twin import forward

from skdnn.kernels.activations import ACTIVATIONS
from skdnn.network.initializers import initial_values
from skdnn.network.network import Network
from skdnn.network.spec import NetworkSpec


def draw(activation, sizes=(300, 200, 5), seed=0, dtype=np.float64, normalization=None):
    spec = NetworkSpec(
        sizes, activation, (0.0,) * (len(sizes) - 1), "squared_error", normalization=normalization
    )
    return Network([spec], initial_values(spec, np.random.RandomState(seed), np.dtype(dtype)))


@pytest.mark.parametrize("activation", ["relu", "tanh", "identity", "logistic"])
def test_bounds_are_those_of_scikit_learns_mlp(activation):
    network = draw(activation)
    factor = 2 if activation == "logistic" else 6
    for weight, bias in zip(network.coefs, network.intercepts, strict=True):
        bound = np.sqrt(factor / sum(weight.shape))
        assert 0.98 * bound < np.abs(weight).max() <= bound
        assert 0.3 * bound < np.abs(bias).max() <= bound


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_signal_neither_vanishes_nor_explodes(activation):
    """Ten layers deep, the activations keep a usable scale."""
    sizes = (256,) * 11
    network = draw(activation, sizes)
    X = np.random.default_rng(1).standard_normal((100, 256))
    last = forward(network.coefs, network.intercepts, activation, X)[0][-1]
    assert 1e-4 < np.sqrt((last**2).mean()) < 1e2


@pytest.mark.parametrize("activation", ["leaky_relu", "elu", "gelu", "silu", "mish", "selu"])
def test_he_and_lecun_have_their_variance_and_no_biases(activation):
    network = draw(activation)
    gain = ACTIVATIONS[activation].gain
    weight = network.coefs[0]
    assert weight.std() == pytest.approx(gain / np.sqrt(300), rel=0.02)
    assert not any(bias.any() for bias in network.intercepts)


def test_the_seed_decides_and_float32_is_the_rounded_float64():
    a, b = draw("relu", seed=3), draw("relu", seed=3, dtype=np.float32)
    np.testing.assert_array_equal(a.values.astype(np.float32), b.values)
    assert not np.array_equal(a.values, draw("relu", seed=4).values)


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_a_normalized_layer_starts_without_gain_and_shift(normalization):
    network = draw("tanh", normalization=normalization)
    gains = network.layouts[0].gains(network.values[None])
    assert [gain.tolist() for gain in gains] == [[1.0] * 200]
    assert not network.intercepts[0].any()
    assert network.intercepts[-1].any()
    n_buffers = 2 * 200 if normalization == "batch" else 0
    assert network.buffers(0).tolist() == ([0.0] * 200 + [1.0] * 200)[:n_buffers]
