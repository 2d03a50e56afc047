"""Parts of flat arrays without the checks of a slice.

Numba's slices look for negative and too large bounds and count references: some hundred
instructions each, in the compiler and at run time. The kernels know their offsets.
"""

from __future__ import annotations

from numba import config, types
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


def _part_python(array, start, size):
    return array[start : start + size]


#: ``part(array, start, size)``: ``array[start : start + size]`` of a flat, contiguous array; the
#: caller makes sure that this is inside.
part = _part_python if config.DISABLE_JIT else _part_intrinsic
