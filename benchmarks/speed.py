"""Speed compared with scikit-learn's MLP, PyTorch, skorch and a plain matrix product.

    python benchmarks/speed.py [--cases X,A,B] [--repeats 5] [--epochs N] [--peers torch]
                               [--json FILE] [--markdown FILE]

Without options everything is measured with all installed peers; this takes about half an hour on
an otherwise idle machine. ``python benchmarks/speed_figure.py FILE`` then draws the figure and
fills the tables of docs/performance.md.

Training (cases X to L): same data, architecture, batch size, Adam, epochs, dtype (float32) and
number of threads, in one process. The competitors are interleaved in each repeat; the table shows
medians and their ratios. A small untimed fit excludes compilation and imports. The time of an epoch
is the difference between fits of 1 and 1 + N epochs divided by N, without the fixed costs of a fit.
GFLOP/s are those of the matrix products of an epoch, compared with SciPy's ``sgemm`` on the same
shapes, each in its own loop, with operands in the cache.

extras: case B with dropout, batch normalization, GELU, Mish. predict: 1, 1,000 and 1,000,000 rows.
grid: GridSearchCV with 100 fits. linear: nanoseconds per row and epoch of complete fits.
The first fit on a machine is measured by cold_start.py, memory by memory.py.

BLAS is measured as it comes: with ``OPENBLAS_CORETYPE`` or ``OPENBLAS_L2_SIZE`` set the script
starts itself again without them. Name and kernels of each BLAS, and all variables that are set for
BLAS, OpenMP or vector instructions, are printed in the first line and written to the file.
"""

import argparse
import json
import warnings
from pathlib import Path

from _speed import tables
from _speed.cases import CASES
from _speed.competitors import PEERS, installed_peers, set_torch_threads
from _speed.environment import start_anew_without_limits
from _speed.groups import GROUPS, training
from _speed.machine import describe, usable_cores

ALL = (*CASES, *GROUPS)


def names_of(allowed):
    """Type of an option: allowed names, separated by commas."""

    def parse(text):
        names = [name for name in text.split(",") if name]
        for name in names:
            if name not in allowed:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(allowed)}")
        return names

    return parse


def parse_args(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=names_of(ALL), default=list(ALL), help=",".join(ALL))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=0, help="default: by case")
    parser.add_argument("--peers", type=names_of(PEERS), default=None, help=",".join(PEERS))
    parser.add_argument("--max-rows", type=int, default=0, help="smaller data, to test the script")
    parser.add_argument("--json", type=Path, help="raw numbers, medians, machine")
    parser.add_argument("--markdown", type=Path, help="tables")
    options = parser.parse_args(argv)
    installed = installed_peers()
    options.peers = installed if options.peers is None else options.peers
    missing = [name for name in options.peers if name not in installed]
    if missing:
        parser.error(f"not installed: {', '.join(missing)}")
    return options


def show(name, result, *, first):
    """Print the results of a case or group."""
    if name in GROUPS:
        print(f"\n{name}\n{tables.GROUP_TABLES[name](result)}", flush=True)
        return
    head = [*tables.training_head(), "GFLOP/s", *tables.gflops_head()[-2:]]
    ours, *_, sgemm, percent = tables.gflops_row(name, result)[1:]
    row = [*tables.training_row(name, result), ours, sgemm, percent]
    widths = [4, 27, 15, 5, 7, *(max(9, len(title)) for title in head[5:])]
    for line in [head, row] if first else [row]:
        print(*(cell.rjust(width) for cell, width in zip(line, widths, strict=True)), flush=True)
    if line := tables.boosting_line(name, result):
        print(line, flush=True)


def run(options):
    """Run the measurements; each result is written to the file as soon as it is available."""
    set_torch_threads(1)
    settings = {name: getattr(options, name) for name in ("repeats", "epochs", "max_rows")}
    settings["usable_cores"] = usable_cores()
    results = {"machine": describe(), "settings": settings, "training": {}}
    print(tables.machine(results["machine"]))
    print(f"float32, Adam; medians of {options.repeats} repeats, seconds per epoch")
    for name in set(CASES) & set(options.cases):
        if CASES[name].threads > usable_cores():
            print(f"case {name} has more threads than there are cores: not representative")
    for name in options.cases:
        if name in GROUPS:
            result = results[name] = GROUPS[name](options)
            show(name, result, first=False)
        else:
            result = training(name, options)
            show(name, result, first=not results["training"])
            results["training"][name] = result
        if options.json:
            options.json.write_text(json.dumps(results, indent=1) + "\n")
    if options.markdown:
        parts = tables.all_tables(results).items()
        text = "\n\n".join(f"## {name}\n\n{part}" for name, part in parts)
        options.markdown.write_text(text + "\n")
    return results


def main(argv=None):
    options = parse_args(argv)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ConvergenceWarning: the epochs are few on purpose
        return run(options)


if __name__ == "__main__":
    start_anew_without_limits()
    main()
