"""Arithmetic without subnormal numbers, those too small for the usual form of a float.

A processor takes up to a hundred times as long for them, and training makes more of them the longer
it goes on: gradients of saturated units, and the moments of weights whose input is rarely on. A
bit of the processor's control register makes it write and read zeros instead. Each thread has a
register of its own, and NumPy's arithmetic obeys it, too: it is set for one call, and then is as it
was before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import config
from numba.extending import intrinsic

from skdnn._jit.llvm import call, processor

#: Subnormal results are zero, and subnormal operands are: bits 15 and 6 of MXCSR.
X86_BITS = 0x8040

#: The same, both in one: bit 24 of FPCR.
AARCH64_BITS = 1 << 24


def _x86(builder: ir.IRBuilder) -> Callable[[], Any]:
    register, byte_pointer = ir.IntType(32), ir.IntType(8).as_pointer()
    with builder.goto_entry_block():
        before, now = builder.alloca(register), builder.alloca(register)
    saved, changed = (builder.bitcast(place, byte_pointer) for place in (before, now))
    call(builder, "llvm.x86.sse.stmxcsr", saved)
    builder.store(builder.or_(builder.load(before), ir.Constant(register, X86_BITS)), now)
    call(builder, "llvm.x86.sse.ldmxcsr", changed)
    return lambda: call(builder, "llvm.x86.sse.ldmxcsr", saved)


def _aarch64(builder: ir.IRBuilder) -> Callable[[], Any]:
    register = ir.IntType(64)
    before = call(builder, "llvm.aarch64.get.fpcr", returns=register)
    now = builder.or_(before, ir.Constant(register, AARCH64_BITS))
    call(builder, "llvm.aarch64.set.fpcr", now)
    return lambda: call(builder, "llvm.aarch64.set.fpcr", before)


#: processor -> what sets the bits, and returns what restores the register where the builder is.
SETTERS = {"x86": _x86, "aarch64": _aarch64}


def _restore_at_errors(builder: ir.IRBuilder, restore: Callable[[], Any]) -> None:
    """Where an error of the called function is passed on, the function has returned already."""
    for block in builder.function.blocks:
        if isinstance(block.terminator, ir.instructions.Ret):
            with builder.goto_block(block):
                restore()


def _call_apart(builder: ir.IRBuilder) -> None:
    """No call is inlined: LLVM moves arithmetic, which knows no register, past its changes."""
    for block in builder.function.blocks:
        for instruction in block.instructions:
            if isinstance(instruction, ir.CallInstr):
                instruction.attributes.add("noinline")


@intrinsic
def _intrinsic(typingctx, function, arguments):
    signature = typingctx.resolve_function_type(function, arguments.types, {})

    def codegen(context, builder, sig, args):
        restore = SETTERS.get(processor(), lambda builder: lambda: None)(builder)
        values = [builder.extract_value(args[1], i) for i in range(len(arguments))]
        result = context.get_function(function, signature)(builder, values)
        _restore_at_errors(builder, restore)
        _call_apart(builder)
        restore()
        return result

    return signature.return_type(function, arguments), codegen


def _python(function, arguments):
    return function(*arguments)


#: ``without_subnormals(function, arguments)``: what a kernel returns for a tuple of arguments.
without_subnormals = _python if config.DISABLE_JIT else _intrinsic
