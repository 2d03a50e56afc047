"""The estimators for Dask collections."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any, Self

import dask
from sklearn.base import is_classifier
from sklearn.metrics import accuracy_score, r2_score

from skdnn._sklearn import StrOptions, fit_context, has_callbacks
from skdnn._typing import Function
from skdnn.distributed._collections import is_lazy
from skdnn.distributed._predictions import Call, predicted
from skdnn.distributed._workers import fit_on_workers
from skdnn.estimators._base import BaseDNN
from skdnn.estimators._fitted import learned_aside, learned_attributes, reads_one_model
from skdnn.estimators._scoring import check_scoring_name, in_safe_unit
from skdnn.estimators._targets import as_labels, as_numbers
from skdnn.estimators.classifier import DNNClassifier
from skdnn.estimators.regressor import DNNRegressor

#: The parameters that the plain estimators do not have.
OWN = {"client": None, "on_worker_lost": "raise"}
OWN_CONSTRAINTS = {
    "client": [object],
    "on_worker_lost": [StrOptions({"raise", "continue"})],
}


def _with_parameters_of(plain: type) -> Callable[[Function], Function]:
    """Decorator of a constructor: gives it the signature of another one, and ``OWN``."""

    def decorate(constructor: Function) -> Function:
        known = signature(plain.__init__)  # type: ignore[misc]
        own = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=default)
            for name, default in OWN.items()
        ]
        constructor.__signature__ = known.replace(  # type: ignore[attr-defined]
            parameters=[*known.parameters.values(), *own]
        )
        return constructor

    return decorate


def _check_no_offsets(offsets: dict[str, Any]) -> None:
    if any(each is not None for each in offsets.values()):
        raise ValueError(
            "offset is not available with Dask collections. The same model: y / exp(offset) as "
            "target, with sample_weight=exp(offset) ** (2 - power), where power is 1 for the loss "
            "'poisson' and 2 for 'gamma'."
        )


class DaskMixin(BaseDNN):
    """Fits on Dask collections, and lazy predictions; data in memory as by the plain estimator."""

    client: Any
    on_worker_lost: str
    #: The plain estimator.
    _plain: type[BaseDNN]

    # ---------------------------------------------------------------- fit

    @fit_context
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        groups: Any = None,
        **offsets: Any,
    ) -> Self:
        """Train the network on the workers that hold the rows.

        Parameters
        ----------
        X : Dask data frame or Dask array of shape (n_samples, n_features)
            Training rows, as those of the plain estimator, in partitions of any size. Each worker
            trains on the partitions that it holds. Data in memory are fitted here, as by the plain
            estimator.
        y : Dask series, data frame or array of shape (n_samples,) or (n_samples, n_outputs)
            Targets, in the same partitions.
        sample_weight : Dask series or array of shape (n_samples,), default=None
            Non-negative sample weights, in the same partitions.
        X_val, y_val, sample_weight_val : Dask collections, default=None
            Validation rows for ``early_stopping``.
        groups : None
            Not available with Dask collections.
        **offsets : None
            ``offset`` and ``offset_val`` of the regressor, not available with Dask collections.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        TypeError, ValueError
            As the plain estimator, if partitions of X and y differ, or if there is no client.
        RuntimeError
            If a worker is lost, or the scheduler; the message names it. The estimator is left as it
            was before.

        Warns
        -----
        UserWarning
            If a worker has much less or more rows than the others.
        """
        if not is_lazy(X):
            return super().fit(
                X, y, sample_weight,
                X_val=X_val, y_val=y_val, sample_weight_val=sample_weight_val, groups=groups,
                **offsets,
            )  # fmt: skip
        self._check_lazy_fit(groups, offsets)
        check_scoring_name(self)
        validation = X_val, y_val, sample_weight_val
        with learned_aside(self) as draft:
            fitted = fit_on_workers(draft, (X, y, sample_weight), validation)
            for name in learned_attributes(draft):
                del draft.__dict__[name]
            draft.__dict__.update(learned_attributes(fitted))
        return self

    def _check_lazy_fit(self, groups: Any, offsets: dict[str, Any]) -> None:
        """Raise for what is not available with Dask collections."""
        _check_no_offsets(offsets)
        if groups is not None:
            raise ValueError(
                "groups are not available with Dask collections; give X_val and y_val."
            )
        if self.warm_start:
            raise ValueError(
                "warm_start is not available with Dask collections. Continue with the plain "
                "estimator that to_local() returns."
            )
        if has_callbacks(self):
            raise ValueError("Callbacks are not available with Dask collections.")

    def partial_fit(self, X: Any, y: Any, *args: Any, **kwargs: Any) -> Self:
        """Train one epoch on rows in memory, as the plain estimator.

        Parameters
        ----------
        X, y : array-like
            Rows and targets in memory.
        *args, **kwargs : object
            As those of the plain estimator.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        TypeError
            For Dask collections.
        """
        if is_lazy(X) or is_lazy(y):
            raise TypeError(
                "partial_fit takes rows in memory, not Dask collections: call it for each "
                "partition, as in for part in X.partitions."
            )
        return super().partial_fit(X, y, *args, **kwargs)

    # ---------------------------------------------------------------- the plain estimator

    def to_local(self) -> Any:
        """The plain estimator, with the same parameters and the same fitted model.

        Returns
        -------
        estimator : DNNClassifier or DNNRegressor
            It shares the fitted model.
        """
        local = self._local()
        local.__dict__.update(learned_attributes(self))
        return local

    def _local(self) -> Any:
        """The plain estimator, not fitted."""
        params = self.get_params(deep=False)
        return self._plain(**{name: params[name] for name in params.keys() - OWN.keys()})

    def save(self, file: Any) -> None:
        """Save the plain estimator: see :meth:`~skdnn.DNNClassifier.save`.

        Parameters
        ----------
        file : str, path, or binary file
            Where to write.
        """
        self.to_local().save(file)

    def __getstate__(self) -> dict[str, Any]:
        # A client is a connection of this process.
        return {**super().__getstate__(), "client": None}

    def __sklearn_clone__(self) -> Self:
        # Without the client, which cannot be copied; the clone has the same.
        other = object.__new__(type(self))
        other.__dict__ = {**self.__dict__, "client": None}
        cloned = super(DaskMixin, other).__sklearn_clone__()
        cloned.client = self.client
        return cloned

    # ---------------------------------------------------------------- predictions

    @reads_one_model
    def _lazily(self, X: Any, method: str, item: int | None = None, **options: Any) -> Any:
        self._fitted_model()
        return predicted(self.to_local(), X, Call(method, options, item))

    def score(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> float:
        """Accuracy, or R², of the predictions of the given rows.

        Parameters
        ----------
        X : Dask data frame or array, or rows in memory
            Rows with the columns of :meth:`fit`.
        y : Dask series or array, or targets in memory
            Targets, in the same partitions.
        sample_weight : Dask series or array, or weights in memory, default=None
            Sample weights, in the same partitions.
        offset : array-like of shape (n_samples,), default=None
            Of the regressor, with rows in memory.

        Returns
        -------
        score : float
            Accuracy, or R².
        """
        if not is_lazy(X):
            offsets = {} if offset is None else {"offset": offset}
            return super().score(X, y, sample_weight, **offsets)
        _check_no_offsets({"offset": offset})
        y, found, weights = dask.compute(y, self.predict(X), sample_weight)
        if is_classifier(self):
            return accuracy_score(as_labels(y), as_labels(found), sample_weight=weights)
        y, found = as_numbers(y), as_numbers(found)
        y = y.reshape(found.shape) if y.size == found.size else y
        return r2_score(*in_safe_unit(y, found), sample_weight=weights)


class DaskDNNClassifier(DaskMixin, DNNClassifier):
    """:class:`~skdnn.DNNClassifier` for Dask collections, trained by the workers of a Dask cluster.

    Each worker trains on its own rows, and their parameters are averaged every few steps over
    direct connections. Predictions are lazy, a partition at a time. With data in memory it does
    what the plain classifier does.

    Parameters
    ----------
    client : distributed.Client, default=None
        Connection to the cluster; None is the current one. Not in pickles.
    on_worker_lost : {"raise", "continue"}, default="raise"
        What happens when a worker is lost during the training: an error, or a new start with the
        rows that are left, with a warning, if these are more than half. Partitions that are not
        persisted are read by the others.
    **parameters : dict
        Those of :class:`~skdnn.DNNClassifier`. ``n_jobs=None`` is the number of threads of each
        worker.

    Attributes
    ----------
    classes_ : (n_classes,) array
        The labels, sorted. The others are those of :class:`~skdnn.DNNClassifier`.

    See Also
    --------
    skdnn.DNNClassifier : The plain classifier.

    References
    ----------
    Stich 2018, "Local SGD converges fast and communicates little", arXiv 1805.09767.

    Examples
    --------
    >>> import dask.array as da
    >>> from distributed import Client
    >>> from sklearn.datasets import load_iris
    >>> from skdnn.distributed import DaskDNNClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> with Client(n_workers=1, processes=False, dashboard_address=":0"):
    ...     lazy_X, lazy_y = da.from_array(X, chunks=(75, 4)), da.from_array(y, chunks=75)
    ...     model = DaskDNNClassifier(random_state=0).fit(lazy_X, lazy_y)
    ...     proba = model.predict_proba(lazy_X).compute()
    >>> proba.shape
    (150, 3)
    >>> round(model.to_local().score(X, y), 1)
    1.0
    """

    _plain = DNNClassifier
    _parameter_constraints = {**DNNClassifier._parameter_constraints, **OWN_CONSTRAINTS}

    @_with_parameters_of(DNNClassifier)
    def __init__(self, *args: Any, **parameters: Any) -> None:
        own = {name: parameters.pop(name, default) for name, default in OWN.items()}
        super().__init__(*args, **parameters)
        self.client, self.on_worker_lost = own["client"], own["on_worker_lost"]

    def predict(self, X: Any) -> Any:
        """Predict the label of the most probable class, or the labels that are likely.

        Parameters
        ----------
        X : Dask data frame or array, or rows in memory
            Rows with the columns of :meth:`fit`.

        Returns
        -------
        y : Dask series, data frame or array, or array in memory
            As :meth:`~skdnn.DNNClassifier.predict`, with the index of a data frame.
        """
        return self._lazily(X, "predict") if is_lazy(X) else super().predict(X)

    def predict_proba(self, X: Any) -> Any:
        """Predict class probabilities.

        Parameters
        ----------
        X : Dask data frame or array, or rows in memory
            Rows with the columns of :meth:`fit`.

        Returns
        -------
        proba : Dask data frame or array, or array in memory
            As :meth:`~skdnn.DNNClassifier.predict_proba`; columns of a data frame are the classes.
        """
        return self._lazily(X, "predict_proba") if is_lazy(X) else super().predict_proba(X)

    def predict_log_proba(self, X: Any) -> Any:
        """Predict the logarithms of class probabilities.

        Parameters
        ----------
        X : Dask data frame or array, or rows in memory
            Rows with the columns of :meth:`fit`.

        Returns
        -------
        log_proba : Dask data frame or array, or array in memory
            As :meth:`~skdnn.DNNClassifier.predict_log_proba`.
        """
        return self._lazily(X, "predict_log_proba") if is_lazy(X) else super().predict_log_proba(X)

    def decision_function(self, X: Any) -> Any:
        """Raw predictions, before the logistic function or softmax.

        Parameters
        ----------
        X : Dask data frame or array, or rows in memory
            Rows with the columns of :meth:`fit`.

        Returns
        -------
        scores : Dask series, data frame or array, or array in memory
            As :meth:`~skdnn.DNNClassifier.decision_function`.
        """
        return self._lazily(X, "decision_function") if is_lazy(X) else super().decision_function(X)

    def predict_set(self, X: Any, coverage: float = 0.9) -> Any:
        """Predict sets of classes that contain the right one with a given probability.

        Parameters
        ----------
        X : Dask data frame or array, or rows in memory
            Rows with the columns of :meth:`fit`.
        coverage : float, default=0.9
            As in :meth:`~skdnn.DNNClassifier.predict_set`.

        Returns
        -------
        sets : Dask data frame or array, or array in memory
            As :meth:`~skdnn.DNNClassifier.predict_set`.
        """
        if is_lazy(X):
            return self._lazily(X, "predict_set", coverage=coverage)
        return super().predict_set(X, coverage)


class DaskDNNRegressor(DaskMixin, DNNRegressor):
    """:class:`~skdnn.DNNRegressor` for Dask collections, trained by the workers of a Dask cluster.

    Each worker trains on its own rows, and their parameters are averaged every few steps over
    direct connections. Predictions are lazy, a partition at a time. With data in memory it does
    what the plain regressor does.

    Parameters
    ----------
    client : distributed.Client, default=None
        Connection to the cluster; None is the current one. Not in pickles.
    on_worker_lost : {"raise", "continue"}, default="raise"
        What happens when a worker is lost during the training: an error, or a new start with the
        rows that are left, with a warning, if these are more than half. Partitions that are not
        persisted are read by the others.
    **parameters : dict
        Those of :class:`~skdnn.DNNRegressor`. ``n_jobs=None`` is the number of threads of each
        worker.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns. The others are those of :class:`~skdnn.DNNRegressor`.

    See Also
    --------
    skdnn.DNNRegressor : The plain regressor.

    References
    ----------
    Stich 2018, "Local SGD converges fast and communicates little", arXiv 1805.09767.

    Examples
    --------
    >>> import dask.array as da
    >>> from distributed import Client
    >>> from sklearn.datasets import load_diabetes
    >>> from skdnn.distributed import DaskDNNRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> with Client(n_workers=1, processes=False, dashboard_address=":0"):
    ...     lazy_X, lazy_y = da.from_array(X, chunks=(221, 10)), da.from_array(y, chunks=221)
    ...     model = DaskDNNRegressor(random_state=0).fit(lazy_X, lazy_y)
    ...     bool(model.score(lazy_X, lazy_y) > 0.4)
    True
    """

    _plain = DNNRegressor
    _parameter_constraints = {**DNNRegressor._parameter_constraints, **OWN_CONSTRAINTS}

    @_with_parameters_of(DNNRegressor)
    def __init__(self, *args: Any, **parameters: Any) -> None:
        own = {name: parameters.pop(name, default) for name, default in OWN.items()}
        super().__init__(*args, **parameters)
        self.client, self.on_worker_lost = own["client"], own["on_worker_lost"]

    def predict(self, X: Any, *, return_std: bool = False, offset: Any = None) -> Any:
        """Predict targets.

        Parameters
        ----------
        X : Dask data frame or array, or rows in memory
            Rows with the columns of :meth:`fit`.
        return_std : bool, default=False
            As in :meth:`~skdnn.DNNRegressor.predict`.
        offset : array-like of shape (n_samples,), default=None
            As in :meth:`~skdnn.DNNRegressor.predict`; not available with Dask collections.

        Returns
        -------
        y : Dask series, data frame or array, or array in memory
            As :meth:`~skdnn.DNNRegressor.predict`, with the index of a data frame.
        std : like ``y``
            Only with ``return_std=True``.
        """
        if not is_lazy(X):
            if return_std:
                return super().predict(X, return_std=True, offset=offset)
            return super().predict(X, offset=offset)
        _check_no_offsets({"offset": offset})
        if not return_std:
            return self._lazily(X, "predict")
        return tuple(self._lazily(X, "predict", item, return_std=True) for item in range(2))

    @property
    def predict_quantiles(self) -> Any:
        """Predict all quantiles of ``loss=Quantile(...)``: see :class:`~skdnn.DNNRegressor`."""
        plain = super().predict_quantiles

        def predict_quantiles(X: Any) -> Any:
            return self._lazily(X, "predict_quantiles") if is_lazy(X) else plain(X)

        return predict_quantiles

    def predict_interval(self, X: Any, coverage: float = 0.9) -> Any:
        """Predict intervals that contain the target with a given probability.

        Parameters
        ----------
        X : Dask data frame or array, or rows in memory
            Rows with the columns of :meth:`fit`.
        coverage : float, default=0.9
            As in :meth:`~skdnn.DNNRegressor.predict_interval`.

        Returns
        -------
        interval : Dask data frame with the columns "lower" and "upper", or array
            As :meth:`~skdnn.DNNRegressor.predict_interval`.
        """
        if is_lazy(X):
            return self._lazily(X, "predict_interval", coverage=coverage)
        return super().predict_interval(X, coverage)
