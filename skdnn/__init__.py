"""Neural networks for tabular data: scikit-learn estimators trained by Numba-compiled code."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from skdnn._garbage import no_garbage_collection

# Modules are never freed; garbage collection would take a seventh of the import.
with no_garbage_collection():
    from skdnn.estimators._versions import InconsistentVersionWarning
    from skdnn.estimators.classifier import DNNClassifier
    from skdnn.estimators.regressor import DNNRegressor
    from skdnn.network.embeddings import NumericEmbedding, Periodic, PiecewiseLinear
    from skdnn.network.losses import Huber, Quantile, Tweedie
    from skdnn.network.spec import InputColumn
    from skdnn.training.schedules import Cosine, CosLog, OneCycle

if TYPE_CHECKING:
    from skdnn._warmup import warmup
    from skdnn.inspection.dependence_display import DependenceDisplay
    from skdnn.inspection.embedding import EmbeddingDisplay
    from skdnn.inspection.importance import ImportanceDisplay
    from skdnn.inspection.learning_rate import LearningRateDisplay, find_learning_rate
    from skdnn.inspection.loss_curve import LossCurveDisplay
    from skdnn.inspection.shapley import ShapleyValues, shapley_values
    from skdnn.inspection.shapley_display import ShapleyDisplay
    from skdnn.inspection.weights import WeightsDisplay
    from skdnn.persistence import SKOPS_TRUSTED, load
    from skdnn.tuning import search_space, suggest_params

__version__ = "0.1.0"
__all__ = [
    "SKOPS_TRUSTED",
    "CosLog",
    "Cosine",
    "DNNClassifier",
    "DNNRegressor",
    "DependenceDisplay",
    "EmbeddingDisplay",
    "Huber",
    "ImportanceDisplay",
    "InconsistentVersionWarning",
    "InputColumn",
    "LearningRateDisplay",
    "LossCurveDisplay",
    "NumericEmbedding",
    "OneCycle",
    "Periodic",
    "PiecewiseLinear",
    "Quantile",
    "ShapleyDisplay",
    "ShapleyValues",
    "Tweedie",
    "WeightsDisplay",
    "__version__",
    "find_learning_rate",
    "load",
    "search_space",
    "shapley_values",
    "suggest_params",
    "warmup",
]

# Imported on first access, so that `import skdnn` is fast.
_MODULES = {
    "SKOPS_TRUSTED": "skdnn.persistence",
    "DependenceDisplay": "skdnn.inspection.dependence_display",
    "EmbeddingDisplay": "skdnn.inspection.embedding",
    "ImportanceDisplay": "skdnn.inspection.importance",
    "LearningRateDisplay": "skdnn.inspection.learning_rate",
    "LossCurveDisplay": "skdnn.inspection.loss_curve",
    "ShapleyDisplay": "skdnn.inspection.shapley_display",
    "ShapleyValues": "skdnn.inspection.shapley",
    "WeightsDisplay": "skdnn.inspection.weights",
    "find_learning_rate": "skdnn.inspection.learning_rate",
    "load": "skdnn.persistence",
    "search_space": "skdnn.tuning",
    "shapley_values": "skdnn.inspection.shapley",
    "suggest_params": "skdnn.tuning",
    "warmup": "skdnn._warmup",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
