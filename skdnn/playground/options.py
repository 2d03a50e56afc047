"""The settings of a session: what they are, what they may be, and the estimator they make."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any

from skdnn.estimators.classifier import DNNClassifier
from skdnn.estimators.regressor import DNNRegressor
from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.optimizers import OPTIMIZERS
from skdnn.network.embeddings import Periodic
from skdnn.network.losses import loss_names
from skdnn.playground.points import CLASSES, FEATURES, NUMBERS
from skdnn.training.schedules import SCHEDULES

#: The user's own table.
CSV = "csv"
#: Most hidden layers, units of each, and columns of a user's table.
MAX_LAYERS, MAX_UNITS, MAX_COLUMNS = 6, 8, 50
#: Values of the parameter by the words of the page. The plane has several waves, so that the usual
#: frequencies are too low.
EMBEDDINGS = {
    "none": None,
    "bins": "piecewise_linear",
    "waves": Periodic(sigma=0.5),
    "mixed": "mixed",
}
#: Iterations of "lbfgs" that count as an epoch.
LBFGS_ITERATIONS = 10


class OptionError(ValueError):
    """A setting is not valid."""


@dataclass(frozen=True)
class Choice:
    """A setting that is one of several texts."""

    values: tuple[str, ...]
    default: str

    def check(self, name: str, value: Any) -> str:
        """The value, if it is valid."""
        if value not in self.values:
            raise OptionError(f"{name} must be one of {', '.join(self.values)}. Got {value!r}.")
        return value


@dataclass(frozen=True)
class Range:
    """A setting that is a number; ``values`` are those that the page offers."""

    low: float
    high: float
    default: float
    values: tuple[float, ...]
    whole: bool = False

    def check(self, name: str, value: Any) -> float:
        """The value, if it is valid."""
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        fits = is_number and self.low <= value <= self.high
        if not fits or (self.whole and value != int(value)):
            kind = "an integer" if self.whole else "a number"
            raise OptionError(f"{name} must be {kind} from {self.low:g} to {self.high:g}. "
                              f"Got {value!r}.")  # fmt: skip
        return int(value) if self.whole else float(value)


def _tenths(first: int, last: int, step: int = 1) -> tuple[float, ...]:
    return tuple(i / 20 for i in range(first, last + 1, step))


#: In the order of the page.
OPTIONS: dict[str, Choice | Range] = {
    "data": Choice((*CLASSES, *NUMBERS, CSV), "circle"),
    "n_samples": Range(20, 5000, 500, (50, 100, 200, 500, 1000, 2000, 5000), whole=True),
    "noise": Range(0, 1, 0, _tenths(0, 10)),
    "label_noise": Range(0, 0.5, 0, _tenths(0, 8)),
    "share": Range(0.02, 0.98, 0.5, (0.02, *_tenths(1, 19), 0.98)),
    "train_share": Range(0.1, 0.9, 0.5, _tenths(2, 18, 2)),
    "batch_size": Range(1, 1000, 10, (1, 2, 5, 10, 20, 50, 100, 250), whole=True),
    "learning_rate_init": Range(
        1e-6, 10, 0.03, (1e-5, 1e-4, 3e-4, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
    ),
    "learning_rate": Choice(tuple(SCHEDULES), "constant"),
    "solver": Choice((*OPTIMIZERS, "lbfgs"), "adam"),
    "activation": Choice(tuple(ACTIVATIONS), "tanh"),
    "loss": Choice(
        ("auto", *loss_names("classification"), *loss_names("regression")), "auto"
    ),
    "penalty": Choice(("none", "l1", "l2"), "none"),
    "alpha": Range(0, 100, 0.01, (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)),
    "dropout": Range(0, 0.9, 0, (0, 0.05, 0.1, 0.2, 0.3, 0.5)),
    "normalization": Choice(("none", "batch", "layer"), "none"),
    "numeric_embedding": Choice(tuple(EMBEDDINGS), "none"),
    "n_members": Range(1, 8, 1, (1, 2, 4, 8), whole=True),
    "max_iter": Range(1, 10_000, 1000, (50, 100, 200, 500, 1000, 2000, 5000), whole=True),
    "seed": Range(0, 2**31 - 1, 0, (), whole=True),
}  # fmt: skip


def description() -> dict[str, Any]:
    """All settings, for the page."""
    return {name: {"values": each.values, "default": each.default}
            for name, each in OPTIONS.items()}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """Valid settings of a session.

    Attributes
    ----------
    values : dict
        A value for each of ``OPTIONS``.
    hidden : tuple of int
        Units of each hidden layer.
    features : tuple of str
        Keys of ``FEATURES``, for points; a table is trained on all of its columns.
    columns : tuple of str
        Of a table: the target, and the columns of both axes; empty for points.
    """

    values: dict[str, Any]
    hidden: tuple[int, ...] = (4, 2)
    features: tuple[str, ...] = ("x1", "x2")
    columns: tuple[str, ...] = ()

    @classmethod
    def of(cls, message: Any) -> Settings:
        """Settings from what the page sends; what is missing has its default.

        Raises
        ------
        OptionError
        """
        if not isinstance(message, dict):
            raise OptionError("The settings must be an object.")
        values = {
            name: option.check(name, message.get(name, option.default))
            for name, option in OPTIONS.items()
        }
        hidden, features, columns = (
            message.get(name, default)
            for name, default in (("hidden", [4, 2]), ("features", ["x1", "x2"]), ("columns", []))
        )
        size = Range(1, MAX_UNITS, 1, (), whole=True)
        if not isinstance(hidden, list) or len(hidden) > MAX_LAYERS:
            raise OptionError(f"hidden must be a list of up to {MAX_LAYERS} numbers.")
        sizes = tuple(int(size.check("Units of a layer", each)) for each in hidden)
        if not isinstance(features, list) or not features or not set(features) <= {*FEATURES}:
            raise OptionError(f"features must be some of {', '.join(FEATURES)}. Got {features!r}.")
        is_named = isinstance(columns, list) and all(isinstance(each, str) for each in columns)
        if not is_named or (values["data"] == CSV and len(columns) != 3):
            raise OptionError("columns must be the target and the columns of both axes.")
        chosen = tuple(name for name in FEATURES if name in features)
        return cls(values, sizes, chosen, tuple(columns) if values["data"] == CSV else ())

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["values"][name]
        except KeyError:
            raise AttributeError(name) from None

    def as_dict(self) -> dict[str, Any]:
        """What the page shows."""
        parts = asdict(self)
        return {**parts.pop("values"), **parts}

    def parameters(self, *, is_classifier: bool) -> dict[str, Any]:
        """Parameters of the estimator that differ from ``preset("mlp")``."""
        chosen: dict[str, Any] = {
            "hidden_layer_sizes": self.hidden,
            "activation": self.activation,
            "normalization": _none(self.normalization),
            "categorical_features": "from_dtype",
            "feature_scaling": "robust",
            "numeric_embedding": EMBEDDINGS[self.numeric_embedding],
            "solver": self.solver,
            "learning_rate_init": self.learning_rate_init,
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
            "alpha": 0.0 if self.penalty == "none" else self.alpha,
            "l1_ratio": 1.0 if self.penalty == "l1" else 0.0,
            "dropout": self.dropout,
            "n_members": self.n_members,
            "max_iter": self.max_iter,
            "random_state": self.seed,
        }
        if not is_classifier:
            chosen["target_scaling"] = "standard"
        if self.loss != "auto":
            chosen["loss"] = self.loss
        if self.solver == "lbfgs":
            chosen.update(max_iter=LBFGS_ITERATIONS, warm_start=True)
        cls = DNNClassifier if is_classifier else DNNRegressor
        usual = cls.preset("mlp").get_params(deep=False)
        return {name: value for name, value in chosen.items() if usual[name] != value}

    def estimator(self, *, is_classifier: bool) -> DNNClassifier | DNNRegressor:
        """The estimator that is trained."""
        cls = DNNClassifier if is_classifier else DNNRegressor
        return cls.preset("mlp", n_jobs=1, **self.parameters(is_classifier=is_classifier))


def _none(value: str) -> str | None:
    return None if value == "none" else value
