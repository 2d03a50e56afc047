"""Constraints of parameters, and the objects that are values of parameters."""

from fractions import Fraction
from numbers import Integral, Real

import numpy as np
import pytest

from skdnn._settings import (
    HasMethods,
    InvalidParameterError,
    Number,
    RisingNumbers,
    SettingsObject,
    settings_of,
)
from skdnn.network.embeddings import NumericEmbedding
from skdnn.network.losses import LossSettings
from skdnn.training.schedules import Annealing


class Share(SettingsObject):
    _parameter_constraints = {"share": [Number(Real, 0, 1, closed="left")]}

    def __init__(self, share=0.5, unchecked=None):
        self.share = share
        self.unchecked = unchecked


class Whole(SettingsObject):
    _parameter_constraints = {"part": [Share]}

    def __init__(self, part):
        self.part = part


@pytest.mark.parametrize("value", [0, 0.5, np.float16(0.999), Fraction(1, 3), np.int8(0)])
def test_numbers(value):
    assert Number(Real, 0, 1, closed="left").is_satisfied_by(value)


@pytest.mark.parametrize(
    "value", [1, -0.1, np.nan, np.inf, True, False, np.True_, "0.5", None, [0]]
)
def test_no_numbers_of_an_interval(value):
    assert not Number(Real, 0, 1, closed="left").is_satisfied_by(value)


def test_whole_numbers():
    number = Number(Integral, 1, 3, closed="both")
    assert [v for v in (0, 1, 2.0, np.int8(3), True, 4) if number.is_satisfied_by(v)] == [1, 3]


@pytest.mark.parametrize("value", [[0.5], (0.1, 0.2), np.array([0.1, 0.9]), [Fraction(1, 3), 0.5]])
def test_rising_numbers(value):
    assert RisingNumbers(Real, 0, 1, closed="neither").is_satisfied_by(value)


@pytest.mark.parametrize(
    "value",
    [0.5, [], [0.5, 0.5], [0.9, 0.1], [0.5, 1], [[0.1, 0.2]], ["0.1"], np.full((1, 1), 0.5)],
)
def test_numbers_that_do_not_rise(value):
    assert not RisingNumbers(Real, 0, 1, closed="neither").is_satisfied_by(value)


def test_a_class_has_no_methods_that_can_be_called():
    methods = HasMethods("check")
    assert methods.is_satisfied_by(Share())
    assert not methods.is_satisfied_by(Share)
    assert not methods.is_satisfied_by(3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Share(1.0), r"'share' parameter of Share must be a float .*\[0.0, 1.0\). Got 1.0 instead"),
        (Whole(Share(-1)), "'share' parameter of Share must be .*Got -1 instead"),
        (Whole(Share), r"'part' parameter of Whole must be an object, not a class: Share\(\)"),
        (Whole("share"), "'part' parameter of Whole must be an instance of .*Share"),
    ],
)
def test_settings_say_what_is_wrong(settings, message):
    for check in (settings.check, lambda: settings_of(settings, {})):
        with pytest.raises(InvalidParameterError, match=message):
            check()


def test_a_name_stands_for_the_defaults_and_all_else_for_itself():
    named = {"half": Share}
    assert settings_of("half", named).get_params() == {"share": 0.5, "unchecked": None}
    assert settings_of("other", named) == "other"
    own = Share(0.1, "anything")
    assert settings_of(own, named) is own


@pytest.mark.parametrize("base", [LossSettings, NumericEmbedding, Annealing])
def test_base_classes_cannot_be_made(base):
    with pytest.raises(TypeError, match="abstract"):
        base()


@pytest.mark.parametrize(
    ("own", "params"),
    [
        (0.5, {"part__share": 1}),
        ("half", {"part__share": 1}),
        (Share(), {"part": "half", "part__share": 1}),
        (Share, {"part__share": 1}),
    ],
)
def test_settings_of_what_has_none(own, params):
    whole = Whole(own)
    message = "'part__share' for Whole: the 'part' parameter is .* Set it to an object .* 'share'"
    with pytest.raises(ValueError, match=message):
        whole.set_params(**params)
    assert whole.part is own


def test_an_object_and_its_settings_can_be_set_together():
    whole = Whole("half").set_params(part__share=0.25, part=Share())
    assert whole.part.share == 0.25
