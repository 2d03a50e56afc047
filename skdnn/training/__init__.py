"""Training: batches, learning rates, early stopping, history; the only caller of the kernels."""
