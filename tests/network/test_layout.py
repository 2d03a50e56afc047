from itertools import pairwise

import numpy as np
import pytest
from encoded import COLUMNS, N_INPUTS
from encoded import make_spec as make_table_spec
from numpy_twin import n_column_params

from skdnn.kernels import columns as input_columns
from skdnn.kernels import network as columns
from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.embeddings import COLUMN_KINDS, SPAN
from skdnn.kernels.optimizers import DECAY_FACTOR, PENALTY_FACTOR, RATE_FACTOR, UPDATE_BLOCK
from skdnn.network.layout import Layout
from skdnn.network.spec import InputColumn, NetworkSpec


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
    assert layout.arena_size(10) == 10 * ends[-1]


def test_scratch_memory_has_room_for_transposed_weights_and_for_a_block():
    assert Layout(make_spec(7, 4, 6, 2)).scratch(np.dtype(float)).size == UPDATE_BLOCK
    # The weights of the first layer are never transposed.
    assert Layout(make_spec(300, 50, 60, 2)).scratch(np.dtype(float)).size == 50 * 60


def test_blocks_of_the_optimizer_end_with_their_segment():
    # 3,120 weights and 62 biases.
    assert Layout(make_spec(50, 60, 2)).n_blocks == 4 + 1
    assert 3 * UPDATE_BLOCK < 50 * 60 + 60 * 2


def test_table_and_factors():
    layout = Layout(make_spec(3, 5, 2))
    tanh = ACTIVATIONS["tanh"].code
    assert layout.table[:, columns.ACTIVATION].tolist() == [tanh, ACTIVATIONS["identity"].code]
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


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("hidden", [(), (6, 4)])
def test_parameters_of_columns_follow_those_of_the_layers(hidden, scaled, normalization):
    spec = make_table_spec(hidden, 2, scaled=scaled, normalization=normalization)
    layout = Layout(spec)
    values = np.zeros((1, layout.n_params))
    for view in layout.coefs(values) + layout.intercepts(values) + layout.gains(values):
        view += 1
    for row, column in zip(layout.columns, COLUMNS, strict=True):
        start, size = row[[input_columns.PARAMS, input_columns.N_PARAMS]]
        assert size == n_column_params(column)
        values[0, start : start + size] += 1
    start = layout.inputs[input_columns.SCALE]
    assert (start >= 0) == scaled
    if scaled:
        assert start + N_INPUTS == layout.n_params
        values[0, start:] += 1
    np.testing.assert_array_equal(values, 1)


def test_table_of_columns():
    layout = Layout(make_table_spec())
    table = layout.columns
    kinds = ["periodic", "periodic", "embedding", "number", "bins"]
    kinds += ["one_hot", "binary", "number", "bins", "one_hot", "bins", "one_hot"]
    codes = [COLUMN_KINDS[kind].code for kind in kinds]
    assert table[:, input_columns.KIND].tolist() == codes
    assert table[:, input_columns.SOURCE].tolist() == [0, 2, 1, 2, 1, 1, 2, 0, 0, 0, 1, 2]
    assert table[:, input_columns.WIDTH].tolist() == [3, 1, 2, 1, 5, 4, 1, 1, 5, 3, 5, 2]
    assert table[:, input_columns.PLACE].tolist() == [0, 3, 4, 6, 7, 12, 16, 17, 18, 23, 26, 31]
    assert table[:, input_columns.SIZE].tolist() == [5, 2, 4, 0, 5, 4, 2, 0, 5, 3, 5, 2]
    assert layout.inputs[input_columns.N_TRAINED] == 3 + 1 + 2
    # Behind the last number there are four that are looked up; the last bins are the third.
    assert layout.n_dense == layout.inputs[input_columns.N_DENSE] == 18
    assert layout.inputs[input_columns.N_LOOKUPS] == 4
    assert layout.inputs[input_columns.N_SUMS] == 3
    assert layout.encoding is not None


@pytest.mark.parametrize("scaled", [True, False])
def test_segments_cover_the_parameters_once_with_their_factors(scaled):
    """Periodic, embedded, periodic again: those between others are a segment of their own."""
    kinds = [
        ("periodic", 0, 3, 5),
        ("periodic", 1, 3, 5),
        ("embedding", 0, 2, 4),
        ("periodic", 2, 1, 2),
    ]
    kinds += [("number", 0)]
    spec = make_table_spec((6,), columns=tuple(InputColumn(*kind) for kind in kinds), scaled=scaled)
    layout = Layout(spec)
    sizes = [10 * 6 + 6, 6 + 1, 2 * (5 * 5 + 3), 5 * 2, 2 * 3 + 1] + [10] * scaled
    ends = np.cumsum(sizes)
    np.testing.assert_array_equal(layout.segments, np.stack([ends - sizes, ends], axis=1))
    assert layout.n_params == ends[-1]
    rates = [1, 1, 0.1, 1, 0.1] + [6] * scaled
    assert layout.factors[:, RATE_FACTOR].tolist() == rates
    assert layout.factors[1:, [DECAY_FACTOR, PENALTY_FACTOR]].tolist() == [[0, 0]] * (len(ends) - 1)
    assert layout.factors[0].tolist() == [1, 1, 1]
    assert layout.n_blocks == len(ends)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("hidden", [(), (6, 9)])
def test_the_gradient_of_trained_inputs_lies_behind_all_else(hidden, normalization):
    layout = Layout(make_table_spec(hidden, 2, normalization=normalization))
    widest = max(hidden, default=0)
    start = layout.inputs[input_columns.GRADIENT]
    assert start == layout.table[-1, columns.NORMAL] + widest
    assert layout.arena_size(10) == 10 * (start + 3 + 1 + 2)


def test_scratch_memory_has_room_for_periodic_inputs_and_for_scaled_weights():
    def room(width, n_frequencies=3):
        """Phases, three arrays for a span of rows, and two matrices; outputs of the span."""
        return n_frequencies * (1 + 3 * SPAN + 2 * width) + SPAN * width

    sizes = {}
    for width, scaled in ((1, False), (40, False), (40, True)):
        spec = make_table_spec((5,), columns=(InputColumn("periodic", 0, width, 3),), scaled=scaled)
        layout = Layout(spec)
        sizes[width, scaled] = layout.scratch(np.dtype(float)).size
        assert layout.inputs[input_columns.SCALED] == max(UPDATE_BLOCK, room(width))
    assert list(sizes.values()) == [UPDATE_BLOCK, room(40), room(40) + 40 * 5]
    # The weights of inputs that depend on parameters are transposed.
    spec = make_table_spec((300,), columns=(InputColumn("embedding", 0, 9, 3),), scaled=False)
    assert Layout(spec).scratch(np.dtype(float)).size == 9 * 300


def test_numbers_as_they_are_need_no_columns():
    layout = Layout(make_spec(3, 5, 2))
    assert layout.encoding is None
    assert layout.columns.size == 0
    assert layout.inputs[input_columns.SCALE] == -1
    assert layout.inputs[input_columns.N_TRAINED] == 0
    assert layout.n_params == 3 * 5 + 5 * 2 + 5 + 2
