"""The layers of a network as HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Iterable

from skdnn.kernels.losses import LOSSES
from skdnn.network.network import Network

_HEAD = ("layer", "shape", "then", "parameters")


def network_html(network: Network) -> str:
    """A table of the layers: shape, what follows the product, number of parameters."""
    spec = network.spec
    rows = []
    for layer in range(spec.n_layers):
        n_in, n_out = spec.layer_sizes[layer : layer + 2]
        is_output = layer == spec.n_layers - 1
        normalized = spec.normalization is not None and not is_output
        steps = [f"{spec.normalization} normalization"] if normalized else []
        steps.append(LOSSES[spec.loss].link if is_output else spec.activation)
        if not is_output and spec.dropout[layer + 1] > 0:
            steps.append(f"dropout {spec.dropout[layer + 1]:g}")
        shape = f"{n_in} &rarr; {n_out}"
        if layer == 0 and spec.dropout[0] > 0:
            shape += f" (input dropout {spec.dropout[0]:g})"
        n_parameters = n_in * n_out + n_out * (2 if normalized else 1)
        name = "output" if is_output else f"hidden {layer + 1}"
        rows.append((name, shape, ", ".join(steps), f"{n_parameters:,}"))
    members = f"{network.n_members} networks of " if network.n_members > 1 else ""
    title = (
        f"{members}{network.layouts[0].n_params:,} parameters, {network.dtype.name}, {spec.loss}"
    )
    return f"<details open><summary>{title}</summary>{_table(rows)}</details>"


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    def line(cells: tuple[str, ...], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f"<table><thead>{line(_HEAD, 'th')}</thead><tbody>{body}</tbody></table>"
