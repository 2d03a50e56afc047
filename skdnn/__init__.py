"""Deep networks for tables: scikit-learn estimators whose training is compiled by Numba."""

from skdnn.estimators.classifier import DNNClassifier
from skdnn.estimators.regressor import DNNRegressor

__version__ = "0.1.0"
__all__ = ["DNNClassifier", "DNNRegressor", "__version__"]
