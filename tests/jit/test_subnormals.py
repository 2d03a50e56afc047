"""Entries compute without subnormal numbers, and their caller computes as before."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from llvmlite import binding, ir
from numba import config

from skdnn._jit import entry, kernel, subnormals

needs_compiler = pytest.mark.skipif(
    bool(config.DISABLE_JIT),
    reason="compilation is switched off by NUMBA_DISABLE_JIT: NumPy has no such mode",
)
needs_register = pytest.mark.skipif(
    subnormals.processor() not in subnormals.SETTERS,
    reason="skdnn does not know how to switch subnormal numbers off on this processor",
)


@entry
def product(a, b):
    return a * b


@entry
def scale(x, factor):
    for i in range(x.size):
        x[i] *= factor


@kernel
def checked_product(x, i):
    if x[i] == 0:
        raise ValueError("zero")
    return x[i] * x[i]


@entry
def square(x, i):
    return checked_product(x, i), i


def caller_has_subnormals():
    return np.float32(1e-40) * np.float32(1) > 0 and np.float64(1e-200) * np.float64(1e-110) > 0


@needs_compiler
@needs_register
@pytest.mark.parametrize(
    ("dtype", "small", "least"), [("float32", 1e-20, 1e-38), ("float64", 1e-160, 1e-308)]
)
def test_results_and_operands_are_zero(dtype, small, least):
    real = np.dtype(dtype).type
    assert product(real(small), real(small)) == 0
    tiny = np.finfo(dtype).smallest_subnormal
    assert product(tiny, real(1 / least)) == 0
    assert product(np.finfo(dtype).tiny, real(1)) == np.finfo(dtype).tiny
    x = np.full(37, tiny)  # a vector and a rest
    scale(x, real(1))
    assert not x.any()
    assert caller_has_subnormals()


@needs_compiler
def test_other_special_numbers_are_visible():
    for real in (np.float32, np.float64):
        assert np.isnan(product(real(np.inf), real(0)))
        assert np.isnan(product(real(np.nan), real(1)))
        assert product(np.finfo(real).max, real(-2)) == -np.inf


@needs_compiler
def test_the_caller_computes_as_before_an_error():
    with pytest.raises(ValueError, match="zero"):
        square(np.zeros(3), 1)
    assert caller_has_subnormals()
    assert square(np.full(3, 2.0), 1) == (4.0, 1)


@needs_compiler
@needs_register
def test_every_thread_has_a_register_of_its_own():
    def work(_):
        return product(np.float32(1e-30), np.float32(1e-10)), caller_has_subnormals()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(work, range(12))) == [(0, True)] * 12
    assert caller_has_subnormals()


INSTRUCTIONS = {
    "x86": ("x86_64-unknown-linux-gnu", ["stmxcsr", "ldmxcsr", "callq", "ldmxcsr"]),
    "aarch64": ("aarch64-unknown-linux-gnu", ["mrs", "msr", "bl", "msr"]),
}


@pytest.mark.parametrize("processor", INSTRUCTIONS)
def test_the_register_is_read_set_and_restored(processor):
    """For processors other than this one as well."""
    triple, expected = INSTRUCTIONS[processor]
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    try:
        target = binding.Target.from_triple(triple)
    except RuntimeError:
        pytest.skip(f"the LLVM of this llvmlite makes no code for {processor}")
    module = ir.Module()
    module.triple = triple
    kind = ir.FunctionType(ir.VoidType(), [])
    called = ir.Function(module, kind, "called")
    builder = ir.IRBuilder(ir.Function(module, kind, "caller").append_basic_block())
    restore = subnormals.SETTERS[processor](builder)
    builder.call(called, [])
    restore()
    builder.ret_void()
    parsed = binding.parse_assembly(str(module))
    parsed.verify()
    words = target.create_target_machine().emit_assembly(parsed).split()
    assert [word for word in words if word in expected] == expected
