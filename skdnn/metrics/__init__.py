"""Metrics of quantiles, normal distributions, intervals and sets, and scorers of them.

A scorer is called with ``(estimator, X, y, sample_weight=None)``, greater is better, and can be
the ``scoring`` of scikit-learn's searches and cross-validation. The estimator may be a ``Pipeline``
that ends with a DNN estimator, or a search over one.
"""

from skdnn.metrics._coverage import interval_coverage, interval_width, set_coverage, set_size
from skdnn.metrics._normal import crps_normal, log_likelihood_normal
from skdnn.metrics._quantiles import crps, pinball_loss, quantile_reliability
from skdnn.metrics._scorers import (
    coverage_scorer,
    crps_scorer,
    log_likelihood_scorer,
    pinball_scorer,
    width_scorer,
)

__all__ = [
    "coverage_scorer",
    "crps",
    "crps_normal",
    "crps_scorer",
    "interval_coverage",
    "interval_width",
    "log_likelihood_normal",
    "log_likelihood_scorer",
    "pinball_loss",
    "pinball_scorer",
    "quantile_reliability",
    "set_coverage",
    "set_size",
    "width_scorer",
]
