"""Which cases there are, for hypothesis: simple ones first, so that a failing case shrinks."""

from __future__ import annotations

from typing import Any

import numpy as np
from fuzz.cases import Case, Data, Factors, Scorer
from fuzz.checks import CHECKS
from fuzz.columns import ARRAYS, NUMBERS, OTHERS, REFUSED, SPARSE, TABLES
from fuzz.data import defects_of
from fuzz.targets import (
    COUNTS,
    LABEL_COLUMNS,
    LABELS,
    OFFSETS,
    POSITIVE,
    TWO_CLASSES,
    VALUES,
    WEIGHTS,
)
from fuzz.trainings import LOG_LINK, TRAININGS
from hypothesis import strategies as st
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

from skdnn import Cosine, CosLog, Huber, OneCycle, Periodic, PiecewiseLinear, Quantile
from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.optimizers import OPTIMIZERS

_RATES = (0.0, 0.1, 0.5, 0.999)
_EXTREMES = (1e-300, 1e-12, 1e-3, 1.0, 1e3, 1e12, 1e300)

#: Values that both estimators take.
SHARED: dict[str, tuple] = {
    "hidden_layer_sizes": ((), (1,), (8,), (4, 3), 5, [2, 2, 2], np.array([3, 2]), (np.int64(4),)),
    "activation": ("auto", *ACTIVATIONS),
    "normalization": ("layer", "batch", None),
    "categorical_features": (None, "from_dtype", [0], [], [True]),
    "feature_scaling": ("standard", None, "robust"),
    "numeric_embedding": (
        None, "piecewise_linear", "periodic", "mixed", PiecewiseLinear(n_bins=1),
        PiecewiseLinear(n_bins=256), Periodic(d_embedding=2, n_frequencies=1), Periodic(sigma=1e6),
        [None, PiecewiseLinear(n_bins=4)], ("periodic", None, "mixed"),
    ),
    "solver": (*OPTIMIZERS, "lbfgs"),
    "learning_rate_init": (0.1, 0.01, 1e-3, 1e-300, 10.0, 1e10, 1),
    "learning_rate": (
        "constant", "invscaling", "adaptive", "cosine", "one_cycle", "coslog4",
        Cosine(warmup=0.0), Cosine(warmup=0.999), OneCycle(rise=0.0, start=0.0),
        CosLog(n_cycles=30), Factors(value=0.0), Factors(value=2.0),
    ),
    "power_t": (0.0, 1.0, 200.0, 1e300),
    "batch_size": ("auto", 1, 7, 64, 10**9, "by_rows"),
    "shuffle": (False, True),
    "momentum": (0.0, 0.5, 1.0),
    "nesterovs_momentum": (False, True),
    "beta_1": _RATES,
    "beta_2": _RATES,
    "epsilon": _EXTREMES,
    "clip_norm": ("auto", 1e-300, 0.1, 1.0, 1e300, np.inf),
    "max_fun": (1, 20),
    "alpha": (0.0, 1e-4, 1.0, 1e10),
    "l1_ratio": (0.0, 0.5, 1.0, 1),
    "weight_decay": (0.0, 0.1, 1.0, 100.0, 1e-300),
    "dropout": (0.0, 0.2, 0.9, [0.5], (0.1, 0.2), np.array([0.3]), "auto"),
    "input_dropout": (0.0, 0.2, 0.99),
    "regularization_schedule": ("constant", "flat_cos", Cosine()),
    "max_iter": (1, 2, 4, 9),
    "max_time": (1e-300, 1e9, np.inf),
    "tol": (0.0, 1e-4, 1e300),
    "n_iter_no_change": (1, 2, np.inf),
    "early_stopping": (True, False, "auto"),
    "validation_fraction": (
        0.1, 0.5, 0.01, 0.9, KFold(n_splits=3), StratifiedKFold(n_splits=2),
        TimeSeriesSplit(n_splits=2), ShuffleSplit(n_splits=2, random_state=0),
        GroupKFold(n_splits=2),
    ),
    "n_members": (1, 2, 3, 4, 5, 17),
    "n_jobs": (1, 1, 1, 1, 1, 1, 2, None, -1),
    "random_state": (0, 1, 2**32 - 1, np.int64(3)),
    "warm_start": (True, False),
    "dtype": ("float32", "float64", "input", "auto"),
}  # fmt: skip
CLASSIFIER: dict[str, tuple] = {
    "loss": ("brier", "log_loss"),
    "class_weight": (
        "balanced", {}, {0: 2.0}, {"no": 0.0, "yes": 3}, [{5: 2.0, 7: 0}, {1: 3}], [{}, {}, {}],
    ),
    "label_smoothing": (0.0, 0.1, 0.999),
    "calibration": (None, "temperature"),
    "scoring": (
        "accuracy", None, "loss", "neg_log_loss", "balanced_accuracy", "roc_auc_ovr", "f1_macro",
        "average_precision", Scorer(), Scorer(kind="proba"), Scorer(kind="nan"),
    ),
}  # fmt: skip
REGRESSOR: dict[str, tuple] = {
    "loss": (
        "squared_error", "absolute_error", "huber", "quantile", Huber(delta=1e-300),
        Huber(delta=1e300), Quantile(quantile=0.9), Quantile(quantile=[0.1, 0.5, 0.9]),
        Quantile(quantile=(1e-9, 0.6)), Quantile(quantile=[0.5]),
    ),
    "target_scaling": (None, "standard"),
    "scoring": (
        "r2", None, "loss", "neg_mean_squared_error", "neg_median_absolute_error", Scorer(),
        Scorer(kind="nan"), "d2_absolute_error_score",
    ),
}  # fmt: skip
#: Values that are refused, or next to them.
OUTSIDE: dict[str, tuple] = {
    "hidden_layer_sizes": ((0,), -1, (2.0,), "ab", True, np.array(3), ([2],)),
    "activation": ("Relu", None),
    "normalization": ("instance", True),
    "categorical_features": ([99], ["c0"], "all", [[0]], [-1], [None], {"c0"}),
    "feature_scaling": ("minmax", False),
    "numeric_embedding": (
        PiecewiseLinear(n_bins=0), PiecewiseLinear(n_bins=257), Periodic(sigma=0), (), [1],
        Periodic(d_embedding=1), Periodic, "bins",
    ),
    "solver": ("Adam", None),
    "learning_rate_init": (0.0, -1.0, np.inf, np.nan, "auto", 1e200),
    "learning_rate": ("Cosine", Cosine, Cosine(warmup=1.0), CosLog(n_cycles=31), Factors(value=-1)),
    "power_t": (-1.0, np.inf, np.nan),
    "batch_size": (0, 1.5, "all", None, 2**70),
    "beta_1": (1.0, -0.1, np.nan),
    "beta_2": (1.0, np.nan),
    "epsilon": (0.0, np.inf, np.nan),
    "clip_norm": (0.0, np.nan, None),
    "alpha": (-1e-9, np.inf, 1e300, np.nan),
    "weight_decay": (-1.0, 1e300, np.inf),
    "l1_ratio": (1.1, np.nan),
    "dropout": (1.0, [0.1] * 9, "auto", np.array(0.5), [[0.1]], None),
    "input_dropout": (1.0, np.nan),
    "max_iter": (0, 1.5, np.inf),
    "max_time": (0.0, np.nan),
    "tol": (-1.0, np.nan),
    "n_iter_no_change": (0, 1.5, np.nan),
    "early_stopping": ("yes", None),
    "validation_fraction": (1.0, 0.0, -0.1, None, "KFold", KFold(n_splits=70)),
    "n_members": (0, 1.0, True, None),
    "n_jobs": (0, 1.5, "all"),
    "random_state": (-1, 2**32, 0.5, "0"),
    "dtype": ("float16", np.float32, None),
    "monotonic_cst": ([2], [], {"c0": 2}, {"nothing": 1}, [[1]], "c0", 1, [0.5], [np.nan]),
    "loss": ("mse", Huber, Huber(delta=0), Quantile(quantile=[0.9, 0.1]), Quantile(quantile=[])),
    "class_weight": ({0: -1.0}, {"nothing": 1}, {0: np.nan}, "even", [1, 1]),
    "label_smoothing": (1.0, -0.1),
    "calibration": ("isotonic",),
    "target_scaling": ("robust", True),
    "scoring": ("loss ", "R2", 3, "roc_auc", "neg_mean_poisson_deviance"),
}  # fmt: skip

#: Percentage of the cases with a parameter out of its range.
_SOMETIMES = 8


def _in_percent(draw: Any, percent: int) -> bool:
    # The simple answer, no, is 0.
    return draw(st.integers(0, 99)) >= 100 - percent


def _values_of(task: str) -> dict[str, tuple]:
    return {**SHARED, **(CLASSIFIER if task == "classification" else REGRESSOR)}


def _parameters(draw: Any, task: str) -> dict[str, Any]:
    values = _values_of(task)
    # A few parameters: most pairs meet within some thousand cases.
    names = draw(st.lists(st.sampled_from(sorted(values)), max_size=8, unique=True))
    chosen = {name: draw(st.sampled_from(values[name])) for name in names}
    if chosen.get("solver") == "lbfgs":
        for name in ("dropout", "input_dropout", "l1_ratio", "batch_size"):
            chosen.pop(name, None)
        if chosen.get("normalization") == "batch":
            chosen["normalization"] = "layer"
    if _in_percent(draw, _SOMETIMES):
        names = sorted(OUTSIDE.keys() & {*values, "monotonic_cst"})
        name = draw(st.sampled_from(names))
        chosen[name] = draw(st.sampled_from(OUTSIDE[name]))
    return chosen


def _columns(draw: Any, container: str) -> tuple[str, ...]:
    numbers = [*NUMBERS, "duplicate"]
    kinds = [*numbers, *OTHERS] if container in TABLES else numbers
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=6))
    if container in TABLES and _in_percent(draw, 3):
        chosen.append(draw(st.sampled_from([*REFUSED])))
    return tuple(chosen)


def _directions(draw: Any, columns: tuple[str, ...], container: str) -> Any:
    """Constraints of the numeric columns, and seldom of others, which are refused."""
    numbers = (*NUMBERS, "duplicate")
    directions = [
        draw(st.sampled_from([1, -1, 0] if kind in numbers or container not in TABLES else [0]))
        for kind in columns
    ]
    if container in ("frame", "frame_with_index") and _in_percent(draw, 50):
        return {f"c{j}": direction for j, direction in enumerate(directions)}
    if _in_percent(draw, 5):
        directions = [1, *directions]
    return draw(st.sampled_from([list, tuple, np.array]))(directions)


def _constrain(draw: Any, parameters: dict[str, Any], columns: tuple[str, ...], to: str) -> None:
    """Add constraints, mostly without the parameters that do not allow them."""
    parameters["monotonic_cst"] = _directions(draw, columns, to)
    if not _in_percent(draw, 5):
        activation = ACTIVATIONS.get(parameters.get("activation"))
        if activation is not None and not activation.monotone:
            del parameters["activation"]
        if parameters.get("normalization") == "layer":
            del parameters["normalization"]


def _targets(task: str, loss: Any, *, is_constrained: bool) -> list[str]:
    if task == "classification":
        return [*TWO_CLASSES] if is_constrained else [*LABELS, *LABEL_COLUMNS]
    if loss == "gamma":
        return [*POSITIVE]
    return [*COUNTS] if loss in LOG_LINK else [*VALUES, *COUNTS]


@st.composite
def cases(draw: Any) -> Case:
    """Any case."""
    task = draw(st.sampled_from(["regression", "classification"]))
    base = draw(st.sampled_from(["small", "mlp", "small"]))
    parameters = _parameters(draw, task)
    if task == "regression" and _in_percent(draw, 20):
        parameters["loss"] = draw(st.sampled_from([*LOG_LINK, "normal", "normal"]))
    several = ["array", *TABLES, "frame", "frame", *ARRAYS]
    container = draw(st.sampled_from([*several, *SPARSE]))
    columns = _columns(draw, container)
    is_constrained = _in_percent(draw, 15)
    if is_constrained:
        _constrain(draw, parameters, columns, container)
    loss = parameters.get("loss")
    has_offset = task == "regression" and _in_percent(draw, 40 if loss in LOG_LINK else 2)
    targets = _targets(task, loss, is_constrained=is_constrained and not _in_percent(draw, 5))
    data = Data(
        seed=draw(st.integers(0, 2**16)),
        # Above 100 rows the defaults hold out some.
        n_rows=draw(st.one_of(st.integers(1, 60), st.integers(2, 60), st.integers(20, 130))),
        columns=columns,
        container=container,
        target=draw(st.sampled_from(targets)),
        weights=draw(st.sampled_from([*WEIGHTS])) if _in_percent(draw, 35) else None,
        offset=draw(st.sampled_from([*OFFSETS])) if has_offset else None,
        defect=draw(st.sampled_from([*defects_of(task)])) if _in_percent(draw, 4) else None,
    )
    trainings = ["fit", "fit", *TRAININGS] if data.defect is None else ["fit", "partial_fit"]
    training = draw(st.sampled_from(trainings))
    names = [name for name, check in CHECKS.items() for _ in range(check.often)]
    checks = draw(st.lists(st.sampled_from(names), max_size=4, unique=True))
    if is_constrained and "monotone" not in checks:
        checks.append("monotone")
    return Case(task, base, parameters, data, training, tuple(checks))
