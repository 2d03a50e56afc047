"""Deep networks for tables: scikit-learn estimators whose training is compiled by Numba."""

from skdnn.estimators.classifier import DNNClassifier
from skdnn.estimators.regressor import DNNRegressor
from skdnn.network.losses import Huber, Quantile
from skdnn.training.schedules import Cosine, CosLog, OneCycle

__version__ = "0.1.0"
__all__ = [
    "CosLog",
    "Cosine",
    "DNNClassifier",
    "DNNRegressor",
    "Huber",
    "OneCycle",
    "Quantile",
    "__version__",
]
