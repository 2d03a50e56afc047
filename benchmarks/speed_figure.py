"""Figure and tables of the documentation from the results of speed.py.

    python benchmarks/speed_figure.py FILE [FILE ...] [--images docs/images]
                                      [--page docs/performance.md]

Each FILE was written by ``speed.py --json FILE``; of several files, from the same machine, later
ones replace the cases of earlier ones. Writes ``speed.png`` and ``speed.svg``, and replaces the
text between ``<!-- NAME -->`` and ``<!-- /NAME -->`` in the page, for each table.
"""

import argparse
import json
import os
from pathlib import Path

import matplotlib
from _speed import tables
from matplotlib import pyplot as plt

DOCS = Path(__file__).parents[1] / "docs"
PEERS = {"scikit-learn": "#3b75af", "torch": "#e1812c"}  # color-blind safe


def read(paths):
    """Merge the results of several runs."""
    merged = {}
    for path in paths:
        results = json.loads(path.read_text())
        cases = {**merged.get("training", {}), **results["training"]}
        if merged and results["machine"] != merged["machine"]:
            raise SystemExit(f"{path} is from another machine, or from other versions")
        merged |= {**results, "training": cases}
    return merged


def bars(results):
    """Labels and ratios to each peer, from top to bottom."""
    found = []
    for name, case in results["training"].items():
        label = f"{name}: {tables.shape(case)}, {tables.hidden(case)}, batch {case['batch']:,}"
        label += f", {case['threads']} threads" if case["threads"] > 1 else ""
        found.append((label, case["ratio"]))
    if predict := results.get("predict"):
        for rows, call in predict["calls"].items():
            label = f"predict {int(rows):,} row{'s' * (rows != '1')} x {predict['features']}"
            found.append((f"{label}, {tables.hidden(predict)}", call["ratio"]))
    if grid := results.get("grid"):
        found.append((f"grid search, {tables.grid_title(grid)}", grid["ratio"]))
    return found


def draw(results):
    """Bars on a logarithmic scale: time of each peer divided by that of skdnn."""
    found = bars(results)
    figure, ax = plt.subplots(figsize=(9, 1 + 0.42 * len(found)), layout="constrained")
    height = 0.38
    for i, (peer, color) in enumerate(PEERS.items()):
        at = [n for n, (_, ratio) in enumerate(found) if ratio.get(peer, 0) > 0]
        places = [n + (i - 0.5) * height for n in at]
        values = [found[n][1][peer] for n in at]
        widths = [value - 1 for value in values]
        ax.barh(places, widths, height, left=1, color=color, label=peer)
        for place, value in zip(places, values, strict=True):
            side = "left" if value >= 1 else "right"
            ax.annotate(
                tables.times(value), (value, place), xytext=(3 if value >= 1 else -3, 0),
                textcoords="offset points", va="center", ha=side, fontsize=8,
            )  # fmt: skip
    ax.set(xscale="log", xlabel="seconds of the peer / seconds of skdnn")
    ax.set_yticks(range(len(found)), [label for label, _ in found], fontsize=9)
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:g}x")
    ax.xaxis.set_minor_formatter("")
    ax.margins(x=0.12)
    ax.invert_yaxis()
    ax.axvline(1, color="black", linewidth=1)
    ax.grid(axis="x", alpha=0.3)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(PEERS), frameon=False)
    return figure


def save(figure, folder):
    folder.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context({"svg.hashsalt": "skdnn"}):  # the same figure is the same file
        figure.savefig(folder / "speed.png", dpi=150)
        figure.savefig(folder / "speed.svg", metadata={"Date": None})


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--images", type=Path, default=DOCS / "images")
    parser.add_argument("--page", type=Path, default=DOCS / "performance.md")
    options = parser.parse_args(argv)
    results = read(options.files)
    figure = draw(results)
    save(figure, options.images)
    plt.close(figure)
    parts = tables.all_tables(results)
    folder = Path(os.path.relpath(options.images, options.page.parent)).as_posix()
    parts["figure"] = f"![Seconds of the peers over those of skdnn]({folder}/speed.svg)"
    options.page.write_text(tables.fill(options.page.read_text(), parts))
    print(f"wrote {options.images / 'speed.png'}, speed.svg, and the tables of {options.page}")


if __name__ == "__main__":
    main()
