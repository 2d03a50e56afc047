from dataclasses import replace

import pytest

from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.embeddings import COLUMN_KINDS
from skdnn.kernels.losses import LOSSES
from skdnn.kernels.optimizers import OPTIMIZERS
from skdnn.kernels.records import by_name, numbered
from skdnn.network.losses import settings_classes


@pytest.mark.parametrize("records", [ACTIVATIONS, LOSSES, OPTIMIZERS, COLUMN_KINDS])
def test_records_are_complete(records):
    for code, (name, record) in enumerate(records.items()):
        assert record.name == name
        assert record.code == code
        assert getattr(record, "reference", "-")


@pytest.mark.parametrize("name", LOSSES)
def test_parameters_of_a_loss_are_those_of_its_settings_or_of_the_classifier(name):
    record = LOSSES[name]
    if record.task == "classification":
        extra = ("column",) if record.domain == "classes" else ()
        assert record.parameters == ("label_smoothing", *extra)
        assert not record.target_units
    else:
        assert bool(record.parameters) == (name in settings_classes())
    if name in settings_classes():
        assert record.parameters == tuple(settings_classes()[name]().get_params())
    assert set(record.target_units) <= set(record.parameters)
    if record.outputs_per_target == "levels":
        assert len(record.parameters) == 1


@pytest.mark.parametrize("name", COLUMN_KINDS)
def test_what_has_parameters_has_gradients_and_initial_values(name):
    kind = COLUMN_KINDS[name]
    has_params = kind.n_params(3, 3) > 0
    assert (kind.backward is not None) == has_params
    assert (kind.initial_values is not None) == has_params


def test_what_is_looked_up_has_no_parameters():
    """Gradients of parameters are of inputs that are multiplied."""
    bins, periodic = COLUMN_KINDS["bins"], COLUMN_KINDS["periodic"]
    for wrong in ({"n_params": periodic.n_params}, {"backward": periodic.backward}):
        with pytest.raises(ValueError, match=r"'bins'.*lookup.*parameters"):
            by_name([replace(bins, **wrong)])
    with pytest.raises(ValueError, match=r"'number'.*cumulative.*lookup"):
        by_name([replace(COLUMN_KINDS["number"], cumulative=True)])


def test_two_records_with_one_name_are_refused():
    relu = ACTIVATIONS["relu"]
    for table in (by_name, numbered):
        with pytest.raises(ValueError, match="unique"):
            table([relu, relu])


def test_two_records_with_one_code_are_refused():
    sgd, adam = OPTIMIZERS["sgd"], OPTIMIZERS["adam"]
    with pytest.raises(ValueError, match="unique"):
        by_name([sgd, type(adam)("adam", sgd.code, 2, "-")])
