"""Atomic operations, and busy waiting without the operating system."""

from __future__ import annotations

import sys

from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

from skdnn._jit.llvm import call, declare, processor

_INT = ir.IntType(64)


def _place(context, builder, sig, args):
    """Pointer to an element of an int64 array."""
    array = context.make_array(sig.args[0])(context, builder, args[0])
    return builder.gep(array.data, [args[1]])


@intrinsic
def _add_intrinsic(typingctx, array, index, value):
    def codegen(context, builder, sig, args):
        return builder.atomic_rmw("add", _place(context, builder, sig, args), args[2], "seq_cst")

    return types.int64(array, types.int64, types.int64), codegen


@intrinsic
def _load_intrinsic(typingctx, array, index):
    def codegen(context, builder, sig, args):
        return builder.load_atomic(_place(context, builder, sig, args), "seq_cst", 8)

    return types.int64(array, types.int64), codegen


@intrinsic
def _pause_intrinsic(typingctx):
    def codegen(context, builder, sig, args):
        kind = processor()
        if kind == "x86":
            call(builder, "llvm.x86.sse2.pause")
        elif kind == "aarch64":
            call(builder, "llvm.aarch64.hint", ir.Constant(ir.IntType(32), 1))
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def _offer_core_intrinsic(typingctx):
    def codegen(context, builder, sig, args):
        if sys.platform != "win32":
            kind = ir.FunctionType(ir.IntType(32), [])
            builder.call(declare(builder.module, kind, "sched_yield"), [])
        return context.get_dummy_value()

    return types.void(), codegen


def _add_python(array, index, value):
    array[index] += value
    return array[index] - value


def _load_python(array, index):
    return array[index]


def _nothing():
    pass


#: ``atomic_add(array, index, value)``: the element before; int64.
atomic_add = _add_python if config.DISABLE_JIT else _add_intrinsic
#: ``atomic_load(array, index)``
atomic_load = _load_python if config.DISABLE_JIT else _load_intrinsic
#: Tell the processor that this is a waiting loop.
pause = _nothing if config.DISABLE_JIT else _pause_intrinsic
#: Let another thread have the core, where the operating system has a call for it.
offer_core = _nothing if config.DISABLE_JIT else _offer_core_intrinsic
