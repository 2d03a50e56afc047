"""Predictions of saved skdnn models with NumPy alone.

``skdnn_light.load`` reads what ``save`` of an estimator of skdnn has written. Nothing but NumPy and
the standard library is imported: for functions in the cloud, small containers and browsers.
"""

from skdnn_light.base import Model
from skdnn_light.model import Classifier, QuantileRegressor, Regressor, load

__all__ = ["Classifier", "Model", "QuantileRegressor", "Regressor", "load"]
