import pytest

from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.losses import LOSSES
from skdnn.kernels.optimizers import OPTIMIZERS
from skdnn.kernels.records import by_name


@pytest.mark.parametrize("records", [ACTIVATIONS, LOSSES, OPTIMIZERS])
def test_records_are_complete(records):
    for name, record in records.items():
        assert record.name == name
        assert record.reference


def test_two_records_with_one_code_are_refused():
    relu = ACTIVATIONS["relu"]
    with pytest.raises(ValueError, match="unique"):
        by_name([relu, relu])
