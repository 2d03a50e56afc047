"""Products of row-major matrices, and transposition, from the tiles of ``_jit/simd.py``."""

import numpy as np

from skdnn._jit import TILE_ROWS, TILE_VECTORS, VECTOR_BYTES, kernel, tile, transpose_tile

#: Depth of a product before its sums go to memory: the columns of B that a tile reads then stay
#: in the second-level cache. Sums stored and loaded again do not change.
DEPTH = 512


@kernel
def matmul(m, n, k, a, a_row, a_column, b, b_row, init, c):
    """``C[i, j] = init[j] + sum_k A[i, k] B[k, j]``, the terms added in the order of k.

    Parameters
    ----------
    m, n, k : int
        C has m rows and n columns.
    a, b : (size,) arrays
    a_row, a_column : int
        Strides of A in elements: ``(k, 1)`` for a row-major matrix, ``(1, m)`` for the transpose
        of one.
    b_row : int
        Stride of the rows of B; its columns are adjacent.
    init : (n,) array
        One row that is added to all; empty for zeros.
    c : (m * n,) array, out
    """
    init_row = np.int64(0) if init.size > 0 else np.int64(-1)
    lanes = VECTOR_BYTES // c.itemsize
    n_vectors = -(-n // lanes)
    n_panels = -(-n_vectors // TILE_VECTORS)
    width = n_vectors // n_panels
    n_wider = n_vectors - width * n_panels
    for start in range(0, k, DEPTH):
        depth = min(DEPTH, k - start)
        column = 0
        for panel in range(n_panels):
            vectors = width + (1 if panel < n_wider else 0)
            tail = min(lanes, n - column - (vectors - 1) * lanes)
            row = 0
            while row < m:
                rows = TILE_ROWS
                while rows > m - row:
                    rows //= 2
                place = row * n + column
                begin = row * a_row + start * a_column
                top = start * b_row + column
                if start == 0:
                    first = column if init.size > 0 else 0
                    tile(rows, vectors, depth, a, begin, a_row, a_column, b, top, b_row,
                         init, first, init_row, c, place, n, tail)  # fmt: skip
                else:
                    tile(rows, vectors, depth, a, begin, a_row, a_column, b, top, b_row,
                         c, place, n, c, place, n, tail)  # fmt: skip
                row += rows
            column += vectors * lanes


@kernel
def transpose(m, n, a, out):
    """``out[j, i] = a[i, j]``; a flat (m, n) matrix, out a flat (n, m) matrix."""
    lanes = VECTOR_BYTES // a.itemsize
    m_full, n_full = m - m % lanes, n - n % lanes
    for i in range(0, m_full, lanes):
        for j in range(0, n_full, lanes):
            transpose_tile(a, i * n + j, n, out, j * m + i, m)
        for j in range(n_full, n):
            for ii in range(i, i + lanes):
                out[j * m + ii] = a[ii * n + j]
    for i in range(m_full, m):
        for j in range(n):
            out[j * m + i] = a[i * n + j]
