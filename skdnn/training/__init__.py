"""Policy between epochs: batches, rates, stopping, history; the only caller of the kernels."""
