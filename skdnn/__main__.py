"""Command line interface: ``python -m skdnn warmup`` and ``python -m skdnn playground``."""

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
    command.set_defaults(run=_warmup)
    command = commands.add_parser(
        "playground", help="serve a page on which a network is trained before your eyes"
    )
    command.add_argument("--port", type=int, default=0, help="a free one by default")
    command.add_argument("--no-browser", action="store_true", help="do not open the page")
    command.set_defaults(run=_playground)
    chosen = parser.parse_args(arguments)
    chosen.run(chosen)


def _warmup(chosen: argparse.Namespace) -> None:
    for dtype, compiled in warmup(chosen.dtype).items():
        for entry, seconds in compiled.items():
            print(f"{dtype}: compiled {entry} in {seconds:.1f} s")
        if not compiled:
            print(f"{dtype}: all functions are in the cache")


def _playground(chosen: argparse.Namespace) -> None:
    from skdnn.playground.server import serve

    serve(chosen.port, opens=not chosen.no_browser)


if __name__ == "__main__":
    main()
