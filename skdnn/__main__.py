"""What can be done from the command line: ``python -m skdnn warmup``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from skdnn._warmup import DTYPES, warmup


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, default=None
        Those of the command line if None.
    """
    parser = argparse.ArgumentParser(prog="python -m skdnn")
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser(
        "warmup", help="compile all kernels into the disk cache, so that no fit waits for it"
    )
    command.add_argument("--dtype", nargs="+", choices=DTYPES, default=DTYPES)
    for dtype, compiled in warmup(parser.parse_args(arguments).dtype).items():
        for entry, seconds in compiled.items():
            print(f"{dtype}: compiled {entry} in {seconds:.1f} s")
        if not compiled:
            print(f"{dtype}: all is in the cache")


if __name__ == "__main__":
    main()
