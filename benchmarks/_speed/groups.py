"""Groups of measurements: each function returns a dict of raw numbers and medians."""

from dataclasses import asdict, replace
from functools import partial

import numpy as np
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits

from _speed.cases import CASES, Case, make_data
from _speed.competitors import (
    BOOSTERS,
    MODELS,
    booster,
    fit_function,
    set_torch_threads,
    train_torch,
    trainers,
)
from _speed.measure import (
    call_seconds,
    epoch_seconds,
    medians,
    products,
    ratios,
    seconds_of,
    sgemm_gflops,
    take_turns,
)

EXTRAS = {
    "dropout 0.1": {"dropout": 0.1},
    "batch normalization": {"normalization": "batch"},
    "GELU": {"activation": "gelu"},
    "Mish": {"activation": "mish"},
}
PREDICT = Case(1_000_000, 50, (256, 256), 2, 256, 1)
PREDICT_ROWS = (1, 1_000, 1_000_000)
#: Block size of torch's prediction loop; a million rows at once would be memory-bound.
BLOCK = 10_000
GRID = Case(1_000, 20, (50,), 2, 32, 20)
#: 20 candidates.
RATES, PENALTIES = np.logspace(-4, -2, 5), np.logspace(-6, -3, 4)
LINEAR = Case(1_000_000, 20, (64, 64), 2, 256, 16)
LINEAR_ROWS, LINEAR_EPOCHS = (10_000, 100_000, 1_000_000), (1, 4, 16)


def limited(case, options):
    """A case with the sizes of the options."""
    rows = min(case.rows, options.max_rows or case.rows)
    return replace(case, rows=rows, epochs=options.epochs or case.epochs)


def warm_up(fits, case, X, y):
    """Untimed fits: imports, compilation or the disk cache, first use of libraries."""
    for fit in fits:
        fit(X[: 2 * case.batch], y[: 2 * case.batch], 1)


def summary(values):
    return {"seconds": values, "median": medians(values), "ratio": ratios(values)}


def training(name, options):
    """Seconds per epoch of each competitor, and sgemm with the same shapes."""
    case = limited(CASES[name], options)
    X, y = make_data(case)
    fits = trainers(case, options.peers)
    set_torch_threads(case.threads)
    with threadpool_limits(case.threads):
        warm_up(fits.values(), case, X, y)
        tasks = {peer: partial(epoch_seconds, fit, X, y, case.epochs) for peer, fit in fits.items()}
        if not case.is_sparse:
            tasks["sgemm"] = partial(sgemm_gflops, products(case))
        values = take_turns(tasks, options.repeats)
        boosters = [peer for peer in options.peers if peer in BOOSTERS and case.boosting]
        fit_seconds = boosting(boosters, case, X, y, options.repeats)
    rates = values.pop("sgemm", None)
    result = {**asdict(case), **summary(values), "flops": case.flops}
    result["gflops"] = {peer: case.flops / t / 1e9 for peer, t in result["median"].items()}
    if rates:
        rate = medians({"sgemm": rates})["sgemm"]
        result["sgemm"] = {"gflops": rates, "median": rate}
        result["percent_of_sgemm"] = 100 * result["gflops"]["skdnn"] / rate
    if boosters:
        result["fit_seconds"] = {"seconds": fit_seconds, "median": medians(fit_seconds)}
    return result


def boosting(names, case, X, y, repeats):
    """Seconds of complete fits with default parameters; at most three, for orientation."""
    if not names:
        return {}
    tasks = {name: partial(seconds_of, booster(name, case).fit, X, y) for name in names}
    for name in names:
        booster(name, case).fit(X[: 2 * case.batch], y[: 2 * case.batch])
    return take_turns(tasks, min(repeats, 3))


def extras(options):
    """Case B with one more component, and plain B, for skdnn and torch."""
    case = limited(CASES["B"], options)
    X, y = make_data(case)
    names = ["skdnn", "torch"] if "torch" in options.peers else ["skdnn"]
    fits = {
        f"{name}, {extra}": fit_function(name, case, **params)
        for name in names
        for extra, params in {"plain": {}, **EXTRAS}.items()
    }
    set_torch_threads(1)
    with threadpool_limits(1):
        warm_up(fits.values(), case, X, y)
        tasks = {key: partial(epoch_seconds, fit, X, y, case.epochs) for key, fit in fits.items()}
        values = take_turns(tasks, options.repeats)
    middle = medians(values)
    result = {**asdict(case), "seconds": values, "median": middle, "to_plain": {}}
    for name in names:
        plain = middle[f"{name}, plain"]
        result["to_plain"] |= {
            key: t / plain for key, t in middle.items() if key.startswith(f"{name},")
        }
    return result


def torch_predict(model, X):
    """Probabilities of all classes for float32 rows, like ``predict_proba``."""
    import torch

    with torch.inference_mode():
        rows = torch.from_numpy(X)
        yes = torch.cat([model(part).sigmoid() for part in rows.split(BLOCK)])
        return torch.hstack([1 - yes, yes]).numpy()


def predictors(case, X, y, peers):
    found = {}
    for name in ("skdnn", *peers):
        if name in ("skdnn", "scikit-learn"):
            found[name] = MODELS[name](case, 1).fit(X, y).predict_proba
        elif name == "torch":
            found[name] = partial(torch_predict, train_torch(case, X, y, 1))
    return found


def predict(options):
    """Seconds of a call for 1, 1,000 and 1,000,000 rows."""
    case = limited(PREDICT, options)
    X, y = make_data(case)
    set_torch_threads(1)
    result = {**asdict(case), "calls": {}}
    with threadpool_limits(1):
        found = predictors(case, X[:2_000], y[:2_000], options.peers)
        for rows in PREDICT_ROWS:
            part = X[: min(rows, case.rows)]
            calls = {name: partial(function, part) for name, function in found.items()}
            tasks = {name: partial(call_seconds, call, 0.2) for name, call in calls.items()}
            for call in calls.values():
                call()
            result["calls"][str(len(part))] = summary(take_turns(tasks, options.repeats))
    return result


def search(name, case):
    """GridSearchCV over learning rates and penalties of an estimator."""
    rate, penalty = "learning_rate_init", "alpha"
    if name == "skorch":
        rate, penalty = "lr", "optimizer__weight_decay"
    return GridSearchCV(
        MODELS[name](case, case.epochs), {rate: RATES, penalty: PENALTIES},
        cv=5, n_jobs=1, refit=False, error_score="raise",
    )  # fmt: skip


def grid(options):
    """Seconds of a grid search of 100 small fits."""
    case = limited(GRID, options)
    X, y = make_data(case)
    names = ["skdnn", *(p for p in ("scikit-learn", "skorch") if p in options.peers)]
    set_torch_threads(1)
    with threadpool_limits(1):
        warm_up([fit_function(name, case) for name in names], case, X, y)
        tasks = {name: partial(seconds_of, search(name, case).fit, X, y) for name in names}
        values = take_turns(tasks, options.repeats)
    return {**asdict(case), "fits": 5 * len(RATES) * len(PENALTIES), **summary(values)}


def linear(options):
    """Seconds of complete fits of skdnn, per row and epoch."""
    case = limited(LINEAR, options)
    X, y = make_data(case)
    fit = fit_function("skdnn", case)
    sizes = sorted({min(rows, case.rows) for rows in LINEAR_ROWS})
    with threadpool_limits(1):
        warm_up([fit], case, X, y)
        tasks = {
            f"{rows} x {epochs}": partial(seconds_of, fit, X[:rows], y[:rows], epochs)
            for rows in sizes
            for epochs in LINEAR_EPOCHS
        }
        values = take_turns(tasks, options.repeats)
    middle = medians(values)
    result = {**asdict(case), "sizes": sizes, "epoch_numbers": LINEAR_EPOCHS}
    result |= {"seconds": values, "median": middle, "per_row_epoch": {}, "marginal": {}}
    for rows in sizes:
        for epochs in LINEAR_EPOCHS:
            key = f"{rows} x {epochs}"
            result["per_row_epoch"][key] = middle[key] / (rows * epochs)
        few, many = LINEAR_EPOCHS[0], LINEAR_EPOCHS[-1]
        more = middle[f"{rows} x {many}"] - middle[f"{rows} x {few}"]
        result["marginal"][str(rows)] = more / (rows * (many - few))
    return result


GROUPS = {"extras": extras, "predict": predict, "grid": grid, "linear": linear}
