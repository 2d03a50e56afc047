"""A network grows without a change of what it says."""

import numpy as np
import pytest
from encoded import make_spec, random_network, random_table
from numpy_twin import Table

from skdnn.network.growth import Growth, grown_network, grown_values
from skdnn.network.network import Network
from skdnn.network.spec import InputColumn
from skdnn.training.data import make_features, with_columns
from skdnn.training.engine import predict_raw
from skdnn.training.threads import Threads

OLD = (
    InputColumn("periodic", 0, 3, 5),
    InputColumn("embedding", 1, 2, 4),
    InputColumn("number", 2),
    InputColumn("bins", 1, 5, 5),
    InputColumn("one_hot", 0, 3, 3),
    InputColumn("binary", 2, 1, 2),
)
NEW = (
    InputColumn("periodic", 0, 3, 5),
    InputColumn("embedding", 1, 2, 7),
    InputColumn("number", 2),
    InputColumn("number", 1),
    InputColumn("bins", 0, 4, 4),
    InputColumn("bins", 1, 5, 5),
    InputColumn("one_hot", 0, 6, 6),
    InputColumn("one_hot", 2, 3, 3),
)
#: In column 0 the last code is missing, and is the last one again.
CODES = [np.array([1, 2, 6]), np.arange(1, 5), np.array([1, 3])]


def features_of(table, n_bins, n_codes):
    numbers = make_features(table.numbers, np.dtype(float))
    return with_columns(numbers, table.bins, table.fractions, table.codes, n_bins, n_codes)


def raw(network, table, n_bins, n_codes):
    features = [features_of(table, n_bins, n_codes)] * network.n_members
    return predict_raw(network, features, Threads(None, 1))


def recoded(table):
    codes = np.zeros_like(table.codes)
    for j, new in enumerate(CODES):
        codes[:, j] = np.append(0, new)[table.codes[:, j]]
    bins = table.bins.copy()
    bins[:, 0] = bins[:, 0] % 4
    return Table(table.numbers, bins, table.fractions, codes)


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize("scaled", [False, True])
def test_predictions_stay(scaled, normalization):
    rng = np.random.default_rng(0)
    specs = [
        make_spec((6, 4), 2, OLD, scaled=scaled, normalization=normalization) for _ in range(2)
    ]
    values = [random_network(rng, spec).values for spec in specs]
    network, table = Network(specs, np.concatenate(values)), random_table(rng, 50)
    growths = [Growth(spec, NEW, CODES, set()) for spec in specs]
    grown = grown_network(network, growths)
    assert grown.spec.layer_sizes == (sum(c.width for c in NEW), 6, 4, 2)
    np.testing.assert_allclose(
        raw(grown, recoded(table), (4, 5), (6, 7, 3)), raw(network, table, (5, 5), (3, 4, 2)),
        rtol=1e-12,
    )  # fmt: skip
    # Values beside those of the network, of the best epoch say, grow alike.
    np.testing.assert_array_equal(grown_values(network, growths, network.values), grown.values)


def test_each_of_several_columns_of_one_kind_and_source_keeps_its_own():
    two = InputColumn("periodic", 0, 3, 5, 0.1), InputColumn("periodic", 0, 3, 5, 2.0)
    bins = 2 * [InputColumn("bins", 1, 5, 5)]
    old, new = (*two, *OLD[1:3], *bins, *OLD[4:]), (*two, *NEW[1:5], *bins, *NEW[6:])
    rng = np.random.default_rng(0)
    network, table = random_network(rng, make_spec((6,), 1, old)), random_table(rng, 50)
    grown = grown_network(network, [Growth(network.spec, new, CODES, set())])
    np.testing.assert_allclose(
        raw(grown, recoded(table), (4, 5), (6, 7, 3)), raw(network, table, (5, 5), (3, 4, 2)),
        rtol=1e-12,
    )  # fmt: skip


def test_new_inputs_say_nothing_until_they_are_learned():
    rng = np.random.default_rng(0)
    network = random_network(rng, make_spec((6,), 1, OLD))
    growth = Growth(network.spec, NEW, CODES, {("bins", 1)})
    grown = grown_network(network, [growth])
    starts = np.cumsum([0, *(column.width for column in NEW)])
    weights = grown.coefs[0]
    for row, column in enumerate(NEW):
        own = weights[starts[row] : starts[row + 1]]
        new = {
            ("number", 1): slice(None), ("bins", 0): slice(None), ("bins", 1): slice(None),
            ("one_hot", 0): slice(2, 5), ("one_hot", 2): slice(1, 2),
        }.get((column.kind, column.source), slice(0))  # fmt: skip
        assert not own[new].any()
        assert np.delete(own, new, axis=0).all()
    np.testing.assert_array_equal(grown.scales(0)[starts[3] : starts[5]], 1)


@pytest.mark.parametrize("code", [1, 2])
def test_the_only_category_of_a_column_becomes_one_of_two(code):
    """The first, or the second if it is missing values, whose code is the last."""
    old = (InputColumn("one_hot", 0, 1, 1),)
    network = random_network(np.random.default_rng(0), make_spec((6,), 1, old, scaled=False))
    growth = Growth(network.spec, (InputColumn("binary", 0, 1, 2),), [np.array([code])], set())
    grown = grown_network(network, [growth])
    before, after = (Table(*[np.empty((1, 0))] * 3, np.array([[each]])) for each in (1, code))
    np.testing.assert_allclose(raw(grown, after, (), (2,)), raw(network, before, (), (1,)))


def test_slots_of_the_solver():
    """They follow their parameters; those of new or turned weights begin at 0."""
    network = random_network(np.random.default_rng(0), make_spec((6,), 1, OLD))
    growth = Growth(network.spec, NEW, CODES, set())
    n_old = network.layouts[0].n_params
    old = np.concatenate([network.params(0), 10 * network.params(0)])
    grown, slots = grown_network(network, [growth]), growth.slots(old)
    first, second = slots.reshape(2, -1)
    np.testing.assert_allclose(second, 10 * first)
    params = grown.params(0)
    kept = first != 0
    np.testing.assert_array_equal(first[kept], params[kept])
    assert kept.sum() == n_old + 1  # both units that were one have its scale
    assert growth.slots(np.empty(0)).size == 0


def test_the_constant_that_stands_in_for_columns_becomes_part_of_the_biases():
    old = (InputColumn("one_hot", 0, 1, 1),)
    network = random_network(np.random.default_rng(0), make_spec((6,), 1, old, scaled=False))
    growth = Growth(network.spec, (InputColumn("binary", 1, 1, 2),), [np.array([1])] * 2, set())
    grown = grown_network(network, [growth])
    nothing = np.empty((2, 0))
    table = Table(np.empty((2, 0)), nothing, nothing, np.array([[1, 1], [1, 2]]))
    np.testing.assert_allclose(
        raw(grown, table, (), (1, 2)), raw(network, table, (), (1, 2)), rtol=1e-12
    )
