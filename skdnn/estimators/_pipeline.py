"""The DNN estimator at the end of a pipeline."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skdnn.estimators._base import BaseDNN


def final_dnn(estimator: Any, *, allow_search: bool = False) -> tuple[str, BaseDNN]:
    """Find the DNN estimator that an estimator is or ends with.

    Parameters
    ----------
    estimator : estimator
    allow_search : bool, default=False
        Whether a fitted search, such as ``GridSearchCV``, stands for its ``best_estimator_``.

    Returns
    -------
    prefix : str
        Prefix of the names of its parameters in pipelines, such as "dnnclassifier__".
    model : BaseDNN

    Raises
    ------
    TypeError
        If there is none.
    NotFittedError
        If a search has no ``best_estimator_``.
    """
    prefix, model = "", estimator
    while not isinstance(model, BaseDNN):
        if isinstance(model, Pipeline):
            name, model = model.steps[-1]
            prefix += f"{name}__"
        elif allow_search and hasattr(model, "refit"):  # searches of other packages have it, too
            message = "This %(name)s has no best_estimator_: call 'fit' with refit=True first."
            check_is_fitted(model, "best_estimator_", msg=message)
            model = model.best_estimator_
        else:
            search = ", or a search for the best of them" if allow_search else ""
            raise TypeError(
                "Expected a DNNClassifier, a DNNRegressor or a Pipeline that ends with one"
                f"{search}. Got {estimator!r}."
            )
    return prefix, model
