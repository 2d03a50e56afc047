"""The layers of a network as HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from skdnn.kernels.losses import LOSSES
from skdnn.network.network import Network

if TYPE_CHECKING:
    from skdnn.estimators._inputs import TableInputs

_HEAD = ("layer", "shape", "then", "parameters")


def network_html(network: Network, inputs: TableInputs | None = None) -> str:
    """A table of the layers: shape, normalization and activation, number of parameters.

    With ``inputs`` it also describes the inputs, in a row for each kind of member.
    """
    spec = network.spec
    sizes_in = [member.n_in for member in network.specs]
    rows = [] if inputs is None else _input_rows(network, inputs)
    for layer in range(spec.n_layers):
        n_out = spec.layer_sizes[layer + 1]
        is_output = layer == spec.n_layers - 1
        normalized = spec.normalization is not None and not is_output
        steps = [f"{spec.normalization} normalization"] if normalized else []
        steps.append(LOSSES[spec.loss].link if is_output else spec.activation)
        if not is_output and spec.dropout[layer + 1] > 0:
            steps.append(f"dropout {spec.dropout[layer + 1]:g}")
        n_in = sizes_in if layer == 0 else [spec.layer_sizes[layer]]
        shape = f"{_range(n_in)} &rarr; {n_out}"
        if layer == 0 and spec.dropout[0] > 0:
            shape += f" (input dropout {spec.dropout[0]:g})"
        n_parameters = [n * n_out + n_out * (2 if normalized else 1) for n in n_in]
        name = "output" if is_output else f"hidden {layer + 1}"
        rows.append((name, shape, ", ".join(steps), _range(n_parameters)))
    counts = [layout.n_params for layout in network.layouts]
    members = f"{network.n_members} networks of " if network.n_members > 1 else ""
    total = "" if network.are_alike else f" ({sum(counts):,} in all)"
    title = f"{members}{_range(counts)} parameters{total}, {network.dtype.name}, {spec.loss}"
    return f"<details open><summary>{title}</summary>{_table(rows)}</details>"


def chosen_html(chosen: Mapping[str, Any]) -> str:
    """A line with the values that parameters were resolved to in a fit."""
    items = []
    for name, value in chosen.items():
        if name == "is_categorical_":
            value = 0 if value is None else int(value.sum())
            items.append(f"{value} categorical columns")
        elif isinstance(value, tuple):
            rates = ", ".join(f"{each:g}" for each in value)
            items.append(f"{name} ({rates})")
        else:
            items.append(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}")
    return f"<p>Fitted with {', '.join(items)}</p>"


def _input_rows(network: Network, inputs: TableInputs) -> list[tuple[str, ...]]:
    """Descriptions of the inputs; members with the same inputs share a row."""
    alike: dict[tuple, list[int]] = {}
    for member, spec in enumerate(network.specs):
        alike.setdefault(spec.columns, []).append(member)
    rows: list[tuple[str, ...]] = []
    for members in alike.values():
        name = "inputs"
        if len(alike) > 1:
            name += " of network " + ", ".join(str(member + 1) for member in members)
        spec, layout = network.specs[members[0]], network.layouts[members[0]]
        made_of = inputs.description(members[0])
        rows.append((name, f"{spec.n_in}", made_of, f"{layout.n_input_params:,}"))
    return rows


def _range(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    def line(cells: tuple[str, ...], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f"<table><thead>{line(_HEAD, 'th')}</thead><tbody>{body}</tbody></table>"
