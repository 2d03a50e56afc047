"""What a good model costs in time: fits with all defaults, beside gradient boosting and RealMLP.

    python benchmarks/default_fit.py [--rows 1000 10000 100000 1000000] [--repeats 3]
        [--kinds numbers mixed] [--tasks regression classification] [--models skdnn hgb ...]
        [--json FILE] [--page docs/performance.md]

The data are generated (``_speed/generated.py``): "numbers" is an array of 20 columns of float32,
"mixed" a data frame of 10 such columns and 8 of categories. Half of the signal is smooth, half has
steps; a fifth of the variance is noise, and several columns have no meaning. 20,000 rows are held
out for the score: R2, at most 0.8, or log-loss. Peers that are not installed are left out.

* skdnn: ``DNNRegressor()`` or ``DNNClassifier()``; best: ``preset("best")``, only if asked for;
* hgb: scikit-learn's histogram gradient boosting, the reference, which is always run;
* lightgbm, catboost, realmlp (RealMLP-TD of pytabkit): their defaults.

All have as many threads: ``OMP_NUM_THREADS``, or all cores. They take turns in one process, each
after a small fit, untimed, which imports and compiles. A turn is a fit, a prediction of all rows of
the fit, and of one row, by ``predict`` or ``predict_proba``; short calls are repeated for a while.
The row is one of an array for "numbers", of a data frame for "mixed". Figures are medians of the
turns, and in brackets how many times that of hgb they are.

Memory is the peak of what is resident during one fit, or the prediction of all rows, minus what is
resident before it, X and y included; each model has a new process (Linux; --no-memory leaves it
out). FILE of an earlier run on the same machine is added to: the largest tables can wait.
"""

import argparse
import json
import warnings
from functools import partial
from pathlib import Path
from statistics import median

from _speed import defaults
from _speed.environment import start_anew_without_limits
from _speed.generated import make_table
from _speed.machine import describe
from _speed.measure import call_seconds, seconds_of, take_turns
from _speed.peak import in_new_process, resident_peak
from _speed.tables import figure, fill, machine, table, times
from sklearn.metrics import log_loss, r2_score

REFERENCE = "hgb"
MODELS = {
    "skdnn": defaults.default,
    "hgb": defaults.hgb,
    "lightgbm": defaults.lightgbm,
    "catboost": defaults.catboost,
    "realmlp": defaults.realmlp,
    "best": defaults.best,
}
KINDS = {"numbers": "20 numbers", "mixed": "10 numbers, 8 categories"}
SCORES = {"regression": "R2", "classification": "log-loss"}
#: Rows of the untimed fit.
FEW = 300
#: What is told beside seconds and score of a fit.
OTHERS = {
    "predict": "predict all rows, ms",
    "row": "predict one row, ms",
    "fit_memory": "memory of a fit, MB",
    "predict_memory": "memory of predicting all rows, MB",
}


# ---------------------------------------------------------------- measurement


def make_model(name, task, X):
    is_regression = task == "regression"
    if name == "catboost" and hasattr(X, "select_dtypes"):
        categories = X.select_dtypes("category").columns
        return defaults.catboost(is_regression, 0, categories)
    return MODELS[name](is_regression, 0)


def predictor(model, task):
    return model.predict if task == "regression" else model.predict_proba


def turn(name, task, data):
    """Seconds of a fit, of the prediction of all rows and of one row, and the score."""
    model = make_model(name, task, data.X)
    fit_seconds = seconds_of(model.fit, data.X, data.y)
    predict = predictor(model, task)
    score = r2_score if task == "regression" else log_loss
    return {
        "fit": fit_seconds,
        "score": float(score(data.y_test, predict(data.X_test))),
        "predict": call_seconds(partial(predict, data.X)),
        "row": call_seconds(partial(predict, data.X[:1])),
    }


def warm_up(name, task, data):
    model = make_model(name, task, data.X).fit(data.X[:FEW], data.y[:FEW])
    predictor(model, task)(data.X[:FEW])


def memory(kind, task, rows, name):
    """Peaks of a fit and of the prediction of all rows in this process."""
    warnings.simplefilter("ignore")
    data = make_table(kind, task, rows)
    warm_up(name, task, data)
    model = make_model(name, task, data.X)
    fit = resident_peak(lambda: model.fit(data.X, data.y))
    return {
        "fit_memory": fit,
        "predict_memory": resident_peak(lambda: predictor(model, task)(data.X)),
    }


def measure(kind, task, rows, options):
    """All models on one table: the raw figures of each, and their medians."""
    data = make_table(kind, task, rows)
    for name in options.models:
        warm_up(name, task, data)
    tasks = {name: partial(turn, name, task, data) for name in options.models}
    turns = take_turns(tasks, options.repeats)
    raw, medians = {}, {}
    for name, results in turns.items():
        raw[name] = {field: [result[field] for result in results] for field in results[0]}
        medians[name] = {field: median(values) for field, values in raw[name].items()}
        if options.memory:
            medians[name] |= in_new_process(__file__, kind, task, rows, name)
    case = {"kind": kind, "task": task, "rows": rows, "repeats": options.repeats}
    return {**case, "raw": raw, "medians": medians}


# ---------------------------------------------------------------- tables


def models_of(cases):
    return [name for name in MODELS if any(name in case["medians"] for case in cases)]


def seconds_cell(medians, name, field, factor=1.0):
    """Seconds, and how many times those of the reference they are."""
    if name not in medians:
        return ""
    text = figure(factor * medians[name][field])
    if name == REFERENCE:
        return text
    return f"{text} ({times(medians[name][field] / medians[REFERENCE][field])})"


def other_cell(medians, name, field):
    if not field.endswith("memory"):
        return seconds_cell(medians, name, field, 1e3)
    size = medians.get(name, {}).get(field)
    return "" if size is None else f"{size / 1e6:.1f}"


def place(case):
    return [f"{KINDS[case['kind']]}, {case['task']}", f"{case['rows']:,}"]


def fit_table(cases):
    """Seconds and score of the fits."""
    models = models_of(cases)
    rows = []
    for case in cases:
        medians = case["medians"]
        scores = [medians.get(name, {}).get("score") for name in models]
        rows.append(
            [
                *place(case),
                *(seconds_cell(medians, name, "fit") for name in models),
                SCORES[case["task"]],
                *("" if score is None else f"{score:.3f}" for score in scores),
            ]
        )
    return table(["data", "rows", *(f"{name}, s" for name in models), "score", *models], rows)


def use_table(cases):
    """Prediction and memory, a line for each."""
    models = models_of(cases)
    rows = []
    for field, title in OTHERS.items():
        for case in cases:
            cells = [other_cell(case["medians"], name, field) for name in models]
            if any(cells):
                rows.append([title, *place(case), *cells])
    return table(["", "data", "rows", *models], rows)


def parts(results):
    """The tables by the names of their places in a page."""
    cases = sorted(
        results["cases"],
        key=lambda case: (list(KINDS).index(case["kind"]), case["task"] != "regression",
                          case["rows"]),
    )  # fmt: skip
    repeats = " or ".join(str(n) for n in sorted({case["repeats"] for case in cases}))
    head = (
        f"{machine(results['machine'])} Threads: {results['threads']}. Medians of turns, repeats: "
        f"{repeats}. In brackets: times {REFERENCE}."
    )
    return {"default_fit": f"{head}\n\n{fit_table(cases)}", "default_use": use_table(cases)}


# ---------------------------------------------------------------- run


def parse(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = [1_000, 10_000, 100_000, 1_000_000]
    models = [name for name in MODELS if name != "best"]
    parser.add_argument("--rows", type=int, nargs="+", default=sizes)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--tasks", nargs="+", choices=SCORES, default=list(SCORES))
    parser.add_argument("--models", nargs="+", choices=MODELS, default=models)
    parser.add_argument("--no-memory", dest="memory", action="store_false")
    parser.add_argument("--json", type=Path, help="raw figures, medians, machine; is added to")
    parser.add_argument("--page", type=Path, help="whose tables between the markers it replaces")
    parser.add_argument("--line", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    options.missing = [name for name in options.models if not defaults.is_installed(name)]
    wanted = {REFERENCE, *options.models} - set(options.missing)
    options.models = [name for name in MODELS if name in wanted]
    return options


def known(options):
    """Results of an earlier run, or none."""
    results = {"machine": describe(), "threads": defaults.n_threads(), "cases": []}
    if options.json is None or not options.json.exists():
        return results
    earlier = json.loads(options.json.read_text())
    if any(earlier[field] != results[field] for field in ("machine", "threads")):
        raise SystemExit(f"{options.json} is of another machine, or of other versions or settings")
    return earlier


def run(options):
    """One table after another; what is finished is in the file whatever happens later."""
    results = known(options)
    print(machine(results["machine"]))
    for name in options.missing:
        print(f"{name} is not installed and left out")
    for rows in options.rows:
        for kind in options.kinds:
            for task in options.tasks:
                found = measure(kind, task, rows, options)
                key = (kind, task, rows)
                others = [
                    case for case in results["cases"]
                    if (case["kind"], case["task"], case["rows"]) != key
                ]  # fmt: skip
                results["cases"] = [*others, found]
                print(f"\n{fit_table([found])}\n\n{use_table([found])}", flush=True)
                if options.json:
                    options.json.write_text(json.dumps(results, indent=1) + "\n")
    return results


def main(argv=None):
    options = parse(argv)
    if options.line:
        print(json.dumps(memory(*json.loads(options.line))))
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = run(options)
    found = parts(results)
    print(*found.values(), sep="\n\n")
    if options.page:
        options.page.write_text(fill(options.page.read_text(), found))
    return results


if __name__ == "__main__":
    start_anew_without_limits()
    main()
