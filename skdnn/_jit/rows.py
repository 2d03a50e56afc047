"""Sums of chosen rows of a matrix, in explicit vector code: the sums stay in registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

from skdnn._jit.llvm import declare
from skdnn._jit.simd import VECTOR_BYTES, VectorCode

_INT = ir.IntType(64)
_INT_POINTER = _INT.as_pointer()

#: Vectors of a row that are summed together, from many to few; the last one may be partial.
ROW_VECTORS = (8, 4, 2, 1)


def _integer(value: int) -> ir.Constant:
    return ir.Constant(_INT, value)


class _RowCode(VectorCode):
    """Writes the LLVM function of one of the sums for some vectors of each row."""

    name: str

    def __init__(self, module: ir.Module, real: ir.Type, n_vectors: int, kinds: list) -> None:
        super().__init__(module, real, n_vectors)
        self.masked = n_vectors == 1
        function_type = ir.FunctionType(ir.VoidType(), [*kinds, _INT])
        self.function = declare(module, function_type, f"{self.name}_f{self.bits}_{n_vectors}")
        if self.function.is_declaration:
            self.function.linkage = "linkonce_odr"
            self.function.attributes.add("noinline")
            self.entry = self.function.append_basic_block("entry")
            self.builder = ir.IRBuilder(self.entry)
            *arguments, tail = self.function.args
            self.mask = self._tail_mask(tail)
            self._write(*arguments)
            self.builder.ret_void()

    def _write(self, *arguments: ir.Value) -> None:
        raise NotImplementedError

    def _blocks(self, *names: str) -> list[ir.Block]:
        return [self.function.append_basic_block(name) for name in names]

    def _item(self, array: ir.Value, index: ir.Value) -> ir.Value:
        return self.builder.load(self.builder.gep(array, [index]))

    def _row(self, matrix: ir.Value, index: ir.Value, row: ir.Value) -> ir.Value:
        return self.builder.gep(matrix, [self.builder.mul(index, row)])

    def _load_row(self, pointer: ir.Value) -> list[ir.Value]:
        return [self._load(pointer, v, self.masked) for v in range(self.n_vectors)]

    def _store_row(self, values: list[ir.Value], pointer: ir.Value) -> None:
        for v, value in enumerate(values):
            self._store(value, pointer, v, self.masked)

    def _phis(self) -> list[ir.Value]:
        return [self.builder.phi(self.vector) for _ in range(self.n_vectors)]

    def _join(self, phis: list[ir.Value], values: list[ir.Value], block: ir.Block) -> None:
        for phi, value in zip(phis, values, strict=True):
            phi.add_incoming(value, block)

    def _add(self, sums: list[ir.Value], factor: ir.Value, row: list[ir.Value]) -> list[ir.Value]:
        spread = self._broadcast(factor)
        return [self._multiply_add(spread, x, s) for x, s in zip(row, sums, strict=True)]


class _Gather(_RowCode):
    """``out += factors[k] * matrix[index[k]]`` for k = 0, 1, ..., n - 1, in this order."""

    name = "skdnn_gather_rows"

    def _write(self, n, index, factors, matrix, row, out):
        builder = self.builder
        before = self._load_row(out)
        loop, after = self._blocks("loop", "after")
        builder.branch(loop)
        builder.position_at_end(loop)
        k, sums = builder.phi(_INT), self._phis()
        chosen = self._load_row(self._row(matrix, self._item(index, k), row))
        added = self._add(sums, self._item(factors, k), chosen)
        following = builder.add(k, _integer(1))
        self._join([k, *sums], [_integer(0), *before], self.entry)
        self._join([k, *sums], [following, *added], loop)
        builder.cbranch(builder.icmp_signed("<", following, n), loop, after)
        builder.position_at_end(after)
        self._store_row(added, out)


class _Buckets(_RowCode):
    """Sums over rows in buckets, from the last bucket to the first.

    ``out[b]`` is the sum over the rows of bucket b of ``values[r] * matrix[r]``, and over those of
    the buckets behind it of ``shares[r] * matrix[r]``.
    """

    name = "skdnn_bucket_rows"

    def _write(self, n, starts, order, stride, values, shares, matrix, row, out):
        builder = self.builder
        zeros = [ir.Constant(self.vector, None)] * self.n_vectors
        bucket_loop, row_loop, body, stored, after = self._blocks(
            "buckets", "rows", "body", "stored", "after"
        )
        builder.branch(bucket_loop)

        builder.position_at_end(bucket_loop)
        last, behind = builder.phi(_INT), self._phis()
        bucket = builder.sub(last, _integer(1))
        begin, end = self._item(starts, bucket), self._item(starts, last)
        builder.branch(row_loop)

        builder.position_at_end(row_loop)
        i, own, total = builder.phi(_INT), self._phis(), self._phis()
        builder.cbranch(builder.icmp_signed("<", i, end), body, stored)

        builder.position_at_end(body)
        number = self._item(order, i)
        place = builder.mul(number, stride)
        found = self._load_row(self._row(matrix, number, row))
        new_own = self._add(own, self._item(values, place), found)
        new_total = self._add(total, self._item(shares, place), found)
        following = builder.add(i, _integer(1))
        builder.branch(row_loop)
        self._join([i, *own, *total], [begin, *behind, *behind], bucket_loop)
        self._join([i, *own, *total], [following, *new_own, *new_total], body)

        builder.position_at_end(stored)
        self._store_row(own, self._row(out, bucket, row))
        self._join([last, *behind], [n, *zeros], self.entry)
        self._join([last, *behind], [bucket, *total], stored)
        builder.cbranch(builder.icmp_signed(">", bucket, _integer(0)), bucket_loop, after)
        builder.position_at_end(after)


def _by_vectors(
    context: Any, builder: ir.IRBuilder, code: type[_RowCode], real: ir.Type,
    arguments: list[ir.Value], moving: tuple[int, ...], width: ir.Value,
) -> None:  # fmt: skip
    """Call the functions for blocks of vectors until all ``width`` elements of a row are done.

    ``moving`` are the arguments that point to the first element of a row.
    """
    lanes = VECTOR_BYTES * 8 // (32 if isinstance(real, ir.FloatType) else 64)
    kinds = [argument.type for argument in arguments]
    for n_vectors in ROW_VECTORS:
        function = code(builder.module, real, n_vectors, kinds).function
        size = _integer(n_vectors * lanes)
        check, run, done = (
            builder.append_basic_block(f"{name}_{n_vectors}") for name in ("check", "run", "done")
        )
        before = builder.block
        builder.branch(check)
        builder.position_at_end(check)
        at = builder.phi(_INT)  # elements that are done
        at.add_incoming(_integer(0), before)
        left = builder.sub(width, at)
        least = size if n_vectors > 1 else _integer(1)
        moved = [
            builder.gep(argument, [at]) if i in moving else argument
            for i, argument in enumerate(arguments)
        ]
        builder.cbranch(builder.icmp_signed(">=", left, least), run, done)
        builder.position_at_end(run)
        tail = builder.select(builder.icmp_signed("<", left, size), left, size)
        builder.call(function, [*moved, tail])
        at.add_incoming(builder.add(at, tail), run)
        builder.branch(check)
        builder.position_at_end(done)
        arguments, width = moved, left


def _start(context: Any, builder: Any, sig: Any, args: Any, position: int, start: Any) -> ir.Value:
    array = context.make_array(sig.args[position])(context, builder, args[position])
    return builder.gep(array.data, [start])


@intrinsic
def _gather_intrinsic(
    typingctx, n, index, first, factors, matrix, matrix_start, row, out, out_start
):
    int64 = types.int64
    signature = types.void(int64, index, int64, factors, matrix, int64, int64, out, int64)

    def codegen(context, builder, sig, args):
        n, _, first, _, _, matrix_start, row, _, out_start = args
        places = {1: first, 3: first, 4: matrix_start, 7: out_start}
        index, factors, matrix, out = (
            _start(context, builder, sig, args, i, start) for i, start in places.items()
        )
        real = context.get_value_type(sig.args[7].dtype)
        arguments = [n, index, factors, matrix, row, out]
        _by_vectors(context, builder, _Gather, real, arguments, (3, 5), row)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _bucket_intrinsic(typingctx, n, starts, order, stride, values, shares, matrix, row, out):
    int64 = types.int64
    signature = types.void(int64, starts, order, int64, values, shares, matrix, int64, out)

    def codegen(context, builder, sig, args):
        n, _, _, stride, _, _, _, row, _ = args
        starts, order, values, shares, matrix, out = (
            _start(context, builder, sig, args, i, _integer(0)) for i in (1, 2, 4, 5, 6, 8)
        )
        real = context.get_value_type(sig.args[8].dtype)
        arguments = [n, starts, order, stride, values, shares, matrix, row, out]
        _by_vectors(context, builder, _Buckets, real, arguments, (6, 8), row)
        return context.get_dummy_value()

    return signature, codegen


def _gather_python(n, index, first, factors, matrix, matrix_start, row, out, out_start):
    for k in range(first, first + n):
        start = matrix_start + index[k] * row
        out[out_start : out_start + row] += factors[k] * matrix[start : start + row]


def _bucket_python(n, starts, order, stride, values, shares, matrix, row, out):
    behind = np.zeros(row, out.dtype)
    for bucket in range(n - 1, -1, -1):
        own = behind.copy()
        for i in order[starts[bucket] : starts[bucket + 1]]:
            found = matrix[i * row : (i + 1) * row]
            own += values[i * stride] * found
            behind += shares[i * stride] * found
        out[bucket * row : (bucket + 1) * row] = own


def _chosen(compiled: Callable, python: Callable) -> Callable:
    return python if config.DISABLE_JIT else compiled


#: ``gather_rows(n, index, first, factors, matrix, matrix_start, row, out, out_start)``: add ``n``
#: rows of a flat matrix, at least one, times their factors to a row of ``row`` elements. ``first``
#: is the place of the first of them in ``index`` (int64) and ``factors``, ``*_start`` the element
#: where something begins.
gather_rows = _chosen(_gather_intrinsic, _gather_python)

#: ``bucket_rows(n, starts, order, stride, values, shares, matrix, row, out)``: of ``n`` buckets of
#: rows of a flat matrix with ``row`` columns, the sum of their rows times ``values``, plus that of
#: the rows of all buckets behind times ``shares``: ``n`` rows of ``out``. The rows of bucket b are
#: ``order[starts[b]:starts[b + 1]]`` (int64); value and share of row i are at ``i * stride``.
bucket_rows = _chosen(_bucket_intrinsic, _bucket_python)
