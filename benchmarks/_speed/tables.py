"""The results of a run as Markdown tables."""

import re

#: Columns of the training table.
TRAINERS = ("skdnn", "scikit-learn", "torch", "skorch")


def table(head, rows):
    """Markdown table; the first column is text, the others are right-aligned."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *rows))


def figure(value):
    """Three significant digits, or an empty cell if nothing was measured."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) < 1e-3:
        return f"{value:.6f}"
    return f"{value:#.3g}".rstrip(".")


def times(value):
    """A ratio with two digits, or more before the decimal point."""
    if value is None:
        return ""
    return (f"{value:.0f}" if value >= 10 else f"{value:.1f}") + "x"


def precise(ratio):
    return f"{ratio:.2f}x"


def shape(result):
    text = f"{result['rows']:,} x {result['features']:,}"
    if result["density"] < 1:
        text += f", {100 * result['density']:g} % full"
    return text


def hidden(result):
    return str(tuple(result["hidden"]))


def training_head():
    head = ["case", "rows x features", "hidden", "batch", "threads"]
    return head + [f"{name}, s" for name in TRAINERS] + [f"{p} / skdnn" for p in TRAINERS[1:]]


def training_row(name, result):
    row = [name, shape(result), hidden(result), f"{result['batch']:,}", str(result["threads"])]
    row += [figure(result["median"].get(peer)) for peer in TRAINERS]
    return row + [times(result["ratio"].get(peer)) for peer in TRAINERS[1:]]


def gflops_head():
    return ["case", *(f"{name}, GFLOP/s" for name in TRAINERS), "sgemm", "skdnn, % of sgemm"]


def gflops_row(name, result):
    row = [name, *(figure(result["gflops"].get(peer)) for peer in TRAINERS)]
    row.append(figure(result.get("sgemm", {}).get("median")))
    percent = result.get("percent_of_sgemm")
    return [*row, "" if percent is None else f"{percent:.0f}"]


def boosting_line(name, result):
    """Fit seconds of gradient boosting: it has no epochs."""
    found = result.get("fit_seconds")
    if not found:
        return ""
    cells = [f"{peer} {figure(seconds)}" for peer, seconds in found["median"].items()]
    return f"fit seconds, case {name}, defaults, {result['threads']} thread: " + ", ".join(cells)


def extras(result):
    middle, to_plain = result["median"], result["to_plain"]
    rows = []
    for key in middle:
        name, extra = key.split(", ")
        if name == "skdnn":
            row = [extra, figure(middle[key]), precise(to_plain[key])]
            if (theirs := middle.get(f"torch, {extra}")) is not None:
                row += [figure(theirs), precise(to_plain[f"torch, {extra}"])]
                row.append(times(theirs / middle[key]))
            rows.append(row)
    head = ["case B with", "skdnn, s", "/ plain", "torch, s", "/ plain", "torch / skdnn"]
    return table(head[: len(rows[0])], rows)


def predict(result):
    names = [name for name in TRAINERS if name in next(iter(result["calls"].values()))["median"]]
    head = ["rows", *(f"{name}, µs" for name in names), *(f"{p} / skdnn" for p in names[1:])]
    rows = []
    for n_rows, call in result["calls"].items():
        row = [f"{int(n_rows):,}", *(figure(1e6 * call["median"][name]) for name in names)]
        rows.append(row + [times(call["ratio"][name]) for name in names[1:]])
    return table(head, rows)


def grid_title(result):
    return f"{result['fits']} fits of {result['epochs']} epochs, {shape(result)}, {hidden(result)}"


def grid(result):
    head = [grid_title(result), "seconds", "/ skdnn"]
    rows = [
        [name, figure(seconds), times(result["ratio"].get(name))]
        for name, seconds in result["median"].items()
    ]
    return table(head, rows)


def linear(result):
    numbers = result["epoch_numbers"]
    head = ["rows", *(f"{n} epoch{'s' * (n > 1)}, ns" for n in numbers), "one epoch more, ns"]
    rows = []
    for size in result["sizes"]:
        cells = [result["per_row_epoch"][f"{size} x {n}"] for n in numbers]
        cells.append(result["marginal"][str(size)])
        rows.append([f"{size:,}", *(figure(1e9 * cell) for cell in cells)])
    return table(head, rows)


def machine(facts):
    """Description of the machine and the versions."""
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    vector = f" with {facts['vector_instructions']}" if facts["vector_instructions"] else ""
    blas = "; ".join(facts["blas"])
    settings = ", ".join(f"{name}={value}" for name, value in facts["variables"].items())
    return (
        f"{facts['processor']} ({facts['architecture']}{vector}), {facts['cores']} cores, "
        f"{facts['system']}, Python {facts['python']}, {versions}. BLAS: {blas}. "
        f"Variables for BLAS, OpenMP and vector instructions: {settings or 'none'}."
    )


GROUP_TABLES = {"extras": extras, "predict": predict, "grid": grid, "linear": linear}


def all_tables(results):
    """Name and Markdown of each part that was measured."""
    cases = results["training"]
    repeats = results["settings"]["repeats"]
    found = {"machine": f"{machine(results['machine'])} Medians of {repeats} repeats."}
    if cases:
        rows = [training_row(name, result) for name, result in cases.items()]
        found["training"] = table(training_head(), rows)
        found["gflops"] = table(gflops_head(), [gflops_row(*item) for item in cases.items()])
    lines = [boosting_line(name, result) for name, result in cases.items()]
    if any(lines):
        found["boosting"] = "\n".join(f"* {line}" for line in lines if line)
    for name, group in GROUP_TABLES.items():
        if name in results:
            found[name] = group(results[name])
    return found


def fill(text, parts):
    """The page with the text between the markers of each part replaced."""
    for name, part in parts.items():
        marked = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = marked.sub(lambda found, part=part: f"{found[1]}{part}\n{found[2]}", text)
    return text
