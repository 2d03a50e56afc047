"""Predictions of saved skdnn models with NumPy alone."""
