"""Which program a network is trained with: that of the defaults, or that with everything."""

import numpy as np
import pytest
from encoded import make_spec, random_network, random_table, table_rows
from engines import bind, make_settings

from skdnn import DNNClassifier, DNNRegressor
from skdnn.network.network import Network
from skdnn.training import engine

X, y = np.random.default_rng(0).standard_normal((30, 2)), np.arange(30) % 3


def programs_of(model, monkeypatch):
    """``uncommon`` of all programs of a fit and of a prediction."""
    found, make = [], engine.make_program

    def remembered(*arguments):
        found.append(make(*arguments))
        return found[-1]

    monkeypatch.setattr(engine, "make_program", remembered)
    model.set_params(max_iter=1).fit(X, y)
    model.predict(X)
    return {program.uncommon for program in found}


@pytest.mark.parametrize(
    "model",
    [
        DNNClassifier(),
        DNNRegressor(),
        DNNClassifier.preset("best"),
        DNNRegressor(alpha=0.1, activation="relu", solver="adam"),
    ],
    ids=repr,
)
def test_defaults_need_nothing_rare(model, monkeypatch):
    assert programs_of(model, monkeypatch) == {None}


@pytest.mark.parametrize(
    "model",
    [
        DNNClassifier(activation="tanh"),
        DNNClassifier(normalization="batch"),
        DNNRegressor(loss="huber"),
        DNNRegressor.preset("mlp", learning_rate="cosine"),
    ],
    ids=repr,
)
def test_rare_settings_and_plain_numbers_need_everything(model, monkeypatch):
    assert programs_of(model, monkeypatch) == {0}


@pytest.mark.parametrize("changes", [{"solver": "sgd"}, {"alpha": 0.1, "l1_ratio": 0.5}], ids=repr)
def test_predictions_do_not_depend_on_a_rare_solver(changes, monkeypatch):
    assert programs_of(DNNRegressor(**changes), monkeypatch) == {None, 0}


@pytest.mark.parametrize("solver", ["adam", "adamw"])
@pytest.mark.parametrize("activation", ["mish", "relu"])
@pytest.mark.parametrize("loss", ["squared_error", "log_loss", "binary_log_loss"])
def test_both_programs_compute_the_same_bits(loss, activation, solver):
    rng = np.random.default_rng(0)
    n_out = 1 if loss == "binary_log_loss" else 3
    parameters = () if loss == "squared_error" else (0.1,) * n_out
    spec = make_spec(
        (21, 17), n_out, activation=activation, loss=loss, loss_parameters=parameters, dropout=0.2
    )
    start = random_network(rng, spec, np.float32)
    targets = rng.integers(0, 2, (50, 1 if loss == "log_loss" else n_out)).astype(float)
    rows = table_rows(random_table(rng, 50), targets, dtype=np.float32)
    trained = []
    for uncommon in (None, 0):
        network = Network([spec], start.values.copy())
        trainer = bind(network, make_settings(solver=solver, clip_norm=1.0), rows)
        [program] = trainer.programs
        assert program.uncommon is None
        trainer.programs[0] = program._replace(uncommon=uncommon)
        n_steps = -(-50 // trainer.batch_sizes[0])
        rates = np.full(n_steps, 0.01), np.ones(n_steps)
        order = np.arange(50, dtype=np.int64)
        losses = [trainer.train_epoch([order], *([each] for each in rates)) for _ in range(3)]
        trained.append((losses, network.values))
    assert trained[0][0] == trained[1][0]
    np.testing.assert_array_equal(trained[0][1], trained[1][1])
    assert not np.array_equal(trained[0][1], start.values)
