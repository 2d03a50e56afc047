"""Displays and explanations of fitted estimators; matplotlib is imported only for plotting."""

from skdnn.inspection.shapley import ShapleyValues, shapley_values

__all__ = ["ShapleyValues", "shapley_values"]
