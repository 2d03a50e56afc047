"""Search spaces for hyper-parameter optimization."""

from __future__ import annotations

from typing import Any

from scipy.stats import loguniform, uniform
from sklearn.base import is_classifier

from skdnn.estimators._base import BaseDNN
from skdnn.estimators._pipelines import final_estimator
from skdnn.network.embeddings import Periodic, PiecewiseLinear
from skdnn.training.settings import AUTO, resolve_learning_rate_init

#: The range of learning rates is the estimator's, divided and multiplied by this.
RATE_FACTOR = 5.0


def search_space(estimator: Any, size: str = "small") -> dict[str, Any]:
    """Get distributions of parameters for a randomized search.

    All ranges include the defaults. Learning rates range from a fifth of the estimator's
    ``learning_rate_init`` (the solver's default, if it is "auto") to five times this value: set it
    to the suggestion of :func:`find_learning_rate` to search around that. Parameters that the
    estimator's ``solver`` does not use are left out.

    The dict can be modified: ``del space["dropout"]``, or ``space["n_members"] = [4, 16]``. It
    does not contain ``max_iter``, which is the resource of successive halving (docs/tuning.md).

    Parameters
    ----------
    estimator : DNNClassifier, DNNRegressor or Pipeline
        Estimator whose parameters are searched; it need not be fitted. For a Pipeline, whose last
        step must be the network, the names have the prefix of the step.
    size : {"small", "full"}, default="small"
        "small" has the most important parameters: ``hidden_layer_sizes``, ``dropout``,
        ``learning_rate_init`` and the regularization (``weight_decay`` with "adamw", ``alpha``
        with other solvers). "full" adds feature scaling, numeric embeddings, ``activation``,
        ``n_members``, batch size, learning-rate schedule, momentum or ``beta_2`` and, for
        classifiers, ``label_smoothing``; it needs a hundred candidates or more.

    Returns
    -------
    space : dict
        Maps names of parameters to lists of values or frozen SciPy distributions.

    Raises
    ------
    TypeError
        If ``estimator`` is neither a DNN estimator nor a Pipeline that ends with one.
    ValueError
        For an invalid ``size`` or invalid parameters of the estimator.

    See Also
    --------
    suggest_params : Sample parameters with Optuna.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart 2024, "Better by default", arXiv 2407.04491; Gorishniy,
    Kotelnikov & Babenko 2025, "TabM", arXiv 2410.24210. These ranges are narrower: around our
    defaults.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import RandomizedSearchCV
    >>> from skdnn import DNNClassifier, search_space
    >>> X, y = load_iris(return_X_y=True)
    >>> model = DNNClassifier(n_members=1, max_iter=20, random_state=0)
    >>> space = search_space(model)
    >>> list(space)
    ['hidden_layer_sizes', 'learning_rate_init', 'dropout', 'weight_decay']
    >>> search = RandomizedSearchCV(model, space, n_iter=3, cv=3, random_state=0).fit(X, y)
    >>> bool(search.best_score_ > 0.9)
    True
    """
    if size not in ("small", "full"):
        raise ValueError(f"size must be 'small' or 'full'. Got {size!r} instead.")
    model, prefix = final_estimator(estimator)
    model.check_params()
    space = _small(model)
    if size == "full":
        space |= _more(model)
    return {prefix + name: values for name, values in space.items()}


def _small(model: BaseDNN) -> dict[str, Any]:
    """The small space: the most important parameters."""
    space: dict[str, Any] = {
        "hidden_layer_sizes": [
            (64, 64), (128,), (128, 128), (256, 256), (128, 128, 128), (256, 256, 256),
        ],
    }  # fmt: skip
    if model.solver != "lbfgs":
        rate = float(resolve_learning_rate_init(model))
        space["learning_rate_init"] = loguniform(rate / RATE_FACTOR, rate * RATE_FACTOR)
        space["dropout"] = uniform(0, 0.5)
    if model.solver == "adamw":
        space["weight_decay"] = loguniform(0.005, 1)
    else:
        space["alpha"] = loguniform(1e-5, 10)
    return space


def _more(model: BaseDNN) -> dict[str, Any]:
    """Entries of the full space that are added to the small one, or replace some of it."""
    # "silu" decreases somewhere.
    activations = ["silu", "selu", "relu"] if model.monotonic_cst is None else ["selu", "relu"]
    space: dict[str, Any] = {
        "hidden_layer_sizes": [
            (64,), (64, 64), (128,), (128, 128), (128, 128, 128), (128, 128, 128, 128),
            (256,), (256, 256), (256, 256, 256), (512, 512),
        ],
        "activation": [AUTO, *activations],
        "feature_scaling": ["robust", "standard"],
        "numeric_embedding": [
            "mixed",
            None,
            *(PiecewiseLinear(n_bins) for n_bins in (8, 16, 48)),
            *(Periodic(sigma=sigma) for sigma in (0.03, 0.1, 0.3, 1.0)),
            (PiecewiseLinear(16), Periodic()),
        ],
        "n_members": sorted({4, 8, int(model.n_members)}),
    }  # fmt: skip
    if model.solver != "lbfgs":
        space["batch_size"] = ["by_rows", 32, 64, 128, 256]
        space["learning_rate"] = ["coslog4", "cosine"]
    if model.solver == "sgd":
        space["momentum"] = [0.8, 0.9, 0.95, 0.98]
    elif model.solver != "lbfgs":
        space["beta_2"] = [0.9, 0.95, 0.98, 0.99, 0.999]
    if is_classifier(model):
        space["label_smoothing"] = [0.0, 0.02, 0.05, 0.1]
    return space


def suggest_params(trial: Any, space: dict[str, Any]) -> dict[str, Any]:
    """Sample parameters from a search space with Optuna.

    Each parameter is one call of ``trial.suggest_float``, ``suggest_int`` or
    ``suggest_categorical`` with the same name. Optuna does not store tuples and objects: these are
    represented by their ``str``. A finished trial returns its own parameters, so that
    ``suggest_params(study.best_trial, space)`` are the best ones.

    Parameters
    ----------
    trial : optuna.trial.Trial
        The trial, or an object with the same three methods.
    space : dict
        Maps names of parameters to lists of values, or to frozen ``uniform``, ``loguniform`` or
        ``randint`` distributions of SciPy, as returned by :func:`search_space`.

    Returns
    -------
    parameters : dict
        Parameters for ``set_params``.

    Raises
    ------
    TypeError
        For other distributions.

    Examples
    --------
    >>> from skdnn import DNNRegressor, search_space, suggest_params
    >>> model = DNNRegressor()
    >>> space = search_space(model)
    >>> def objective(trial):
    ...     model.set_params(**suggest_params(trial, space))
    ...     return cross_val_score(model, X, y).mean()
    """
    return {name: _suggested(trial, name, values) for name, values in space.items()}


def _suggested(trial: Any, name: str, values: Any) -> Any:
    if hasattr(values, "rvs"):
        kind = getattr(getattr(values, "dist", None), "name", None)
        if kind not in ("uniform", "loguniform", "randint"):
            raise TypeError(
                f"The values of {name!r} must be a list, or a frozen uniform, loguniform or "
                f"randint of scipy.stats. Got {kind or values!r}."
            )
        low, high = values.support()
        if kind == "randint":
            return trial.suggest_int(name, int(low), int(high))
        return trial.suggest_float(name, float(low), float(high), log=kind == "loguniform")
    if all(value is None or isinstance(value, (str, int, float)) for value in values):
        return trial.suggest_categorical(name, list(values))
    named = {str(value): value for value in values}
    return named[trial.suggest_categorical(name, list(named))]
