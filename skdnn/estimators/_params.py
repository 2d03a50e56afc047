"""The parameters that both estimators share: what is accepted, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from numbers import Integral, Real
from typing import Any

import numpy as np

from skdnn.estimators._sklearn import Interval, InvalidParameterError, Options, StrOptions
from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.optimizers import OPTIMIZERS

CONSTRAINTS: dict[str, list] = {
    "hidden_layer_sizes": [Iterable, Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions(set(ACTIVATIONS))],
    "solver": [StrOptions(set(OPTIMIZERS))],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [
        Interval(Integral, 1, None, closed="left"),
        Options(Real, {np.inf}),
    ],
    "dropout": [Interval(Real, 0, 1, closed="left"), Iterable],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "dtype": [StrOptions({"auto", "input", "float32", "float64"})],
}

_DOCS = """\
hidden_layer_sizes : int or iterable of int, default=(100,)
    Number of units of each hidden layer; ``()`` is a network of one layer, that is linear,
    logistic or softmax regression.

activation : {activations}, default="relu"
    Activation function of the hidden layers. It also decides the initial weights: Glorot's
    uniform distribution for those of scikit-learn's MLP and softplus, LeCun's for selu, He's
    for the others.

solver : {solvers}, default="adam"
    The optimiser. "adamw" is Adam with decoupled ``weight_decay``. "rmsprop" decays its
    average of squared gradients by ``beta_2`` and corrects it for its start at zero.

alpha : float, default=0.0001
    Strength of the L2 penalty ``0.5 * alpha * sum(W ** 2)`` on the weights, not the biases;
    divided by the sum of the sample weights of a batch when added to its mean loss.

batch_size : int or "auto", default="auto"
    Rows of a batch; "auto" is ``min(200, n_samples)``.

learning_rate_init : float, default=0.001
    Learning rate.

max_iter : int, default=200
    Maximum number of epochs.

shuffle : bool, default=True
    Whether to draw a new order of the rows in each epoch.

random_state : int, RandomState instance or None, default=None
    Decides initial weights, order of the rows, dropout masks and the validation split. An int
    makes the result the same bits in every run, whatever the number of threads.

tol : float, default=1e-4
    An epoch improves if it lowers the training loss, or raises the validation score with
    ``early_stopping``, by at least ``tol``.

verbose : bool or int, default=False
    Whether to print the loss of every epoch.

momentum : float, default=0.9
    Momentum, between 0 and 1. Only used by ``solver="sgd"``.

nesterovs_momentum : bool, default=True
    Whether to use Nesterov's momentum. Only used by ``solver="sgd"``.

early_stopping : bool, default=False
    Whether to hold out ``validation_fraction`` of the rows, to stop when their score does not
    improve, and to keep the weights of the best epoch.

validation_fraction : float, default=0.1
    Part of the rows to hold out. Only used with ``early_stopping``.

beta_1 : float, default=0.9
    Decay of the average of gradients. Only used by "adam" and "adamw".

beta_2 : float, default=0.999
    Decay of the average of squared gradients. Not used by "sgd".

epsilon : float, default=1e-8
    Added to the root of the average of squared gradients. Not used by "sgd".

n_iter_no_change : int or inf, default=10
    Stop after more than this number of epochs in a row without an improvement.

dropout : float or iterable of float, default=0.0
    Probability to drop a hidden unit while training: one for all hidden layers, or one each.

weight_decay : float, default=0.01
    Each step multiplies the weights, not the biases, by ``1 - learning_rate * weight_decay``.
    Only used by ``solver="adamw"``.

dtype : {{"auto", "input", "float32", "float64"}}, default="auto"
    Of parameters and arithmetic. "auto" is float32 for float32 data; for other data it is
    float64 while an epoch takes at most 10**7 multiplications in a forward pass, and float32
    above that, where it is twice as fast. "input" is float32 for float32 data and float64 for
    any other, as in scikit-learn's MLP.\
"""


def _choices(names: Iterable[str]) -> str:
    return "{" + ", ".join(f'"{name}"' for name in names) + "}"


_ATTRIBUTE_DOCS = """\
coefs_ : list of (n_in, n_out) arrays
    Weights of every layer: views of one vector, so that writing into them changes predictions.

intercepts_ : list of (n_out,) arrays
    Biases of every layer, views like ``coefs_``.

n_features_in_ : int
    Number of features seen during :term:`fit`.

feature_names_in_ : (n_features_in_,) array of str
    Names of the features, if ``X`` had names that are all strings.

n_iter_ : int
    Number of epochs that were run.

n_layers_ : int
    Number of layers, input and output included.

n_outputs_ : int
    Number of outputs of the network.

out_activation_ : str
    Activation of the output: {links}.

t_ : int
    Number of training samples seen, repetitions included.

loss_ : float
    Training loss of the last epoch, penalty included.

best_loss_ : float or None
    Least training loss; None with ``early_stopping``.

loss_curve_ : list of float
    Training loss of every epoch.

validation_loss_curve_ : list of float or None
    Loss on the held-out rows after every epoch; None without ``early_stopping``.

validation_scores_ : list of float or None
    {score} on the held-out rows after every epoch; None without ``early_stopping``.

best_validation_score_ : float or None
    The best of them; its epoch's weights were kept.\
"""


def documented(**words: str) -> Callable[[type], type]:
    """Class decorator: put the shared texts into the places that a docstring names for them."""

    def indent(text: str) -> str:
        return "\n".join(f"    {line}" if line else "" for line in text.splitlines()).lstrip()

    def decorate(cls: type) -> type:
        parameters = _DOCS.format(activations=_choices(ACTIVATIONS), solvers=_choices(OPTIMIZERS))
        if cls.__doc__:  # absent under python -OO
            cls.__doc__ = cls.__doc__.replace("<parameters>", indent(parameters)).replace(
                "<attributes>", indent(_ATTRIBUTE_DOCS.format(**words))
            )
        return cls

    return decorate


def hidden_sizes(value: Any) -> tuple[int, ...]:
    """Sizes of the hidden layers as a tuple."""
    if isinstance(value, Integral):
        return (int(value),)
    # A generator would be empty at the second fit, and the network silently linear.
    sizes = () if isinstance(value, (Iterator, str)) else tuple(value)
    valid = all(isinstance(n, Integral) and not isinstance(n, bool) and int(n) > 0 for n in sizes)
    if isinstance(value, (Iterator, str)) or not valid:
        raise InvalidParameterError(
            "The 'hidden_layer_sizes' parameter must be an int or an iterable of ints (not an "
            f"iterator, which can be read only once), all > 0. Got {value!r} instead."
        )
    return tuple(int(size) for size in sizes)


def dropout_rates(value: Any, n_hidden: int) -> tuple[float, ...]:
    """One rate for each hidden layer."""
    if isinstance(value, Real):
        return (float(value),) * n_hidden
    rates = () if isinstance(value, (Iterator, str)) else tuple(value)
    if len(rates) != n_hidden or not all(isinstance(r, Real) and 0 <= float(r) < 1 for r in rates):
        raise InvalidParameterError(
            "The 'dropout' parameter must be a float in the range [0, 1) or one such float for "
            f"each of the {n_hidden} hidden layers. Got {value!r} instead."
        )
    return tuple(float(rate) for rate in rates)
