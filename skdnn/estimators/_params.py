"""The parameters that both estimators share: what is accepted, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from numbers import Integral, Real
from typing import Any

import numpy as np

from skdnn._settings import HasMethods
from skdnn._sklearn import Interval, InvalidParameterError, Options, StrOptions
from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.optimizers import OPTIMIZERS
from skdnn.network.embeddings import EMBEDDINGS, NumericEmbedding
from skdnn.training.schedules import REGULARIZATION_SCHEDULES, SCHEDULES
from skdnn.training.settings import AUTO, BY_ROWS

CONSTRAINTS: dict[str, list] = {
    "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
    "feature_scaling": [StrOptions({"robust", "standard"}), None],
    "numeric_embedding": [
        StrOptions(set(EMBEDDINGS)),
        NumericEmbedding,
        list,
        tuple,
        None,
    ],
    "hidden_layer_sizes": [Iterable, Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions(set(ACTIVATIONS))],
    "solver": [StrOptions({*OPTIMIZERS, "lbfgs"})],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({AUTO, BY_ROWS}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions(set(SCHEDULES)), HasMethods("factors")],
    "learning_rate_init": [StrOptions({AUTO}), Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [StrOptions({AUTO}), Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean", StrOptions({"auto"})],
    "validation_fraction": [
        Interval(Real, 0, 1, closed="left"),
        HasMethods(["split", "get_n_splits"]),
    ],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [
        Interval(Integral, 1, None, closed="left"),
        Options(Real, {np.inf}),
    ],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "dropout": [
        StrOptions({AUTO}),
        Interval(Real, 0, 1, closed="left"),
        list,
        tuple,
        np.ndarray,
    ],
    "input_dropout": [Interval(Real, 0, 1, closed="left")],
    "normalization": [StrOptions({"batch", "layer"}), None],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    "clip_norm": [Interval(Real, 0, None, closed="neither"), Options(Real, {np.inf})],
    "regularization_schedule": [
        StrOptions(set(REGULARIZATION_SCHEDULES)),
        HasMethods("factors"),
    ],
    "scoring": [str, callable, None],
    "max_time": [Interval(Real, 0, None, closed="neither"), Options(Real, {np.inf})],
    "n_members": [Interval(Integral, 1, None, closed="left")],
    "n_jobs": [
        Interval(Integral, 1, None, closed="left"),
        Interval(Integral, None, -1, closed="right"),
        None,
    ],
    "dtype": [StrOptions({"auto", "input", "float32", "float64"})],
}

#: The shared parameters in groups; those of the targets are told by each estimator.
_DOCS = """\
hidden_layer_sizes : int or iterable of int, default=(128, 128)
    **Network.** Number of units of each hidden layer; ``()`` is a network of one layer, that is
    linear, logistic or softmax regression.

activation : {activations}, default="mish"
    Activation function of the hidden layers. It also decides the initial weights: Glorot's
    uniform distribution for those of scikit-learn's MLP and softplus, LeCun's for selu, He's
    for the others. Unless X is taken as it is (numbers without missing values, scaling or
    embedding, or sparse rows), those of the hidden layers are then adapted to the training rows,
    layer by layer: the sums that enter a unit have deviation 1, and its bias puts their zero at a
    random quantile of them.

normalization : {{"batch", "layer"}} or None, default=None
    Normalisation of the hidden units before their activation: over the rows of a batch, weighted
    by ``sample_weight``, with running moments for predictions, or over the units of a row. The
    biases of these layers are added behind it. "batch" is not for ``solver="lbfgs"``.

categorical_features : "from_dtype", array-like of {{bool, int, str}} or None, \
        default="from_dtype"
    **Columns of X.** Which columns hold categories, as in histogram gradient boosting: by dtype
    (categorical, string, bool, and objects that are not all numbers), by a mask, positions or
    names, or none. Two categories become one unit, up to 32 one unit each, and of more each has a
    learned vector of length 8 (in tables with more than 100 such columns already of fewer than
    32: down to 8). Missing is a category of its own if it occurs in training; what
    training has not seen is no category. In other columns missing numbers become the median, and
    a unit says where that was. Sparse rows have no categories.

feature_scaling : {{"robust", "standard"}} or None, default="robust"
    Of the numeric columns, by the training rows and their weights. "robust" is
    ``(x - median) / interquartile range``, then the smooth clip ``x / sqrt(1 + (x / 3) ** 2)``:
    outliers stay near. "standard" is mean 0 and deviation 1.

numeric_embedding : {{"mixed", "piecewise_linear", "periodic"}}, settings object, sequence of \
        these or None, default="mixed"
    What becomes of a number: see :class:`PiecewiseLinear` and :class:`Periodic`; None is the
    number itself. The members take the items of a sequence in turn. "mixed" is
    ``[PiecewiseLinear(16), PiecewiseLinear(48), Periodic(), Periodic(sigma=0.5)]``: members that
    see different things err differently. With a single member it is the first of them. In tables
    of more than 100 numbers a name stands for fewer bins, or frequencies, of each: all numbers
    together make as many inputs as 100 would, but each at least one. Objects are always what they
    say.

{targets}

solver : {solvers}, default="adamw"
    **Optimisation.** "adamw" is Adam with decoupled ``weight_decay``. "rmsprop" decays its
    average of squared gradients by ``beta_2`` and corrects it for its start at zero. "lbfgs" is
    SciPy's L-BFGS-B over all rows at once, best for some hundred rows: each member has a line
    search of its own and ends by ``tol`` or where the loss falls by less than its precision; the
    parameters of learning rate and batches have no effect.

learning_rate_init : float or "auto", default="auto"
    Learning rate; the highest one with "cosine", "one_cycle" and "coslog4". "auto" is 0.01, but
    0.001 for "sgd", whose steps grow with the gradient.

learning_rate : {schedules} or settings object, default="coslog4"
    Schedule of the learning rate, for every solver but "lbfgs". "invscaling" divides
    ``learning_rate_init`` by ``(t + 1) ** power_t`` after ``t`` samples; "adaptive" divides the
    rate by 5 where training would stop, until it is below 1e-6; "cosine", "one_cycle" and
    "coslog4" are :class:`Cosine`, :class:`OneCycle` and :class:`CosLog` with their defaults,
    laid over ``max_iter`` epochs: with ``n_iter_no_change=np.inf`` training goes to their end,
    which is then no reason to warn. Each call of ``partial_fit`` is an epoch; after ``max_iter``
    of them a schedule begins anew.

power_t : float, default=0.5
    Exponent of ``learning_rate="invscaling"``.

batch_size : int, "by_rows" or "auto", default="by_rows"
    Rows of a batch. "by_rows" is all up to 100 training rows, then 64 up to 3,000, 128 up to
    30,000, 256 up to 100,000, and 512. "auto" is ``min(200, n_samples)``, as in scikit-learn's
    MLP.

shuffle : bool, default=True
    Whether to draw a new order of the rows in each epoch.

momentum : float, default=0.9
    Momentum, between 0 and 1. Only used by ``solver="sgd"``.

nesterovs_momentum : bool, default=True
    Whether to use Nesterov's momentum. Only used by ``solver="sgd"``.

beta_1 : float, default=0.9
    Decay of the average of gradients. Only used by "adam" and "adamw".

beta_2 : float, default=0.95
    Decay of the average of squared gradients. Not used by "sgd".

epsilon : float, default=1e-8
    Added to the root of the average of squared gradients. Not used by "sgd".

clip_norm : float, default=inf
    Longest gradient of a batch's loss, over all parameters; a longer one is
    shortened to it before the penalty is added. Not used by "lbfgs".

max_fun : int, default=15000
    Maximum number of evaluations of the loss of a member. Only used by ``solver="lbfgs"``.

alpha : float, default=0.0
    **Regularisation.** Strength of the penalty
    ``alpha * (l1_ratio * sum(abs(W)) + (1 - l1_ratio) / 2 * sum(W ** 2))`` on the weights, not
    the biases. It is added to the sum of the weighted losses of a batch before
    both are divided: by the rows of the batch times the mean sample weight of the data set.

l1_ratio : float, default=0.0
    Share of the L1 penalty in ``alpha``, between 0 and 1: it makes weights exactly zero. Not for
    ``solver="lbfgs"``, which needs a smooth penalty.

weight_decay : float, default=0.1
    Each step multiplies the weights, not the biases, by ``1 - learning_rate * weight_decay``.
    Only used by ``solver="adamw"``.

dropout : float, list or tuple of float or "auto", default="auto"
    Probability to drop a hidden unit while training: one for all hidden
    layers, or one each. "auto" is 0.2, but 0 up to 100 training rows and with
    "lbfgs", which needs the same loss in each evaluation and takes nothing else.

input_dropout : float, default=0.0
    Probability to drop a feature of a row while training. Not for ``solver="lbfgs"``.

regularization_schedule : {regularization_schedules} or settings object, default="flat_cos"
    Schedule of ``dropout``, ``input_dropout`` and ``weight_decay``. "flat_cos"
    keeps them for the first half of ``max_iter`` epochs, then lowers them to zero along a cosine.

max_iter : int or "auto", default="auto"
    **End of training.** Maximum number of epochs (of iterations with "lbfgs"). "auto" is 120
    up to 2,000 training rows, 60 up to 30,000, then ``1_800_000 / n_samples``, at least 12; 100
    with "lbfgs", where not to have converged by then is a reason to warn only if
    ``early_stopping`` has not chosen the best iteration.

max_time : float, default=inf
    Seconds after which no other epoch is begun.

tol : float, default=1e-4
    An epoch improves if it lowers the training loss, or raises the validation
    score with ``early_stopping``, by at least ``tol``. A member that "lbfgs" trains ends where no
    item of the gradient is larger.

n_iter_no_change : int or inf, default=inf
    Stop after more than this number of epochs in a row without an
    improvement (of any member, where each has a hold-out of its own); inf is never.

early_stopping : bool or "auto", default="auto"
    **Validation.** Whether to go by the score of rows that are not trained on: to stop when it
    has not improved for more than ``n_iter_no_change`` epochs, and to keep the weights of the
    epoch with the best one. The rows are ``X_val`` of :meth:`fit`, or those that
    ``validation_fraction`` holds out. "auto" does so with ``X_val`` and with more than 100 rows.

validation_fraction : float or cross-validation splitter, default=0.1
    What to hold out for early stopping. A fraction of the rows, at least two of them and one of
    each class: a stratified draw for classes, of whole groups if ``fit`` is given ``groups``; a
    draw of its own for each member, so that the members together are trained on all rows or
    nearly. Of a rare class, or label, each member holds out another row, of two or three rows only
    some do, and a single one is always trained on. Or a splitter such as ``GroupKFold()`` or
    ``TimeSeriesSplit()``: its last split, and for further members those before it, in turn.

scoring : str, callable or None, default={scoring}
    What ``early_stopping`` goes by: the name of a scorer, "loss" for the validation
    loss, or a callable ``scorer(estimator, X, y)`` that is given ``sample_weight`` by keyword, if
    there are weights and it takes them; higher is better. None is the estimator's own
    :meth:`score`. Metrics of probabilities know all classes. What a score cannot judge (it raises
    ``ValueError`` or is NaN, or rows without a positive one have 0 for any prediction) the
    validation loss judges, with a warning, as it does a single row. Without one it judges what is
    too few rows of unequal weight for the accuracy, fewer than five by weight.

n_members : int, default=4
    **Members.** Number of networks whose predictions are averaged, with inputs (see
    ``numeric_embedding``), initial weights, order of rows, dropout and hold-outs of their own.
    With early stopping each keeps the epoch that is best for its own hold-out; with ``X_val``
    all keep that whose average is best. Without early stopping the first one is that of
    ``n_members=1``.

n_jobs : int or None, default=None
    Threads for members, for the steps of a wide network (about 10**7 multiplications and more)
    if there are fewer members than threads, and for blocks of rows in predictions: -1 is all
    cores; None, too, or ``OMP_NUM_THREADS``, as in histogram gradient boosting, but 1 inside of
    a parallel search. Results do not depend on it.

random_state : int, RandomState instance or None, default=None
    **State.** Decides initial weights, order of the rows, dropout masks and the validation
    splits. An int makes the result the same bits in every run, whatever the number of threads.
    Where X is taken as it is (as by ``preset("mlp")``), the initial weights with "identity",
    "logistic", "tanh" and "relu" are those of scikit-learn's MLP with the same ``random_state``.

warm_start : bool, default=False
    Whether ``fit`` goes on from the network of the last call, with the optimiser's averages and
    the random streams where they were. What was learned of the columns before the training
    (kinds, categories, scales, bins) stays, whatever the parameters of the columns say now.

verbose : bool or int, default=False
    Whether to print the loss of every epoch.

dtype : {{"auto", "input", "float32", "float64"}}, default="auto"
    "auto" is float32 for float32 arrays; for other data, data frames among them, it is float64
    while an epoch takes at most 10**7 multiplications in a forward pass (of more than four
    members, 4 * 10**7 of all), and float32 above that, where it is twice as fast. (The folds of
    a cross-validation may be on one side of the limit and its refit on the other: force one to
    compare bits.) "input" is float32 for
    float32 arrays and float64 for anything else.\
"""


def _choices(names: Iterable[str]) -> str:
    return "{" + ", ".join(f'"{name}"' for name in names) + "}"


_ATTRIBUTE_DOCS = """\
coefs_ : list of (n_in, n_out) arrays
    Weights of every layer: views of one vector, so that writing into them changes predictions.
    Those of the first layer have a row for each input that is made of the columns. With several
    members (n_members, n_in, n_out) arrays or, where their inputs differ, a list of (n_in, n_out)
    arrays for each layer.

intercepts_ : list of (n_out,) arrays
    Biases of every layer, views like ``coefs_``; with ``normalization`` they are added behind it.

n_features_in_ : int
    Number of columns of ``X`` seen during :term:`fit`.

feature_names_in_ : (n_features_in_,) array of str
    Names of the columns, if ``X`` had names that are all strings.

n_iter_ : int
    Number of epochs that were run.

n_layers_ : int
    Number of layers, input and output included.

n_parameters_ : int
    Number of weights, biases and other learned numbers of all members.

batch_size_ : int
    Rows of a batch, of the first member: what ``batch_size`` came to; all with "lbfgs".

max_iter_ : int
    What ``max_iter`` came to.

learning_rate_init_ : float
    What ``learning_rate_init`` came to. Not used by "lbfgs".

dropout_ : tuple of float
    Rate of each hidden layer: what ``dropout`` came to.

dtype_ : numpy dtype
    Of the network: what ``dtype`` came to.

is_categorical_ : (n_features_in_,) array of bool or None
    Which columns are taken as categories; None if none is.

n_outputs_ : int
    Number of outputs of the network.

out_activation_ : str
    Activation of the output: {links}.

do_early_stopping_ : bool
    Whether ``early_stopping`` was in force.

t_ : int
    Number of training samples that the first member has seen, repetitions included.

loss_ : float
    The last item of ``loss_curve_``.

best_loss_ : float or None
    Least training loss; None with early stopping.

loss_curve_ : list of float
    Training loss of every epoch, penalty included, the mean over the members; {loss_units}.

history_ : dict of lists
    Curves by name, one value an epoch: epoch, loss, validation_loss and validation_score with
    validation rows, learning_rate (of the last step), seconds. Fits a ``pandas.DataFrame``.

validation_loss_curve_ : list of float or None
    Loss on the validation rows after every epoch; None without such rows. Of several members
    that of their average on ``X_val``, or the mean of each one's on its own hold-out.

validation_scores_ : list of float or None
    Score of the validation rows after every epoch, by ``scoring``, as the losses, of the
    hold-outs that it can judge; the negative losses if it can judge none. None without such rows.

best_validation_score_ : float or None
    The best of them. With early stopping the weights of its epoch were kept; by members with
    hold-outs of their own, those of the epoch that each was best in.\
"""


def documented(**words: str) -> Callable[[type], type]:
    """Class decorator: put the shared texts into the places that a docstring names for them."""

    def indent(text: str) -> str:
        return "\n".join(f"    {line}" if line else "" for line in text.splitlines()).lstrip()

    def decorate(cls: type) -> type:
        parameters = _DOCS.format(
            activations=_choices(ACTIVATIONS),
            schedules=_choices(SCHEDULES),
            regularization_schedules=_choices(REGULARIZATION_SCHEDULES),
            solvers=_choices([*OPTIMIZERS, "lbfgs"]),
            scoring=words["scoring"],
            targets="",
        )
        network, training = parameters.split("\n\n\n\n")
        if cls.__doc__:  # absent under python -OO
            for place, text in (
                ("<network>", network), ("<training>", training),
                ("<attributes>", _ATTRIBUTE_DOCS.format(**words)),
            ):  # fmt: skip
                cls.__doc__ = cls.__doc__.replace(place, indent(text))
        return cls

    return decorate


def as_sequence(value: Any) -> tuple | None:
    """The items of an ordered container that can be read again, otherwise None.

    A generator would be empty at the second fit, and the network silently linear.
    """
    wrong = Iterator | Set | Mapping | str | bytes
    if isinstance(value, wrong) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return None
    return tuple(value)


def hidden_sizes(value: Any) -> tuple[int, ...]:
    """Sizes of the hidden layers as a tuple."""

    def is_size(item: Any) -> bool:
        return isinstance(item, Integral) and not isinstance(item, bool) and 0 < int(item) < 2**31

    sizes = (value,) if isinstance(value, Integral | np.bool_) else as_sequence(value)
    if sizes is None or not all(is_size(size) for size in sizes):
        raise InvalidParameterError(
            "The 'hidden_layer_sizes' parameter must be an int or a sequence of ints (not an "
            "iterator, which can be read only once), all in the range [1, 2**31 - 1]. "
            f"Got {value!r} instead."
        )
    return tuple(int(size) for size in sizes)


def dropout_rates(value: Any, n_hidden: int) -> tuple[float, ...]:
    """One rate for each hidden layer."""
    rates = (value,) * n_hidden if isinstance(value, Real) else as_sequence(value)
    if (
        rates is None
        or len(rates) != n_hidden
        or not all(isinstance(rate, Real) and 0 <= float(rate) < 1 for rate in rates)
    ):
        raise InvalidParameterError(
            "The 'dropout' parameter must be a float in the range [0, 1) or one such float for "
            f"each of the {n_hidden} hidden layers. Got {value!r} instead."
        )
    return tuple(float(rate) for rate in rates)


def check_solver(estimator: Any, dropout: tuple[float, ...]) -> None:
    """Raise if a parameter asks L-BFGS for what it cannot do."""
    if estimator.solver != "lbfgs":
        return
    same = "which needs the same loss in each evaluation"
    for name, accepted, reason in (
        ("dropout", not any(dropout), f"0 with solver='lbfgs', {same}"),
        ("input_dropout", estimator.input_dropout == 0, f"0 with solver='lbfgs', {same}"),
        ("normalization", estimator.normalization != "batch",
         f"'layer' or None with solver='lbfgs', {same}"),
        ("l1_ratio", estimator.l1_ratio == 0,
         "0 with solver='lbfgs', which needs a smooth penalty"),
    ):  # fmt: skip
        if not accepted:
            raise InvalidParameterError(
                f"The {name!r} parameter must be {reason}. "
                f"Got {getattr(estimator, name)!r} instead."
            )
