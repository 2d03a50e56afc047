"""What the parameter ``loss`` of an estimator says."""

import numpy as np
import pytest

from skdnn import Huber, Quantile
from skdnn.network.losses import (
    LossSettings,
    class_loss,
    loss_names,
    resolve_loss,
    settings_classes,
)


def test_a_loss_without_settings():
    chosen = resolve_loss("poisson")
    assert chosen.record.name == "poisson"
    assert chosen.outputs_per_target == 1
    assert chosen.of_targets(3, np.ones(3)) == ()


def test_settings_are_in_units_of_the_target():
    chosen = resolve_loss(Huber(2.0))
    assert chosen.of_targets(2, None) == (2.0, 2.0)
    assert chosen.of_targets(2, np.array([4.0, 0.5])) == (0.5, 4.0)
    assert chosen.of_targets(1, np.array(4.0)) == (0.5,)
    # Further off nothing changes but the scale of the loss.
    assert chosen.of_targets(2, np.array([1e-300, 1e300])) == (1e6, 1e-6)


@pytest.mark.parametrize("levels", [0.3, [0.3], (0.1, 0.5, 0.9), np.array([0.1, 0.9])])
def test_levels_have_outputs_and_no_unit(levels):
    chosen = resolve_loss(Quantile(levels))
    assert chosen.outputs_per_target == np.size(levels)
    expected = tuple(np.ravel(levels).tolist())
    assert chosen.of_targets(2, np.array([3.0, 4.0])) == expected * 2


@pytest.mark.parametrize("name", settings_classes())
def test_a_name_stands_for_the_defaults(name):
    named, made = resolve_loss(name), resolve_loss(settings_classes()[name]())
    assert named.record is made.record
    np.testing.assert_array_equal(named.parameters, made.parameters)


def test_names():
    assert loss_names("classification") == ["log_loss", "brier"]
    assert loss_names("regression", link="exp") == ["poisson", "gamma", "tweedie"]
    assert "quantile" in loss_names("regression")
    assert class_loss("brier", "softmax") == "brier"
    assert class_loss("brier", "logistic") == "binary_brier"


class Log(LossSettings):
    name = "log_loss"


def test_settings_of_no_loss_of_numbers_are_refused():
    with pytest.raises(ValueError, match=r"name of Log must be one of .*Got 'log_loss' instead"):
        resolve_loss(Log())
