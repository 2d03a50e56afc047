"""Matrix product of row-major arrays in explicit vector code.

BLAS libraries are optimized for large products. Here small ones are most important, and three
properties that BLAS does not guarantee:

* the terms of a sum are added in the same order for any shape of the matrices and any position of
  the row: a prediction has the same bits alone and in a batch;
* always one thread: no limit to set, no dependence on the number of cores;
* the widest vectors of the processor (some builds of OpenBLAS use only half of their width).

The product is divided into tiles of up to ``TILE_ROWS`` rows and ``TILE_VECTORS`` vectors of
columns, whose sums stay in registers. A tile is one LLVM function, written here instruction by
instruction: loops that LLVM vectorizes have half the speed.

Idea: Goto & van de Geijn 2008, "Anatomy of high-performance matrix multiplication"; without their
packing, since the matrices of a tabular network stay in the second-level cache.
"""

from __future__ import annotations

import numpy as np
from llvmlite import binding, ir
from numba import config, types
from numba.extending import intrinsic

from skdnn._jit.llvm import declare


def _cpu_features() -> dict[str, bool]:
    """Features of the processor that Numba compiles for, by default that of this machine."""
    if config.CPU_FEATURES is not None:
        return {word[1:]: word[0] == "+" for word in config.CPU_FEATURES.split(",") if word}
    return {} if config.CPU_NAME == "generic" else dict(binding.get_host_cpu_features())


_FEATURES = _cpu_features()
_AVX512 = bool(_FEATURES.get("avx512f"))
_WIDE_REGISTERS = _AVX512 or not binding.get_default_triple().startswith(("x86_64", "i"))

#: Bytes of a vector register, by what the processor has.
VECTOR_BYTES = 64 if _AVX512 else 32 if _FEATURES.get("avx2") else 16
#: 24 sums in 32 registers, or 12 in the 16 of older x86.
TILE_ROWS = 8 if _WIDE_REGISTERS else 4
TILE_VECTORS = 3

_INT = ir.IntType(64)


class VectorCode:
    """Instructions on rows of up to ``n_vectors`` vectors, the last of them perhaps in part.

    Who derives from it sets ``builder``, and ``mask`` where it asks for masked vectors.
    """

    builder: ir.IRBuilder
    mask: ir.Value

    def __init__(self, module: ir.Module, real: ir.Type, n_vectors: int) -> None:
        self.bits = 32 if isinstance(real, ir.FloatType) else 64
        self.lanes = VECTOR_BYTES * 8 // self.bits
        self.module, self.real, self.n_vectors = module, real, n_vectors
        self.vector = ir.VectorType(real, self.lanes)

    def _tail_mask(self, tail):
        builder = self.builder
        lanes = ir.VectorType(_INT, self.lanes)
        undefined = ir.Constant(lanes, ir.Undefined)
        single = builder.insert_element(undefined, tail, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), None)
        spread = builder.shuffle_vector(single, undefined, zeros)
        return builder.icmp_signed("<", ir.Constant(lanes, list(range(self.lanes))), spread)

    def _offset(self, pointer, stride, i):
        return self.builder.gep(pointer, [self.builder.mul(stride, ir.Constant(_INT, i))])

    def _address(self, row, v):
        place = self.builder.gep(row, [ir.Constant(_INT, v * self.lanes)])
        return self.builder.bitcast(place, self.vector.as_pointer())

    def _broadcast(self, value):
        undefined = ir.Constant(self.vector, ir.Undefined)
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), None)
        single = self.builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
        return self.builder.shuffle_vector(single, undefined, zeros)

    def _intrinsic(self, name, result, arguments):
        function_type = ir.FunctionType(result, [argument.type for argument in arguments])
        function = declare(self.module, function_type, name)
        return self.builder.call(function, arguments)

    def _suffix(self):
        return f"v{self.lanes}f{VECTOR_BYTES * 8 // self.lanes}"

    def _load(self, row, v, masked):
        address = self._address(row, v)
        size = VECTOR_BYTES // self.lanes
        if not masked or v < self.n_vectors - 1:
            return self.builder.load(address, align=size)
        zero = ir.Constant(self.vector, None)
        arguments = [address, ir.Constant(ir.IntType(32), size), self.mask, zero]
        return self._intrinsic(f"llvm.masked.load.{self._suffix()}.p0", self.vector, arguments)

    def _store(self, value, row, v, masked=True):
        address = self._address(row, v)
        size = VECTOR_BYTES // self.lanes
        if not masked or v < self.n_vectors - 1:
            self.builder.store(value, address, align=size)
            return
        arguments = [value, address, ir.Constant(ir.IntType(32), size), self.mask]
        self._intrinsic(f"llvm.masked.store.{self._suffix()}.p0", ir.VoidType(), arguments)

    def _multiply_add(self, a, b, c):
        return self._intrinsic(f"llvm.fmuladd.{self._suffix()}", self.vector, [a, b, c])


class _TileBuilder(VectorCode):
    """Writes the LLVM function of one shape of tile.

    ``C[i, j] = init[i, j] + sum_k A[i, k] B[k, j]`` for ``n_rows`` rows and ``n_vectors`` vectors
    of columns, the last of them with ``tail`` columns only.
    """

    def __init__(self, module: ir.Module, real: ir.Type, n_rows: int, n_vectors: int) -> None:
        super().__init__(module, real, n_vectors)
        self.n_rows = n_rows
        pointer = real.as_pointer()
        # k, a, a_row, a_column, b, b_row, init, init_row, c, c_row, tail
        arguments = [_INT, pointer, _INT, _INT, pointer, _INT, pointer, _INT, pointer, _INT, _INT]
        function_type = ir.FunctionType(ir.VoidType(), arguments)
        name = f"skdnn_tile_f{self.bits}_{n_rows}x{n_vectors}"
        self.function = declare(module, function_type, name)
        if self.function.is_declaration:
            self.function.linkage = "linkonce_odr"
            self.function.attributes.add("noinline")
            self._write()

    def _write(self) -> None:
        k, a, a_row, a_column, b, b_row, init, init_row, c, c_row, tail = self.function.args
        builder = self.builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.mask = self._tail_mask(tail)
        sums = self._initial_sums(init, init_row)
        if _AVX512:
            # A masked load costs what a plain one does.
            sums = self._loop(sums, k, a, a_row, a_column, b, b_row, masked=True)
        else:
            full = builder.icmp_signed("==", tail, ir.Constant(_INT, self.lanes))
            sums = self._choose(
                full,
                lambda: self._loop(sums, k, a, a_row, a_column, b, b_row, masked=False),
                lambda: self._loop(sums, k, a, a_row, a_column, b, b_row, masked=True),
            )
        for i in range(self.n_rows):
            row = self._offset(c, c_row, i)
            for v in range(self.n_vectors):
                self._store(sums[i * self.n_vectors + v], row, v)
        self.builder.ret_void()

    # -- pieces ------------------------------------------------------------------------

    def _initial_sums(self, init, init_row):
        """Zeros if ``init_row`` is negative, otherwise the rows of ``init``."""
        zero = ir.Constant(self.vector, None)
        given = self.builder.icmp_signed(">=", init_row, ir.Constant(_INT, 0))

        def load():
            rows = [self._offset(init, init_row, i) for i in range(self.n_rows)]
            return [self._load(row, v, True) for row in rows for v in range(self.n_vectors)]

        return self._choose(given, load, lambda: [zero] * (self.n_rows * self.n_vectors))

    def _choose(self, condition, if_true, if_false):
        """Values of one of two branches."""
        builder = self.builder
        blocks = [self.function.append_basic_block(name) for name in ("yes", "no", "join")]
        builder.cbranch(condition, *blocks[:2])
        results = []
        for block, values in zip(blocks, (if_true, if_false), strict=False):
            builder.position_at_end(block)
            results.append((values(), builder.block))
            builder.branch(blocks[2])
        builder.position_at_end(blocks[2])
        joined = []
        for i in range(len(results[0][0])):
            phi = builder.phi(self.vector)
            for values, block in results:
                phi.add_incoming(values[i], block)
            joined.append(phi)
        return joined

    def _loop(self, sums, k, a, a_row, a_column, b, b_row, *, masked):
        """Add the products of k = 0, 1, ... to the sums, in this order."""
        builder = self.builder
        before = builder.block
        loop, after = (self.function.append_basic_block(name) for name in ("loop", "after"))
        builder.branch(loop)
        builder.position_at_end(loop)
        index = builder.phi(_INT)
        index.add_incoming(ir.Constant(_INT, 0), before)
        phis = []
        for value in sums:
            phi = builder.phi(self.vector)
            phi.add_incoming(value, before)
            phis.append(phi)
        b_k = builder.gep(b, [builder.mul(index, b_row)])
        a_k = builder.gep(a, [builder.mul(index, a_column)])
        columns = [self._load(b_k, v, masked) for v in range(self.n_vectors)]
        added = []
        for i in range(self.n_rows):
            factor = self._broadcast(builder.load(self._offset(a_k, a_row, i)))
            for v in range(self.n_vectors):
                added.append(self._multiply_add(factor, columns[v], phis[i * self.n_vectors + v]))
        following = builder.add(index, ir.Constant(_INT, 1))
        index.add_incoming(following, builder.block)
        for phi, value in zip(phis, added, strict=True):
            phi.add_incoming(value, builder.block)
        builder.cbranch(builder.icmp_signed("<", following, k), loop, after)
        builder.position_at_end(after)
        return added


@intrinsic
def _tile_intrinsic(
    typingctx, n_rows, n_vectors, k, a, a_start, a_row, a_column, b, b_start, b_row,
    init, init_start, init_row, c, c_start, c_row, tail,
):  # fmt: skip
    int64 = types.int64
    signature = types.void(
        int64, int64, int64, a, int64, int64, int64, b, int64, int64,
        init, int64, int64, c, int64, int64, int64,
    )  # fmt: skip

    def codegen(context, builder, sig, args):
        (n_rows, n_vectors, k, a, a_start, a_row, a_column, b, b_start, b_row,
         init, init_start, init_row, c, c_start, c_row, tail) = args  # fmt: skip
        real = context.get_value_type(sig.args[13].dtype)

        def pointer(value, index, start):
            array = context.make_array(sig.args[index])(context, builder, value)
            return builder.gep(array.data, [start])

        arguments = [
            k, pointer(a, 3, a_start), a_row, a_column, pointer(b, 7, b_start), b_row,
            pointer(init, 10, init_start), init_row, pointer(c, 13, c_start), c_row, tail,
        ]  # fmt: skip
        done = builder.append_basic_block("tile_done")
        shape = builder.add(builder.mul(n_rows, ir.Constant(_INT, 8)), n_vectors)
        switch = builder.switch(shape, done)
        for rows in (r for r in (1, 2, 4, 8) if r <= TILE_ROWS):
            for vectors in range(1, TILE_VECTORS + 1):
                block = builder.append_basic_block(f"tile_{rows}x{vectors}")
                switch.add_case(ir.Constant(_INT, rows * 8 + vectors), block)
                builder.position_at_end(block)
                tile = _TileBuilder(builder.module, real, rows, vectors)
                builder.call(tile.function, arguments)
                builder.branch(done)
        builder.position_at_end(done)
        return context.get_dummy_value()

    return signature, codegen


def _tile_python(
    n_rows, n_vectors, k, a, a_start, a_row, a_column, b, b_start, b_row,
    init, init_start, init_row, c, c_start, c_row, tail,
):  # fmt: skip
    """Python version of a tile, for runs without compilation."""
    lanes = VECTOR_BYTES // c.itemsize
    a, b, init, out = (array.reshape(-1) for array in (a, b, init, c))
    columns = np.arange((n_vectors - 1) * lanes + tail)
    for i in range(n_rows):
        total = init[init_start + i * init_row + columns] if init_row >= 0 else 0
        factors = a[a_start + i * a_row + a_column * np.arange(k)]
        rows = b[b_start + b_row * np.arange(k)[:, None] + columns]
        out[c_start + i * c_row + columns] = factors @ rows + total


#: ``tile(n_rows, n_vectors, k, a, a_start, a_row, a_column, b, b_start, b_row, init, init_start,
#: init_row, c, c_start, c_row, tail)``: one tile; ``*_start`` is the element where the tile
#: begins in its array, ``*_row`` and ``*_column`` are strides in elements. With a negative
#: ``init_row`` the sums start at zero.
tile = _tile_python if config.DISABLE_JIT else _tile_intrinsic


@intrinsic
def _transpose_intrinsic(typingctx, a, a_start, a_row, out, out_start, out_row):
    int64 = types.int64
    signature = types.void(a, int64, int64, out, int64, int64)

    def codegen(context, builder, sig, args):
        a, a_start, a_row, out, out_start, out_row = args
        real = context.get_value_type(sig.args[0].dtype)
        lanes = VECTOR_BYTES // (sig.args[0].dtype.bitwidth // 8)
        vector = ir.VectorType(real, lanes)
        size = VECTOR_BYTES // lanes

        def address(value, index, start, row, i):
            data = context.make_array(sig.args[index])(context, builder, value).data
            place = builder.add(start, builder.mul(row, ir.Constant(_INT, i)))
            return builder.bitcast(builder.gep(data, [place]), vector.as_pointer())

        def interleave(first, second, begin):
            places = [begin + i // 2 + (i % 2) * lanes for i in range(lanes)]
            indices = ir.Constant(ir.VectorType(ir.IntType(32), lanes), places)
            return builder.shuffle_vector(first, second, indices)

        rows = [builder.load(address(a, 0, a_start, a_row, i), align=size) for i in range(lanes)]
        # A perfect shuffle of the rows, log2(lanes) times, is the transposition.
        half = lanes // 2
        for _ in range(lanes.bit_length() - 1):
            rows = [
                interleave(rows[i], rows[i + half], begin)
                for i in range(half)
                for begin in (0, half)
            ]
        for i, row in enumerate(rows):
            builder.store(row, address(out, 3, out_start, out_row, i), align=size)
        return context.get_dummy_value()

    return signature, codegen


def _transpose_python(a, a_start, a_row, out, out_start, out_row):
    steps = np.arange(VECTOR_BYTES // a.itemsize)
    block = a.reshape(-1)[a_start + a_row * steps[:, None] + steps]
    out.reshape(-1)[out_start + out_row * steps[:, None] + steps] = block.T


#: ``transpose_tile(a, a_start, a_row, out, out_start, out_row)``: a square block of as many rows
#: and columns as a vector has lanes.
transpose_tile = _transpose_python if config.DISABLE_JIT else _transpose_intrinsic
