"""Parts of flat arrays without the checks of a slice, and elements asked for ahead.

Numba's slices look for negative and too large bounds and count references: some hundred
instructions each, in the compiler and at run time. The kernels know their offsets.
"""

from __future__ import annotations

from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def _part_intrinsic(typingctx, array, start, size):
    # Here, because it is a third of the time to import Numba.
    from numba.np.arrayobj import populate_array

    signature = array(array, types.int64, types.int64)

    def codegen(context, builder, sig, args):
        whole = context.make_array(sig.args[0])(context, builder, args[0])
        view = context.make_array(sig.return_type)(context, builder)
        # No owner: a part does not outlive what it is a part of.
        populate_array(
            view, data=builder.gep(whole.data, [args[1]]), shape=[args[2]],
            strides=[whole.itemsize], itemsize=whole.itemsize, meminfo=None,
        )  # fmt: skip
        return view._getvalue()

    return signature, codegen


@intrinsic
def _prefetch_intrinsic(typingctx, array, index):
    def codegen(context, builder, sig, args):
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        place = builder.bitcast(builder.gep(data, [args[1]]), ir.IntType(8).as_pointer())
        integer = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [place.type, integer, integer, integer])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        # To be read, into the second-level cache, data.
        builder.call(function, [place, *(ir.Constant(integer, n) for n in (0, 2, 1))])
        return context.get_dummy_value()

    return types.void(array, types.int64), codegen


def _prefetch_python(array, index):
    pass


def _part_python(array, start, size):
    return array[start : start + size]


#: ``part(array, start, size)``: ``array[start : start + size]`` of a flat, contiguous array; the
#: caller makes sure that this is inside.
part = _part_python if config.DISABLE_JIT else _part_intrinsic

#: ``prefetch(array, index)``: ask for an element that is needed soon, and for what lies beside it.
prefetch = _prefetch_python if config.DISABLE_JIT else _prefetch_intrinsic
