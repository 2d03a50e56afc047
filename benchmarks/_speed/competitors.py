"""The competitors: each is a function ``fit(X, y, epochs)`` for a case.

torch, skorch and LightGBM are optional, and imported where they are used.
"""

from importlib.util import find_spec
from itertools import pairwise

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neural_network import MLPClassifier

from skdnn import DNNClassifier

#: Name of a peer -> module that it requires.
PEERS = {
    "scikit-learn": "sklearn",
    "torch": "torch",
    "skorch": "skorch",
    "lightgbm": "lightgbm",
    "hist": "sklearn",
}
BOOSTERS = ("lightgbm", "hist")


def installed_peers():
    return [name for name, module in PEERS.items() if find_spec(module)]


def set_torch_threads(n_threads):
    if find_spec("torch"):
        import torch

        torch.set_num_threads(n_threads)


def skdnn_model(case, epochs, **extra):
    return DNNClassifier.preset(
        "mlp", hidden_layer_sizes=case.hidden, batch_size=case.batch, max_iter=epochs, tol=0.0,
        n_iter_no_change=np.inf, n_jobs=case.threads, random_state=0, dtype="float32", **extra,
    )  # fmt: skip


def sklearn_model(case, epochs):
    return MLPClassifier(
        case.hidden, batch_size=case.batch, max_iter=epochs, tol=0.0, n_iter_no_change=np.inf,
        random_state=0,
    )  # fmt: skip


def torch_network(sizes, activation="relu", normalization=None, dropout=0.0):
    """Linear layers; between them normalization, activation and dropout, in skdnn's order."""
    from torch import nn

    activations = {"relu": nn.ReLU, "gelu": nn.GELU, "mish": nn.Mish}
    layers = []
    for n_in, n_out in pairwise(sizes[:-1]):
        layers.append(nn.Linear(n_in, n_out))
        if normalization == "batch":
            layers.append(nn.BatchNorm1d(n_out))
        layers.append(activations[activation]())
        if dropout:
            layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(*sizes[-2:]))


def train_torch(case, X, y, epochs, **extra):
    """Eager PyTorch with fused Adam and the batches of a hand-written loop, not a DataLoader."""
    import torch

    torch.manual_seed(0)
    model = torch_network(case.sizes, **extra)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    if case.classes == 2:
        loss_function, y = torch.nn.BCEWithLogitsLoss(), y[:, None].to(torch.float32)
    else:
        loss_function = torch.nn.CrossEntropyLoss()
    for _ in range(epochs):
        order = torch.randperm(len(X))
        for start in range(0, len(X), case.batch):
            rows = order[start : start + case.batch]
            optimizer.zero_grad()
            loss_function(model(X[rows]), y[rows]).backward()
            optimizer.step()
    return model.eval()


def skorch_model(case, epochs):
    """The usual setup for classification: two outputs and cross-entropy, also for two classes."""
    import torch
    from skorch import NeuralNetClassifier

    return NeuralNetClassifier(
        torch_network, module__sizes=(case.features, *case.hidden, case.classes),
        criterion=torch.nn.CrossEntropyLoss, optimizer=torch.optim.Adam, optimizer__fused=True,
        lr=1e-3, max_epochs=epochs, batch_size=case.batch, iterator_train__shuffle=True,
        train_split=None, callbacks="disable", verbose=0,
    )  # fmt: skip


MODELS = {"skdnn": skdnn_model, "scikit-learn": sklearn_model, "skorch": skorch_model}


def fit_function(name, case, **extra):
    """``fit(X, y, epochs)`` of a competitor."""
    if name == "torch":
        return lambda X, y, epochs: train_torch(case, X, y, epochs, **extra)
    return lambda X, y, epochs: MODELS[name](case, epochs, **extra).fit(X, y)


def trainers(case, peers):
    """Competitors that can train a case: torch has no comparable layer for sparse rows."""
    names = ["skdnn", *(name for name in peers if name not in BOOSTERS)]
    if case.is_sparse:
        names = [name for name in names if name not in ("torch", "skorch")]
    return {name: fit_function(name, case) for name in names}


def booster(name, case):
    """Gradient boosting with default parameters."""
    if name == "hist":
        return HistGradientBoostingClassifier(random_state=0)  # threads: by threadpoolctl
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_jobs=case.threads, random_state=0, verbose=-1)
