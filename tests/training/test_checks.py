"""What does not fit together never reaches compiled code."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from encoded import N_BINS, N_CODES, make_spec, random_network, random_table, table_features
from engines import replace_entry
from numba import typeof
from scipy.sparse import coo_array, csr_array

from skdnn.kernels.network import State
from skdnn.network.network import Network
from skdnn.network.spec import InputColumn
from skdnn.training import engine
from skdnn.training.checks import (
    check_features,
    check_progress,
    check_raw,
    check_rows,
    check_values,
)
from skdnn.training.data import checked_sparse, chosen_rows, make_features, rows_of, with_columns
from skdnn.training.engine import (
    empty_slots,
    first_inputs,
    mean_loss,
    predict_parts,
    predict_raw,
)
from skdnn.training.progress import TrainingState
from skdnn.training.threads import Threads

rng = np.random.default_rng(0)
FLOAT = np.dtype(float)


def plain_network(loss="squared_error", n_out=1):
    spec = make_spec(columns=(InputColumn("number", 0),), loss=loss, n_out=n_out, scaled=False)
    changes = {**vars(spec), "columns": (), "layer_sizes": (3, 6, n_out)}
    return random_network(rng, type(spec)(**changes))


@pytest.mark.parametrize("width", [2, 4, 5000])
@pytest.mark.parametrize("sparse", [False, True])
def test_rows_of_another_width(width, sparse):
    X = np.zeros((300, width))
    features = make_features(csr_array(X) if sparse else X, FLOAT)
    network = plain_network()
    for call in (
        lambda: predict_raw(network, [features], Threads(None, 1)),
        lambda: check_rows(network, 0, rows_of(features, np.zeros(300), None, FLOAT)),
    ):
        with pytest.raises(ValueError, match=f"{width} features.*trained on 3"):
            call()


def smaller(table, n_numbers=3, n_bins=(N_BINS, N_BINS), n_codes=N_CODES):
    numbers = make_features(np.ascontiguousarray(table.numbers[:, :n_numbers]), FLOAT)
    bins, fractions = (a[:, : len(n_bins)] for a in (table.bins, table.fractions))
    return with_columns(numbers, bins, fractions, table.codes[:, : len(n_codes)], n_bins, n_codes)


@pytest.mark.parametrize(
    "changes",
    [
        {"n_numbers": 2},
        {"n_bins": (N_BINS,)},
        {"n_bins": (N_BINS, N_BINS + 1)},
        {"n_codes": (3, 4)},
        {"n_codes": (3, 5, 2)},
    ],
)
def test_rows_of_another_table(changes):
    network, table = random_network(rng, make_spec()), random_table(rng, 20)
    check_features(network, 0, smaller(table))
    with pytest.raises(ValueError, match="not those that the network was trained on"):
        predict_raw(network, [smaller(table, **changes)], Threads(None, 1))
    with pytest.raises(ValueError, match="not those that the network was trained on"):
        first_inputs(network, 0, smaller(table, **changes), np.arange(3))


def test_more_than_a_network_reads_is_fine():
    """Columns that say nothing are in the rows and not in the network."""
    columns = (InputColumn("number", 1), InputColumn("one_hot", 0, 3, 3))
    network = random_network(rng, make_spec(columns=columns))
    raw = predict_raw(network, [table_features(random_table(rng, 20))], Threads(None, 1))
    assert raw.shape == (1, 20, 1)


@pytest.mark.parametrize("change", [1, -1])
def test_a_network_of_another_size(change):
    network = plain_network()
    values = np.zeros(network.values.size + change)
    with pytest.raises(ValueError, match="its layers need"):
        check_values(Network(network.specs, values))


@pytest.mark.parametrize(
    ("loss", "n_out", "y"),
    [
        ("squared_error", 1, np.zeros((20, 2))),
        ("squared_error", 2, np.zeros(20)),
        ("squared_error", 1, np.zeros(19)),
        ("log_loss", 3, np.full(20, 3)),
        ("log_loss", 3, np.full(20, -1)),
        ("log_loss", 3, np.zeros((20, 3))),
    ],
)
def test_targets_of_another_network(loss, n_out, y):
    network, features = plain_network(loss, n_out), make_features(np.zeros((20, 3)), FLOAT)
    with pytest.raises(ValueError, match=r"Expected targets|Class indices"):
        check_rows(network, 0, rows_of(features, y, None, FLOAT))


def test_raw_predictions_of_other_rows():
    network, features = plain_network(), make_features(np.zeros((20, 3)), FLOAT)
    rows = rows_of(features, np.zeros(20), None, FLOAT)
    assert mean_loss(network, np.ones((20, 1)), rows) == 0.5
    for raw in (np.ones((19, 1)), np.ones((20, 2)), np.ones((20, 1), np.float32)):
        with pytest.raises(ValueError, match="Raw predictions"):
            check_raw(network, raw, rows)


@pytest.mark.parametrize("index", [[0, 20], [-1]])
def test_chosen_rows_are_there(index):
    with pytest.raises(IndexError, match="of 20 rows"):
        chosen_rows(make_features(np.zeros((20, 3)), FLOAT), np.array(index))


@pytest.mark.parametrize("bad", [-1, 10**6])
@pytest.mark.parametrize("kind", ["coo", "csr", "csc"])
def test_sparse_indices_are_inside(kind, bad):
    X = coo_array(np.eye(4)).asformat(kind)
    indices = np.array([0, 1, bad, 3], dtype=np.int32)
    if kind == "coo":
        X.coords = (indices, X.coords[1])
    else:
        X.indices = indices
    with pytest.raises(ValueError, match="ind"):
        checked_sparse(X)


def test_a_network_of_another_dtype():
    network = plain_network()
    for dtype in (np.float16, ">f8", np.int64):
        with pytest.raises(ValueError, match="float32 or float64"):
            check_values(Network(network.specs, network.values.astype(dtype)))


def progress_of(network, **changes):
    slots, steps = empty_slots(network, "adam"), np.zeros((network.n_members, 1), np.int64)
    values = {"seeds": [None], "slots": slots, "step": steps, "solver": "adam", **changes}
    return TrainingState(split_seed=0, stopping=[], monitored=(), **values)


@pytest.mark.parametrize(
    "changes",
    [
        {"slots": []},
        {"slots": [np.zeros(3)]},
        {"slots": [np.zeros((2, 31))]},
        {"step": np.zeros((2, 1), np.int64)},
        {"seeds": []},
    ],
)
def test_progress_of_another_network(changes):
    network = plain_network()
    check_progress(network, progress_of(network), "adam")
    with pytest.raises(ValueError, match="state of the training does not match the network"):
        check_progress(network, progress_of(network, **changes), "adam")


def test_progress_of_another_solver_or_dtype():
    network = plain_network()
    progress = progress_of(network, slots=[s.astype("f4") for s in empty_slots(network, "adam")])
    for found, solver in ((progress_of(network), "sgd"), (progress, "adam")):
        with pytest.raises(ValueError, match="state of the training"):
            check_progress(network, found, solver)


def test_rows_for_another_number_of_members():
    network = plain_network()
    rows = make_features(np.zeros((20, 3)), FLOAT), make_features(np.zeros((9, 3)), FLOAT)
    for features in ((), rows, rows[:1] * 2):
        with pytest.raises(ValueError, match="members of the network"):
            predict_raw(network, features, Threads(None, 1))


def test_what_is_kept_for_predictions_is_of_the_values_of_today():
    network, features = plain_network(), make_features(np.ones((1, 3)), FLOAT)
    before = predict_raw(network, [features], Threads(1, 1))
    network.values *= 2
    changed = predict_raw(network, [features], Threads(1, 1))
    network.values = network.values / 2
    assert (before != changed).all()
    np.testing.assert_array_equal(predict_raw(network, [features], Threads(1, 1)), before)
    assert "kept" not in network.__getstate__()
    network.values = network.values[:-1]
    with pytest.raises(ValueError, match="values of shape"):
        predict_raw(network, [features], Threads(1, 1))


def test_read_only_values_are_copied_once(monkeypatch):
    """Those of a memory-mapped model. Kernels would be compiled again for read-only arrays."""
    network, table = random_network(rng, make_spec(dropout=0.0)), random_table(rng, 1)
    features, seen = table_features(table), []
    expected = predict_raw(network, [features], Threads(1, 1))
    inputs = first_inputs(network, 0, features, np.zeros(1, int))
    network.values = network.values.copy()
    network.values.flags.writeable = False
    for name in ("predict_raw", "make_inputs"):

        def spy(*arguments, compiled=getattr(engine.entries, name)):
            seen.extend(each.params for each in arguments if isinstance(each, State))
            return compiled(*arguments)

        replace_entry(monkeypatch, name, spy)
    for _ in range(2):
        np.testing.assert_array_equal(predict_raw(network, [features], Threads(1, 1)), expected)
        np.testing.assert_array_equal(first_inputs(network, 0, features, np.zeros(1, int)), inputs)
    assert len(seen) == 4
    assert all(params.flags.writeable for params in seen)
    assert len({params.ctypes.data for params in seen}) == 1
    # What can be written through another view is not kept.
    values = np.stack([network.values] * 2, axis=1)
    network.values = values[:, 0]
    predict_raw(network, [features], Threads(1, 1))
    values *= 2
    doubled = Network(network.specs, values[:, 0].copy())
    found, expected = (predict_raw(each, [features], Threads(1, 1)) for each in (network, doubled))
    np.testing.assert_array_equal(found, expected)


def test_machine_code_is_kept_for_one_type_of_features():
    """It is called without a look at the types: dense rows of any order, sparse ones, a table."""
    X = np.ones((4, 3))
    kinds = [
        make_features(X, FLOAT),
        make_features(X.astype(np.float32)[:, ::-1], FLOAT),
        make_features(np.asfortranarray(X), FLOAT, np.arange(2)),
        make_features(csr_array(X), FLOAT),
        table_features(random_table(rng, 4)),
    ]
    assert len({typeof(each) for each in kinds}) == 1


@pytest.mark.parametrize("n_threads", [3, 7])
def test_threads_do_not_share_memory(n_threads, monkeypatch):
    """Single rows, of which the memory is kept, up to a limit: nobody takes what is in use."""
    network, barrier, seen = plain_network(), threading.Barrier(n_threads), []
    features = [make_features(np.full((1, 3), i), FLOAT) for i in range(n_threads)]
    expected = [predict_raw(network, [each], Threads(1, 1)) for each in features]
    compiled = engine.entries.predict_raw

    def wait_for_all(program, normalization, encoding, state, *arguments):
        seen.append(state.arena)
        barrier.wait(60)
        compiled(program, normalization, encoding, state, *arguments)

    replace_entry(monkeypatch, "predict_raw", wait_for_all)
    network.kept = None

    def predict(i):
        return predict_raw(network, [features[i]], Threads(1, 1))

    for _ in range(2):
        with ThreadPoolExecutor(n_threads) as pool:
            np.testing.assert_array_equal(list(pool.map(predict, range(n_threads))), expected)
    calls = [{id(arena) for arena in part} for part in (seen[:n_threads], seen[n_threads:])]
    assert [len(arenas) for arenas in calls] == [n_threads] * 2
    assert len(calls[0] & calls[1]) == min(n_threads, engine.KEPT_STATES)


@pytest.mark.parametrize("thread_work", [0, 10**12])
def test_parts_are_predicted_as_alone(thread_work, monkeypatch):
    """Each network with rows of its own, with threads and without."""
    monkeypatch.setattr(engine, "THREAD_WORK", thread_work)
    networks = [random_network(rng, make_spec(dropout=0.0)) for _ in range(3)]
    features = [table_features(random_table(rng, n_rows)) for n_rows in (1, 40, 7)]
    with Threads(2, 3) as threads:
        parts = [(network, [own]) for network, own in zip(networks, features, strict=True)]
        found = predict_parts(parts, threads)
    for network, own, raw in zip(networks, features, found, strict=True):
        np.testing.assert_array_equal(raw, predict_raw(network, [own], Threads(1, 1)))
