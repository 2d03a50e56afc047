"""Command line interface: ``python -m skdnn warmup``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from skdnn._warmup import DTYPES, warmup


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, default=None
        If None, the arguments of the command line.
    """
    parser = argparse.ArgumentParser(prog="python -m skdnn")
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser(
        "warmup", help="compile all kernels and store them in the disk cache"
    )
    command.add_argument("--dtype", nargs="+", choices=DTYPES, default=DTYPES)
    for dtype, compiled in warmup(parser.parse_args(arguments).dtype).items():
        for entry, seconds in compiled.items():
            print(f"{dtype}: compiled {entry} in {seconds:.1f} s")
        if not compiled:
            print(f"{dtype}: all functions are in the cache")


if __name__ == "__main__":
    main()
