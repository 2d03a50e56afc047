from itertools import pairwise

import numpy as np
import pytest

from skdnn.kernels import network as columns
from skdnn.kernels.activations import ACTIVATIONS, IDENTITY
from skdnn.kernels.optimizers import DECAY_FACTOR, PENALTY_FACTOR, RATE_FACTOR
from skdnn.network.layout import Layout
from skdnn.network.spec import NetworkSpec


def make_spec(*sizes):
    return NetworkSpec(sizes, "tanh", (0.25,) * (len(sizes) - 2), "log_loss")


@pytest.mark.parametrize("sizes", [(3, 2), (3, 5, 2), (1, 1, 1, 1), (7, 4, 6, 5, 2)])
def test_views_cover_the_vector_once(sizes):
    spec = make_spec(*sizes)
    layout = Layout(spec)
    vector = np.zeros(layout.n_params)
    for view in layout.coefs(vector) + layout.intercepts(vector):
        view += 1
    np.testing.assert_array_equal(vector, 1)
    assert [w.shape for w in layout.coefs(vector)] == list(pairwise(sizes))
    assert [b.shape for b in layout.intercepts(vector)] == [(n,) for n in sizes[1:]]
    assert spec.n_weights == sum(w.size for w in layout.coefs(vector))


def test_blocks_of_the_arena_do_not_overlap():
    sizes = (7, 4, 6, 2)
    layout = Layout(make_spec(*sizes))
    blocks = [(0, 7)]
    for row in layout.table:
        blocks += [(row[columns.VALUE], row[columns.N_OUT])]
        blocks += [(row[columns.DERIVATIVE], row[columns.N_OUT])]
    last = layout.table[-1]
    # The gradient on its way down is as wide as the widest input of a layer.
    blocks += [(last[columns.DERIVATIVE] + last[columns.N_OUT], 7)]
    blocks.sort()
    ends = [start + width for start, width in blocks]
    assert ends[:-1] == [start for start, _ in blocks[1:]]
    assert ends[-1] == layout.arena_width


def test_table_and_factors():
    layout = Layout(make_spec(3, 5, 2))
    tanh = ACTIVATIONS["tanh"].code
    assert layout.table[:, columns.ACTIVATION].tolist() == [tanh, IDENTITY]
    assert layout.dropout.tolist() == [0.25, 0]
    assert layout.segments.tolist() == [[0, 25], [25, 32]]
    assert layout.factors[:, RATE_FACTOR].tolist() == [1, 1]
    assert layout.factors[:, DECAY_FACTOR].tolist() == [1, 0]
    assert layout.factors[:, PENALTY_FACTOR].tolist() == [1, 0]


def test_assigning_an_item_writes_into_the_vector():
    layout = Layout(make_spec(3, 5, 2))
    vector = np.zeros(layout.n_params)
    layout.coefs(vector)[1] = np.ones((5, 2))
    layout.intercepts(vector)[0] = 2
    assert vector.sum() == 10 + 10
    with pytest.raises(ValueError, match="broadcast"):
        layout.coefs(vector)[0] = np.ones((5, 2))
