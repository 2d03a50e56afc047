"""Training on several machines.

The estimators need the packages of the extra ``dask``: ``pip install "skdnn[dask]"``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skdnn.distributed._estimators import DaskDNNClassifier, DaskDNNRegressor

__all__ = ["DaskDNNClassifier", "DaskDNNRegressor"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        import_module("dask.dataframe")
        import_module("distributed")
    except ImportError as error:
        raise ImportError('dask is missing: pip install "skdnn[dask]"') from error
    return getattr(import_module("skdnn.distributed._estimators"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
