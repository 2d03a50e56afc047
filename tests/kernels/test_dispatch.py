"""Branches that are written from the records."""

import numpy as np
import pytest

from skdnn._jit import kernel
from skdnn.kernels.dispatch import dispatcher, reader, record_dispatcher
from skdnn.kernels.records import Activation


@kernel
def _double(x, out):
    out[0] = 2 * x
    return x


@kernel
def _square(x, out):
    out[0] = x * x
    return -x


@pytest.mark.parametrize(("code", "expected"), [(0, [6.0, 3.0]), (4, [9.0, -3.0]), (7, [6.0, 3.0])])
def test_the_kernel_of_a_code_is_called(code, expected, compiled):
    choose = compiled(dispatcher("choose", "x, out", {0: _double, 4: _square, 7: _double}))
    out = np.zeros(1)
    assert [float(value) for value in (choose(code, 3.0, out), out[0])] == expected[::-1]


def test_a_dispatcher_of_one_kernel(compiled):
    out = np.zeros(1)
    assert compiled(dispatcher("choose", "x, out", {2: _square}))(2, 3.0, out) == -3.0


def records(*kernels_and_common):
    return [
        Activation(str(code), kernel, "", 1, "", "", common=common, code=code)
        for code, (kernel, common) in enumerate(kernels_and_common)
    ]


@pytest.mark.parametrize(("code", "expected"), [(0, 6.0), (1, 9.0), (2, 9.0), (3, 6.0)])
def test_common_records_need_no_others(code, expected, compiled):
    chosen = records((_double, False), (_square, True), (_square, False), (_double, True))
    choose = compiled(record_dispatcher("choose", "x, out", chosen, "forward"))
    out = np.zeros(1)
    for uncommon in (0, None) if chosen[code].common else (0,):
        out[0] = np.nan
        choose(uncommon, code, 3.0, out)
        assert out[0] == expected


def test_without_others_only_common_records_are_called(compiled):
    chosen = records((_double, False), (_square, True))
    choose = compiled(record_dispatcher("choose", "x, out", chosen, "forward"))
    assert choose(None, 0, 3.0, np.zeros(1)) == -3.0


@pytest.mark.parametrize("n", [1, 2, 3])
def test_rows_of_a_flat_array(n, compiled):
    array = np.arange(3.0 * n)
    for j in range(3):
        assert compiled(reader(n))(array, j) == tuple(array.reshape(3, n)[j])


def test_rows_without_elements(compiled):
    assert compiled(reader(0))(np.empty(0), 1) == ()
