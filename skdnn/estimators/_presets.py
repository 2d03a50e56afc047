"""Named sets of parameters."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Self

import numpy as np

from skdnn.network.embeddings import Periodic, PiecewiseLinear

#: The defaults of scikit-learn's MLP, without any feature that it does not have. Every parameter
#: has a value here, so that the preset does not depend on the defaults of the constructors.
_MLP: dict[str, Any] = {
    "hidden_layer_sizes": (100,),
    "activation": "relu",
    "normalization": None,
    "categorical_features": None,
    "feature_scaling": None,
    "numeric_embedding": None,
    "monotonic_cst": None,
    "solver": "adam",
    "learning_rate_init": 0.001,
    "learning_rate": "constant",
    "power_t": 0.5,
    "batch_size": "auto",
    "shuffle": True,
    "momentum": 0.9,
    "nesterovs_momentum": True,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "epsilon": 1e-8,
    "clip_norm": np.inf,
    "max_fun": 15000,
    "alpha": 0.0001,
    "l1_ratio": 0.0,
    "weight_decay": 0.01,
    "dropout": 0.0,
    "input_dropout": 0.0,
    "regularization_schedule": "constant",
    "max_iter": 200,
    "max_time": np.inf,
    "tol": 1e-4,
    "n_iter_no_change": 10,
    "early_stopping": False,
    "validation_fraction": 0.1,
    "n_members": 1,
    "n_jobs": None,
    "random_state": None,
    "warm_start": False,
    "verbose": False,
    "dtype": "auto",
}

#: More members with more numeric embeddings; otherwise the defaults. Every fourth
#: members share their hold-out: two of them have bins, two periodic embeddings.
_BEST: dict[str, Any] = {
    "n_members": 16,
    "numeric_embedding": (
        PiecewiseLinear(16), PiecewiseLinear(48), Periodic(), Periodic(sigma=0.5),
        PiecewiseLinear(8), PiecewiseLinear(96), Periodic(sigma=0.2), Periodic(sigma=1.0),
        Periodic(), Periodic(sigma=0.5), PiecewiseLinear(16), PiecewiseLinear(48),
        Periodic(sigma=0.2), Periodic(sigma=1.0), PiecewiseLinear(8), PiecewiseLinear(96),
    ),
}  # fmt: skip

CLASSIFIER_PRESETS = {
    "best": _BEST,
    "mlp": {
        **_MLP,
        "loss": "log_loss",
        "class_weight": None,
        "label_smoothing": 0.0,
        "calibration": None,
        "scoring": "accuracy",
    },
}
REGRESSOR_PRESETS = {
    "best": _BEST,
    "mlp": {**_MLP, "loss": "squared_error", "target_scaling": None, "scoring": "r2"},
}


class PresetMixin:
    """Estimators with sets of parameters."""

    #: The parameters of each set.
    _presets: dict[str, dict[str, Any]]

    @classmethod
    def preset(cls, name: str, **parameters: Any) -> Self:
        """Make an estimator from a named set of parameters.

        Parameters
        ----------
        name : {"best", "mlp"}
            "best" is for accuracy when time matters less: the defaults with four times as many
            members, and with more numeric embeddings. "mlp" has the defaults of scikit-learn's
            ``MLPClassifier`` or ``MLPRegressor``, without anything that these do not have: no
            dropout, one member, a constant learning rate.
        **parameters : dict
            Parameters of the constructor that replace those of the set.

        Returns
        -------
        estimator : object
            Estimator with these parameters.

        Raises
        ------
        ValueError
            For an unknown name.
        TypeError
            For parameters that the constructor does not have.

        Examples
        --------
        >>> from skdnn import DNNClassifier
        >>> model = DNNClassifier.preset("mlp", hidden_layer_sizes=(20,))
        >>> model.hidden_layer_sizes, model.solver, model.n_members
        ((20,), 'adam', 1)
        """
        names = list(cls._presets)
        if name not in names:
            raise ValueError(
                f"The name of a preset of {cls.__name__} must be one of {names}. Got {name!r}."
            )
        return cls(**{**deepcopy(cls._presets[name]), **parameters})
