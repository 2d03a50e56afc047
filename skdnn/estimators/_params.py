"""The parameters that both estimators share: what is accepted, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import cleandoc
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np

from skdnn._settings import HasMethods
from skdnn._sklearn import Interval, Options, StrOptions
from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.optimizers import OPTIMIZERS
from skdnn.network.embeddings import EMBEDDINGS, NumericEmbedding
from skdnn.training.schedules import REGULARIZATION_SCHEDULES, SCHEDULES
from skdnn.training.settings import AUTO, BY_ROWS


class Parameter(NamedTuple):
    """What a parameter accepts, and its type and meaning as in a docstring of numpydoc."""

    constraints: list
    doc: str


def _choices(names: Iterable[str]) -> str:
    return "{" + ", ".join(f'"{name}"' for name in names) + "}"


#: The parameters that both estimators share, in the order of the constructors and in groups.
PARAMETERS: dict[str, Parameter] = {
    "hidden_layer_sizes": Parameter(
        [Iterable, Interval(Integral, 1, None, closed="left")],
        """
        int or iterable of int, default=(128, 128)
            **Network.** Number of units of each hidden layer. ``()`` has no hidden layer, which is
            linear, logistic or softmax regression.
        """,
    ),
    "activation": Parameter(
        [StrOptions({AUTO, *ACTIVATIONS})],
        f"""
        {_choices([AUTO, *ACTIVATIONS])}, default="auto"
            Activation function of the hidden layers. "auto" is "mish", and with ``monotonic_cst``
            "elu". It also decides the initial weights: Glorot's uniform distribution for the
            activations of scikit-learn's MLP and softplus, LeCun's for selu, He's for the others.
            If X is encoded (see ``feature_scaling``), the initial
            weights of the hidden layers are then adapted to the training rows, layer by layer: the
            pre-activations of a unit have standard deviation 1, and its bias puts their zero at a
            random quantile of them.
        """,
    ),
    "normalization": Parameter(
        [StrOptions({"batch", "layer"}), None],
        """
        {"batch", "layer"} or None, default=None
            Normalization of the pre-activations of the hidden layers. "batch" normalizes each unit
            over the rows of a batch, weighted by ``sample_weight``, and uses running averages in
            predictions; "layer" normalizes each row over the units. The biases of these layers are
            added after it. "batch" is not available with ``solver="lbfgs"``.
        """,
    ),
    "categorical_features": Parameter(
        ["array-like", StrOptions({"from_dtype"}), None],
        """
        "from_dtype", array-like of {bool, int, str} or None, default="from_dtype"
            **Columns of X.** Which columns are categorical: by dtype, by a boolean mask, by
            positions or names, or none. "from_dtype" takes pandas' categorical dtype, as in
            histogram gradient boosting, and also strings, bool, and objects that are not all
            numbers. A column with two categories becomes one input, one with up to 32 is one-hot
            encoded, and one with more gets a learned embedding of length 8 (in tables with more
            than 100 categorical columns already one with fewer, down to 8). Missing values are a
            category of their own if there are any in training; categories that are not seen in
            training are encoded as zeros. In numeric columns missing values are imputed by the
            median, with an indicator. Sparse X has no categories.
        """,
    ),
    "feature_scaling": Parameter(
        [StrOptions({"robust", "standard"}), None],
        """
        {"robust", "standard"} or None, default="robust"
            How numeric columns are scaled, by statistics of the training rows and their weights.
            "robust" is ``(x - median) / interquartile range``, followed by the smooth clipping
            ``x / sqrt(1 + (x / 3) ** 2)``, which limits outliers. "standard" is mean 0 and standard
            deviation 1. With None, and ``numeric_embedding=None``, numbers without missing values
            are the inputs as they are.
        """,
    ),
    "numeric_embedding": Parameter(
        [
            StrOptions(set(EMBEDDINGS)),
            NumericEmbedding,
            list,
            tuple,
            None,
        ],
        """
        {"mixed", "piecewise_linear", "periodic"}, settings object, sequence of these or \
None, default="mixed"
            How a number is encoded: see :class:`PiecewiseLinear` and :class:`Periodic`. None is the
            number itself. The members take the items of a sequence in turn. "mixed" is
            ``[PiecewiseLinear(16), PiecewiseLinear(48), Periodic(), Periodic(sigma=0.5)]``: members
            with different inputs make different errors. A single member takes the first item. In
            tables with more than 100 numeric columns the names stand for fewer bins, or
            frequencies, of each column: all columns together make as many inputs as 100 would, and
            at least one each. Settings objects are always used as they are.
        """,
    ),
    "monotonic_cst": Parameter(
        ["array-like", dict, None],
        """
        array-like of int of shape (n_features,), dict or None, default=None
            Monotonic constraints, as in histogram gradient boosting: 1 if predictions must not
            decrease as the column increases, -1 if they must not increase, 0 if they may do either;
            by position, or by name in a dict, which may leave out columns. They hold for any values
            of the other columns, for each member, output and quantile, and for the probability of
            the second of two classes or of each label. Columns must be numeric; a missing value may
            be predicted as anything. Not available for more than two classes, with
            ``normalization="layer"``, and with the activations "gelu", "silu" and "mish", which
            decrease somewhere. Constrained columns have no periodic embedding.
        """,
    ),
    "solver": Parameter(
        [StrOptions({*OPTIMIZERS, "lbfgs"})],
        f"""
        {_choices([*OPTIMIZERS, "lbfgs"])}, default="adamw"
            **Optimization.** "adamw" is Adam with decoupled ``weight_decay``. "rmsprop" averages
            squared gradients with ``beta_2``, and corrects the average for its start at zero.
            "lbfgs" is SciPy's L-BFGS-B on all rows at once, and best for some hundred rows; each
            member has its own line search, and ends by ``tol`` or when the loss decreases by less
            than its precision. It does not use the parameters of learning rate and batches.
        """,
    ),
    "learning_rate_init": Parameter(
        [StrOptions({AUTO}), Interval(Real, 0, None, closed="neither")],
        """
        float or "auto", default="auto"
            Learning rate; with "cosine", "one_cycle" and "coslog4" the highest one. "auto" is 0.015
            in a ``fit`` with 101 to 12,000 training rows, which has few epochs, and 0.01 otherwise;
            with "sgd", whose steps grow with the gradient, 0.001.
        """,
    ),
    "learning_rate": Parameter(
        [StrOptions(set(SCHEDULES)), HasMethods("factors")],
        f"""
        {_choices(SCHEDULES)} or settings object, default="coslog4"
            Schedule of the learning rate. Not used by "lbfgs". "invscaling" divides
            ``learning_rate_init`` by ``(t + 1) ** power_t`` after ``t`` samples; "adaptive" divides
            the rate by 5 when training would stop, until it is below 1e-6; "cosine", "one_cycle"
            and "coslog4" are :class:`Cosine`, :class:`OneCycle` and :class:`CosLog` with their
            defaults. They take ``max_iter`` epochs: with ``n_iter_no_change=np.inf`` training goes
            to their end, without a warning. Each call of ``partial_fit`` is an epoch; after
            ``max_iter`` calls a schedule starts again.
        """,
    ),
    "power_t": Parameter(
        [Interval(Real, 0, None, closed="left")],
        """
        float, default=0.5
            Exponent of ``learning_rate="invscaling"``.
        """,
    ),
    "batch_size": Parameter(
        [StrOptions({AUTO, BY_ROWS}), Interval(Integral, 1, None, closed="left")],
        """
        int, "by_rows" or "auto", default="by_rows"
            Number of rows of a batch. "by_rows" depends on the number of training rows: all of them
            up to 100, then 64 up to 3,000 rows, 128 up to 30,000, 256 up to 100,000, and 512 above.
            "auto" is ``min(200, n_samples)``, as in scikit-learn's MLP.
        """,
    ),
    "shuffle": Parameter(
        ["boolean"],
        """
        bool, default=True
            Whether to shuffle the rows in each epoch.
        """,
    ),
    "momentum": Parameter(
        [Interval(Real, 0, 1, closed="both")],
        """
        float, default=0.9
            Momentum, between 0 and 1. Only used by ``solver="sgd"``.
        """,
    ),
    "nesterovs_momentum": Parameter(
        ["boolean"],
        """
        bool, default=True
            Whether to use Nesterov's momentum. Only used by ``solver="sgd"``.
        """,
    ),
    "beta_1": Parameter(
        [Interval(Real, 0, 1, closed="left")],
        """
        float, default=0.9
            Exponential decay rate of the average of gradients. Only used by "adam" and "adamw".
        """,
    ),
    "beta_2": Parameter(
        [Interval(Real, 0, 1, closed="left")],
        """
        float, default=0.95
            Exponential decay rate of the average of squared gradients. Not used by "sgd" and
            "lbfgs".
        """,
    ),
    "epsilon": Parameter(
        [Interval(Real, 0, None, closed="neither")],
        """
        float, default=1e-8
            Added to the square root of the average of squared gradients. Not used by "sgd" and
            "lbfgs".
        """,
    ),
    "clip_norm": Parameter(
        [Interval(Real, 0, None, closed="neither"), Options(Real, {np.inf}), StrOptions({AUTO})],
        """
        float or "auto", default="auto"
            Maximum norm of the gradient of a batch, over all parameters and before the penalty is
            added. Larger gradients are scaled to it. "auto" is 1 with ``loss="normal"``, whose
            gradients are very large where predicted standard deviations are too small, and infinite
            with other losses. Not used by "lbfgs".
        """,
    ),
    "max_fun": Parameter(
        [Interval(Integral, 1, None, closed="left")],
        """
        int, default=15000
            Maximum number of evaluations of the loss of a member. Only used by ``solver="lbfgs"``.
        """,
    ),
    "alpha": Parameter(
        [Interval(Real, 0, None, closed="left")],
        """
        float, default=0.0
            **Regularization.** Strength of the elastic-net penalty
            ``alpha * (l1_ratio * sum(abs(W)) + (1 - l1_ratio) / 2 * sum(W ** 2))`` on the weights,
            not the biases. As in scikit-learn's MLP it is divided by the number of rows of the
            batch; with sample weights by that number times their mean over the data set.
        """,
    ),
    "l1_ratio": Parameter(
        [Interval(Real, 0, 1, closed="both")],
        """
        float, default=0.0
            Share of the L1 penalty, between 0 and 1. It makes weights exactly zero. Must be 0 with
            ``solver="lbfgs"``, which needs a smooth penalty.
        """,
    ),
    "weight_decay": Parameter(
        [Interval(Real, 0, None, closed="left")],
        """
        float, default=0.1
            Each step multiplies the weights, not the biases, by
            ``1 - learning_rate * weight_decay``. Only used by ``solver="adamw"``.
        """,
    ),
    "dropout": Parameter(
        [
            StrOptions({AUTO}),
            Interval(Real, 0, 1, closed="left"),
            list,
            tuple,
            np.ndarray,
        ],
        """
        float, list or tuple of float or "auto", default="auto"
            Probability of a hidden unit to be dropped in training: one for all hidden layers, or
            one each. "auto" is 0.1, and 0 up to 100 training rows and with "lbfgs", which must have
            0.
        """,
    ),
    "input_dropout": Parameter(
        [Interval(Real, 0, 1, closed="left")],
        """
        float, default=0.0
            Probability of an input to be dropped in training; the bins of a number, or the one-hot
            inputs of a category, are dropped together. Must be 0 with ``solver="lbfgs"``.
        """,
    ),
    "regularization_schedule": Parameter(
        [
            StrOptions(set(REGULARIZATION_SCHEDULES)),
            HasMethods("factors"),
        ],
        f"""
        {_choices(REGULARIZATION_SCHEDULES)} or settings object, default="flat_cos"
            Schedule of ``dropout``, ``input_dropout`` and ``weight_decay``. "flat_cos" keeps them
            for the first half of ``max_iter`` epochs, then lowers them to zero along a cosine.
        """,
    ),
    "max_iter": Parameter(
        [StrOptions({AUTO}), Interval(Integral, 1, None, closed="left")],
        """
        int or "auto", default="auto"
            **Stopping.** Maximum number of epochs, or of iterations of "lbfgs". "auto" is 60 up to
            2,000 training rows, ``60 * (2_000 / n_samples) ** 0.8`` and at least 24 up to 12,000,
            40 up to 20,000, 60 up to 30,000, then ``60 * (30_000 / n_samples) ** 1.8`` and at
            least 6. With "lbfgs" it is 100, and a warning of no convergence is given only if
            ``early_stopping`` has not chosen the best iteration.
        """,
    ),
    "max_time": Parameter(
        [Interval(Real, 0, None, closed="neither"), Options(Real, {np.inf})],
        """
        float, default=inf
            Seconds after which no further epoch is started.
        """,
    ),
    "tol": Parameter(
        [Interval(Real, 0, None, closed="left")],
        """
        float, default=1e-4
            Minimum decrease of the training loss, or with ``early_stopping`` minimum increase of
            the validation score, to count as an improvement. "lbfgs" ends when no component of the
            gradient is larger.
        """,
    ),
    "n_iter_no_change": Parameter(
        [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        """
        int or inf, default=inf
            Maximum number of consecutive epochs without an improvement; with a hold-out for each
            member, without one of any member. inf never stops.
        """,
    ),
    "early_stopping": Parameter(
        ["boolean", StrOptions({"auto"})],
        """
        bool or "auto", default="auto"
            **Validation.** Whether to use the score of held-out rows to stop training, when it has
            not improved for more than ``n_iter_no_change`` epochs, and to keep the weights of the
            best epoch. With :class:`CosLog`, the default, that is one at the end of a cycle, in
            which the learning rate is at most a quarter of its maximum. The held-out rows are
            ``X_val`` of :meth:`fit`, or drawn by ``validation_fraction``. "auto" is True with
            ``X_val`` and with more than 100 rows (10,000 in histogram gradient boosting).
        """,
    ),
    "validation_fraction": Parameter(
        [
            Interval(Real, 0, 1, closed="left"),
            HasMethods(["split", "get_n_splits"]),
        ],
        """
        float or cross-validation splitter, default=0.1
            The hold-out for early stopping. A float is the fraction of rows, at least two of them
            and one of each class: stratified for classes, by whole groups if ``fit`` is given
            ``groups``. The members together are trained on nearly all rows: up to three have a
            hold-out each; more share them, four members two and sixteen members four, by turns. The
            rows of a rare class, or label, are dealt to the hold-outs of
            the members; of two or three rows only some members hold out one, and a single row is
            always trained on. With a splitter, such as ``GroupKFold()`` or ``TimeSeriesSplit()``,
            the first member takes the last split, and the others those before it in turn.
        """,
    ),
    "scoring": Parameter(
        [str, callable, None],
        """
        str, callable or None, default=<scoring>
            The score of ``early_stopping``: the name of a scorer, "loss" for the negative
            validation loss, or a callable ``scorer(estimator, X, y)``, which gets ``sample_weight``
            if it takes it; higher is better. None is the score of :meth:`score`. Scorers of
            probabilities know all classes. If a score is not defined for the held-out rows (it
            raises ``ValueError``, is NaN, or is the same for any prediction), the validation loss
            is used instead, with a warning. It is also used, without a warning, for a single row
            and, with accuracy, for rows of unequal weight whose effective number is below five.
        """,
    ),
    "n_members": Parameter(
        [Interval(Integral, 1, None, closed="left")],
        """
        int, default=4
            **Ensemble.** Number of networks whose predictions are averaged. Members differ in their
            inputs (see ``numeric_embedding``), initial weights, order of rows, dropout and
            hold-outs. With early stopping each keeps its own best epoch, and those that share a
            hold-out are weighted by it (``member_weights_``); with ``X_val`` all keep the epoch
            whose average is best. Without early stopping the first member is the network of
            ``n_members=1``.
        """,
    ),
    "n_jobs": Parameter(
        [
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
            None,
        ],
        """
        int or None, default=None
            Number of threads: for members, for the steps of a wide network (from about 10**7
            multiplications on) if there are fewer members than threads, and for blocks of rows in
            predictions. -1 uses all cores; None does, too, or what ``OMP_NUM_THREADS`` says, as in
            histogram gradient boosting, but is 1 inside a parallel search. Results do not depend on
            it.
        """,
    ),
    "random_state": Parameter(
        ["random_state"],
        """
        int, RandomState instance or None, default=None
            **State.** Determines initial weights, order of rows, dropout masks and validation
            splits. With an int the result has the same bits in every run, whatever the number of
            threads. If X is not encoded (as with ``preset("mlp")``), the initial weights for
            "identity", "logistic", "tanh" and "relu" are those of scikit-learn's MLP with the same
            ``random_state``.
        """,
    ),
    "warm_start": Parameter(
        ["boolean"],
        """
        bool, default=False
            Whether ``fit`` continues the training of the previous call, with the optimizer's
            averages and the random streams. What was learned of the columns (kinds, categories,
            scales, bins) is kept, whatever the parameters of the columns are now.
        """,
    ),
    "verbose": Parameter(
        ["verbose"],
        """
        bool or int, default=False
            Whether to print the loss of every epoch.
        """,
    ),
    "dtype": Parameter(
        [StrOptions({"auto", "input", "float32", "float64"})],
        """
        {"auto", "input", "float32", "float64"}, default="auto"
            Precision of the network. "auto" is float32 for float32 arrays. For other data, data
            frames among them, it is float64 if the number of rows times that of weights of the
            first member is at most 2 * 10**6 (with more than four members, 8 * 10**6 for all), and
            float32 above, which is two to four times as fast. The folds of a cross-validation may
            be below the limit and the refit above: set the dtype to compare bits. "input" is
            float32 for float32 arrays and float64 for anything else.
        """,
    ),
}

CONSTRAINTS = {name: parameter.constraints for name, parameter in PARAMETERS.items()}

_ATTRIBUTE_DOCS = """\
coefs_ : list of (n_in, n_out) arrays
    Weights of every layer: views of one vector, so that writing into them changes predictions.
    Those of the first layer have a row for each input that is made of the columns. With several
    members (n_members, n_in, n_out) arrays or, where their inputs differ, a list of (n_in, n_out)
    arrays for each layer.

intercepts_ : list of (n_out,) arrays
    Biases of every layer, views like ``coefs_``; with ``normalization`` they are added after it.

n_features_in_ : int
    Number of columns of ``X`` seen during :term:`fit`.

feature_names_in_ : (``n_features_in_``,) array of str
    Names of the columns, if ``X`` had names that are all strings.

n_iter_ : int
    Number of epochs that were run.

n_layers_ : int
    Number of layers, input and output included.

member_weights_ : (n_members,) array
    Weights of the members in the mean of their predictions, positive and of sum 1. Members that
    share held-out rows have the weights whose mean predicts these best (stacking, with a prior for
    equal weights); all are equal without early stopping, with ``X_val``, and with up to three
    members.

n_parameters_ : int
    Number of learned parameters of all members: weights, biases and those of embeddings.

batch_size_ : int
    Number of rows of a batch of the first member, by ``batch_size``; with "lbfgs" all rows.

max_iter_ : int
    Maximum number of epochs, by ``max_iter``.

learning_rate_init_ : float
    Learning rate, by ``learning_rate_init``. Not used by "lbfgs".

dropout_ : tuple of float
    Dropout rate of each hidden layer, by ``dropout``.

dtype_ : numpy dtype
    Precision of the network, by ``dtype``.

is_categorical_ : (``n_features_in_``,) array of bool or None
    Which columns are categorical; None if there are none.

n_outputs_ : int
    Number of outputs of the network.

out_activation_ : str
    Activation of the output: {links}.

do_early_stopping_ : bool
    Whether early stopping was used.

t_ : int
    Number of training samples that the first member has seen, repetitions included.

loss_ : float
    The last item of ``loss_curve_``.

best_loss_ : float or None
    Least training loss; None with early stopping.

loss_curve_ : list of float
    Training loss of every epoch with the penalty, averaged over the members; {loss_units}.

history_ : dict of lists
    Training curves with one value per epoch: "epoch", "loss", "learning_rate" (of the last step),
    "seconds", and with validation rows "validation_loss", "validation_score" and "can_be_best",
    whether the epoch could be the best one. A ``pandas.DataFrame`` can be made of it.

validation_loss_curve_ : list of float or None
    Loss on the validation rows after every epoch; None without validation rows. With ``X_val`` it
    is the loss of the members' average, with hold-outs the mean over the members.

validation_scores_ : list of float or None
    Score on the validation rows after every epoch, by ``scoring``; the mean over the hold-outs
    for which it is defined, or the negative loss if there are none. None without validation rows.

best_validation_score_ : float or None
    Best validation score. With early stopping the weights of its epoch are kept, and with
    :class:`CosLog` it is one at the end of a cycle; members with their own hold-outs keep the
    weights of their own best epoch.\
"""


def documented(**words: str) -> Callable[[type], type]:
    """Class decorator: put the shared texts into the places that a docstring names for them."""

    def indent(text: str) -> str:
        return "\n".join(f"    {line}" if line else "" for line in text.splitlines()).lstrip()

    def decorate(cls: type) -> type:
        docs = {name: f"{name} : {cleandoc(each.doc)}" for name, each in PARAMETERS.items()}
        docs["scoring"] = docs["scoring"].replace("<scoring>", words["scoring"])
        # Those of the targets are told by each estimator.
        names = list(docs)
        first = names.index("solver")
        network, training = (
            "\n\n".join(docs[name] for name in group) for group in (names[:first], names[first:])
        )
        if cls.__doc__:  # absent under python -OO
            for place, text in (
                ("<network>", network), ("<training>", training),
                ("<attributes>", _ATTRIBUTE_DOCS.format(**words)),
            ):  # fmt: skip
                cls.__doc__ = cls.__doc__.replace(place, indent(text))
        return cls

    return decorate
