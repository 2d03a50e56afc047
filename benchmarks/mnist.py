"""Results of the beginners' guide on MNIST, beside published ones.

    python benchmarks/mnist.py --mnist PATH

PATH is an npz file with X_train, y_train, X_test, y_test. The chapters of ``tutorials/`` are
run with it, and the table of the last one is printed.
"""

import argparse
import os
import runpy
from pathlib import Path

import matplotlib
import pandas as pd

TUTORIALS = Path(__file__).parents[1] / "tutorials"
#: The chapters that reproduce published results.
CHAPTERS = ["01_one_neuron.py", "02_layers_and_xor.py", "05_classification.py"]


def collect(mnist):
    """Run the chapters with a file of MNIST; return their tables as one."""
    matplotlib.use("Agg")
    os.environ["SKDNN_MNIST"] = str(mnist)
    tables = [runpy.run_path(str(TUTORIALS / name))["table"] for name in CHAPTERS]
    return pd.concat(tables, ignore_index=True)


def csv(table):
    """Lines of a ``csv-table`` of reStructuredText."""
    return table.to_csv(index=False, float_format="%.4f")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", type=Path, metavar="PATH", required=True)
    table = collect(parser.parse_args(argv).mnist)
    print(f"\n{csv(table)}")
    return table


if __name__ == "__main__":
    main()
