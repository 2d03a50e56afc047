"""Training against PyTorch: from the same weights, the same loss in every epoch."""

import numpy as np
import pytest
from mlp import mlp
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import scale

from skdnn import DNNClassifier, DNNRegressor, Huber
from skdnn.network.initializers import initial_values
from skdnn.network.layout import Layout
from skdnn.network.spec import NetworkSpec

torch = pytest.importorskip("torch", reason="PyTorch is no dependency of the project")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

HIDDEN, BATCH, EPOCHS = (12, 9), 32, 25
ACTIVATIONS = {
    "gelu": torch.nn.GELU, "mish": torch.nn.Mish, "silu": torch.nn.SiLU, "elu": torch.nn.ELU,
    "relu": torch.nn.ReLU,
}  # fmt: skip


def torch_model(spec):
    """The modules of a specification with the initial values of ``random_state=0``."""
    layout = Layout(spec)
    values = initial_values(spec, np.random.RandomState(0), np.dtype(float))[None]
    modules, biases = [], []
    n_layers = len(spec.layer_sizes) - 1
    for layer, (weight, bias) in enumerate(
        zip(layout.coefs(values), layout.intercepts(values), strict=True)
    ):
        last = layer == n_layers - 1
        normalized = spec.normalization is not None and not last
        linear = torch.nn.Linear(*weight.shape, bias=not normalized, dtype=torch.float64)
        modules.append(linear)
        if normalized:
            kind = {"batch": torch.nn.BatchNorm1d, "layer": torch.nn.LayerNorm}
            modules.append(kind[spec.normalization](weight.shape[1], dtype=torch.float64))
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(weight.T.copy()))
            modules[-1].bias.copy_(torch.tensor(bias))
        biases += [modules[-1].bias] + ([modules[-1].weight] if normalized else [])
        if not last:
            modules.append(ACTIVATIONS[spec.activation]())
    return torch.nn.Sequential(*modules), biases


def torch_losses(spec, loss, X, y, solver, rate, weight_decay=0.0, clip_norm=None):
    """Mean loss of every epoch."""
    model, others = torch_model(spec)
    weights = [p for p in model.parameters() if all(p is not other for other in others)]
    groups = [
        {"params": weights, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}
    ]  # fmt: skip
    optimizer = {
        "adamw": lambda: torch.optim.AdamW(groups, lr=rate),
        "sgd": lambda: torch.optim.SGD(groups, lr=rate, momentum=0.9, nesterov=True),
    }[solver]()
    X, y, curve = torch.tensor(X), torch.tensor(y), []
    for _ in range(EPOCHS):
        total = 0.0
        for start in range(0, len(X), BATCH):
            rows = slice(start, start + BATCH)
            optimizer.zero_grad()
            value = loss(model(X[rows]), y[rows])
            value.backward()
            if clip_norm is not None:
                torch.nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
            optimizer.step()
            total += value.item() * len(X[rows])
        curve.append(total / len(X))
    return curve


CASES = {
    "batch norm": {"normalization": "batch"},
    "layer norm": {"normalization": "layer"},
    "GELU": {"activation": "gelu"},
    "Mish": {"activation": "mish"},
    "SiLU": {"activation": "silu"},
    "ELU": {"activation": "elu"},
    "AdamW": {"solver": "adamw", "weight_decay": 0.1},
    "batch norm, AdamW, GELU": {
        "normalization": "batch", "solver": "adamw", "weight_decay": 0.1, "activation": "gelu"
    },
    "clipping": {"clip_norm": 0.3},
}  # fmt: skip


def equal_curves(model, spec, loss, X, y, targets, **params):
    expected = torch_losses(
        spec, loss, X, targets, model.solver, model.learning_rate_init,
        model.weight_decay if model.solver == "adamw" else 0.0, params.get("clip_norm"),
    )  # fmt: skip
    curve = model.fit(X, y).loss_curve_
    assert curve[-1] < 0.9 * curve[0]
    # The clipping of PyTorch divides by the norm plus 1e-6.
    np.testing.assert_allclose(curve, expected, rtol=1e-5 if "clip_norm" in params else 1e-9)


def make(cls, **params):
    defaults = {
        "hidden_layer_sizes": HIDDEN, "solver": "sgd", "alpha": 0.0, "batch_size": BATCH,
        "learning_rate_init": 0.01, "max_iter": EPOCHS, "n_iter_no_change": np.inf,
        "shuffle": False, "random_state": 0, "dtype": "float64",
    }  # fmt: skip
    return mlp(cls, **{**defaults, **params})


@pytest.mark.parametrize("case", CASES)
def test_classifier(case):
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    X, y = scale(X)[order], y[order]
    params = CASES[case]
    model = make(DNNClassifier, **params)
    spec = NetworkSpec(
        (4, *HIDDEN, 3), model.activation, (0.0,) * 3, "log_loss",
        normalization=model.normalization,
    )  # fmt: skip
    equal_curves(model, spec, torch.nn.CrossEntropyLoss(), X, y, y, **params)


def test_label_smoothing():
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    model = make(DNNClassifier, label_smoothing=0.2)
    spec = NetworkSpec((4, *HIDDEN, 3), "relu", (0.0,) * 3, "log_loss")
    equal_curves(model, spec, torch.nn.CrossEntropyLoss(label_smoothing=0.2), X, y, y)


LOSSES = {
    "huber": (Huber(delta=0.4), torch.nn.HuberLoss(delta=0.4)),
    "absolute_error": ("absolute_error", torch.nn.L1Loss()),
    "squared_error": ("squared_error", lambda raw, y: 0.5 * torch.nn.MSELoss()(raw, y)),
}


@pytest.mark.parametrize("solver", ["sgd", "adamw"])
@pytest.mark.parametrize("loss", LOSSES)
def test_regressor(loss, solver):
    X, y = load_diabetes(return_X_y=True)
    X, y = scale(X), scale(y)
    ours, theirs = LOSSES[loss]
    model = make(DNNRegressor, loss=ours, solver=solver, learning_rate_init=0.003)
    spec = NetworkSpec((10, *HIDDEN, 1), "relu", (0.0,) * 3, "squared_error")
    equal_curves(model, spec, lambda raw, y: theirs(raw[:, 0], y), X, y, y)
