"""The result on the first page: a table and a figure of the accuracy in README.md.

``docs/conf.py`` calls ``write`` at the beginning of a build; the files are not kept.
"""

from pathlib import Path

from matplotlib.figure import Figure

HERE = Path(__file__).parent
TARGET = HERE / "generated"

#: Model of the table in README.md -> its name on the page.
NAMES = {
    "best": '`preset("best")`',
    "default": "**skdnn, defaults**",
    "hgb": "HistGradientBoosting",
    "mlp": "scikit-learn's MLP",
}
COLORS = {"best": "#ff7f0e", "default": "#ff7f0e", "hgb": "#1f77b4", "mlp": "#1f77b4"}
#: Colour of the text, by theme.
THEMES = {"light": "#222832", "dark": "#ced6dd"}


def rows():
    """Cells of the table between the comments ``accuracy`` in README.md, by model and column."""
    text = (HERE.parent / "README.md").read_text()
    lines = text.split("<!-- accuracy -->\n")[1].split("<!-- /accuracy -->")[0].splitlines()
    head, _, *body = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines)
    return {cells[0]: dict(zip(head, cells, strict=True)) for cells in body}


def table(cells):
    """The same in five columns, as Markdown."""
    lines = ["| | error | won | log-loss | fit, s |", "|---|--:|--:|--:|--:|"]
    for model, name in NAMES.items():
        of = cells[model]
        values = [of["score"], of["won"], of["log-loss"], of["fit seconds"]]
        lines.append("| " + " | ".join([name, *values]) + " |")
    return "\n".join(lines) + "\n"


def figure(cells, color):
    """Bars of error and time, with text of a colour."""
    drawing = Figure(figsize=(5.2, 2.1), layout="constrained")
    axes = drawing.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    names = [name.strip("`*").replace("`", "") for name in NAMES.values()]
    titles = {
        "score": "Error, relative to\nHistGradientBoosting",
        "fit seconds": "Time of a fit,\nseconds",
    }
    for ax, (column, title) in zip(axes, titles.items(), strict=True):
        values = [float(cells[model][column]) for model in NAMES]
        bars = ax.barh(names, values, color=[COLORS[model] for model in NAMES], height=0.62)
        ax.bar_label(bars, [cells[model][column] for model in NAMES], padding=4, color=color)
        ax.set_title(title, loc="left", fontsize=10, color=color)
        ax.set_xlim(0, 1.3 * max(values))
        ax.set_xticks([])
        ax.spines[:].set_visible(False)
        ax.tick_params(left=False, colors=color)
    axes[0].invert_yaxis()
    return drawing


def write():
    """Write the table, and the figure for light and dark pages."""
    cells = rows()
    TARGET.mkdir(exist_ok=True)
    (TARGET / "accuracy.md").write_text(table(cells))
    for theme, color in THEMES.items():
        figure(cells, color).savefig(TARGET / f"accuracy-{theme}.svg", transparent=True)
