from itertools import pairwise

import numpy as np
import pytest

from skdnn.kernels import network as columns
from skdnn.kernels.activations import ACTIVATIONS, IDENTITY
from skdnn.kernels.optimizers import DECAY_FACTOR, PENALTY_FACTOR, RATE_FACTOR, UPDATE_BLOCK
from skdnn.network.layout import Layout
from skdnn.network.spec import NetworkSpec


def make_spec(*sizes, normalization=None):
    return NetworkSpec(
        sizes, "tanh", (0.25,) * (len(sizes) - 1), "log_loss", normalization=normalization
    )


NORMALIZATIONS = [None, "batch", "layer"]


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("sizes", [(3, 2), (3, 5, 2), (1, 1, 1, 1), (7, 4, 6, 5, 2)])
@pytest.mark.parametrize("n_members", [1, 3])
def test_views_cover_the_parameters_once(sizes, normalization, n_members):
    spec = make_spec(*sizes, normalization=normalization)
    layout = Layout(spec)
    values = np.zeros((n_members, layout.n_params + layout.n_buffers))
    members = () if n_members == 1 else (n_members,)
    for view in layout.coefs(values) + layout.intercepts(values) + layout.gains(values):
        view += 1
    np.testing.assert_array_equal(values[:, : layout.n_params], 1)
    np.testing.assert_array_equal(values[:, layout.n_params :], 0)
    assert [w.shape for w in layout.coefs(values)] == [(*members, *p) for p in pairwise(sizes)]
    assert [b.shape for b in layout.intercepts(values)] == [(*members, n) for n in sizes[1:]]
    normalized = sizes[1:-1] if normalization else ()
    assert [g.shape for g in layout.gains(values)] == [(*members, n) for n in normalized]
    assert spec.n_weights * n_members == sum(w.size for w in layout.coefs(values))
    assert layout.n_buffers == (2 * sum(normalized) if normalization == "batch" else 0)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_blocks_of_the_arena_do_not_overlap(normalization):
    sizes = (7, 4, 6, 2)
    layout = Layout(make_spec(*sizes, normalization=normalization))
    blocks = []
    for row in layout.table:
        blocks += [(row[columns.VALUE], row[columns.N_OUT])]
        blocks += [(row[columns.DERIVATIVE], row[columns.N_OUT])]
    if normalization:
        blocks += [(row[columns.NORMAL], row[columns.N_OUT]) for row in layout.table[:-1]]
    # The gradient on its way down is as wide as the widest input of a layer above the first.
    blocks += [(layout.table[-1, columns.NORMAL], 6)]
    blocks.sort()
    ends = [start + width for start, width in blocks]
    assert ends[:-1] == [start for start, _ in blocks[1:]]
    assert layout.arena(10, np.dtype(float)).size == 10 * ends[-1]


def test_scratch_memory_has_room_for_transposed_weights_and_for_a_block():
    assert Layout(make_spec(7, 4, 6, 2)).scratch(np.dtype(float)).size == UPDATE_BLOCK
    # The weights of the first layer are never transposed.
    assert Layout(make_spec(300, 50, 60, 2)).scratch(np.dtype(float)).size == 50 * 60


def test_blocks_of_the_optimiser_end_with_their_segment():
    # 3,120 weights and 62 biases.
    assert Layout(make_spec(50, 60, 2)).n_blocks == 4 + 1
    assert 3 * UPDATE_BLOCK < 50 * 60 + 60 * 2


def test_table_and_factors():
    layout = Layout(make_spec(3, 5, 2))
    tanh = ACTIVATIONS["tanh"].code
    assert layout.table[:, columns.ACTIVATION].tolist() == [tanh, IDENTITY]
    assert layout.dropout.tolist() == [0.25, 0.25]
    assert layout.segments.tolist() == [[0, 25], [25, 32]]
    assert layout.factors[:, RATE_FACTOR].tolist() == [1, 1]
    assert layout.factors[:, DECAY_FACTOR].tolist() == [1, 0]
    assert layout.factors[:, PENALTY_FACTOR].tolist() == [1, 0]


def test_assigning_an_item_writes_into_the_vector():
    layout = Layout(make_spec(3, 5, 2))
    values = np.zeros((1, layout.n_params))
    layout.coefs(values)[1] = np.ones((5, 2))
    layout.intercepts(values)[0] = 2
    assert values.sum() == 10 + 10
    with pytest.raises(ValueError, match="broadcast"):
        layout.coefs(values)[0] = np.ones((5, 2))
