"""Views of flat arrays without bounds checks, and prefetching.

Numba's slices look for negative and too large bounds and count references: some hundred
instructions each, in the compiler and at run time. The kernels know their offsets.
"""

from __future__ import annotations

from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

from skdnn._jit.llvm import declare


@intrinsic
def _part_intrinsic(typingctx, array, start, size):
    signature = array(array, types.int64, types.int64)

    def codegen(context, builder, sig, args):
        whole, start, size = args
        places = context.data_model_manager[sig.return_type].get_field_position
        # The other fields stay: items are as large and as far from each other.
        data = builder.gep(builder.extract_value(whole, places("data")), [start])
        view = builder.insert_value(whole, data, places("data"))
        view = builder.insert_value(view, size, places("nitems"))
        view = builder.insert_value(view, size, [places("shape"), 0])
        if context.enable_nrt:  # not in kernels
            context.nrt.incref(builder, sig.return_type, view)
        return view

    return signature, codegen


@intrinsic
def _prefetch_intrinsic(typingctx, array, index):
    def codegen(context, builder, sig, args):
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        place = builder.bitcast(builder.gep(data, [args[1]]), ir.IntType(8).as_pointer())
        integer = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [place.type, integer, integer, integer])
        function = declare(builder.module, kind, "llvm.prefetch.p0")
        # To be read, into the second-level cache, data.
        builder.call(function, [place, *(ir.Constant(integer, n) for n in (0, 2, 1))])
        return context.get_dummy_value()

    return types.void(array, types.int64), codegen


def _prefetch_python(array, index):
    pass


def _part_python(array, start, size):
    return array[start : start + size]


#: ``part(array, start, size)``: ``array[start : start + size]`` of a flat, contiguous array,
#: without bounds checks.
part = _part_python if config.DISABLE_JIT else _part_intrinsic

#: ``prefetch(array, index)``: prefetch the cache line of an element that is needed soon.
prefetch = _prefetch_python if config.DISABLE_JIT else _prefetch_intrinsic
