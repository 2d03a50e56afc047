"""Write the tables of docs/reference.md from the records: ``python docs/tables.py``."""

from pathlib import Path

from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.embeddings import COLUMN_KINDS
from skdnn.kernels.losses import LOSSES
from skdnn.kernels.optimizers import OPTIMIZERS

TARGET = Path(__file__).with_name("reference.md")


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def text():
    activations = [
        (
            f"`{a.name}`", f"`{a.initializer}`", f"{a.gain:.3f}", "yes" if a.monotone else "no",
            a.onnx, a.reference,
        )
        for a in ACTIVATIONS.values()
    ]  # fmt: skip
    losses = [
        (f"`{r.public_name}`", r.task, r.link, r.domain, r.outputs_per_target, r.reference)
        for r in LOSSES.values()
    ]
    kinds = [
        (
            f"`{k.name}`", k.reads, k.width, "yes" if k.monotone else "no",
            "yes" if k.backward else "no", k.learning_rate_factor,
        )
        for k in COLUMN_KINDS.values()
    ]  # fmt: skip
    solvers = [(f"`{r.name}`", r.n_slots, r.reference) for r in OPTIMIZERS.values()]
    return "\n\n".join(
        [
            "# Reference tables",
            "Written by `docs/tables.py` from the records in `skdnn/kernels/`.",
            "## Activations\n\nThe initial weights are uniform with a variance of "
            "`gain² / fan`; the fan is the mean of inputs and outputs for Glorot's initializer, "
            "the inputs for the others. Monotone activations never decrease, which `monotonic_cst` "
            "needs.",
            table(["name", "initializer", "gain", "monotone", "ONNX", "reference"], activations),
            "## Losses",
            "Binary and multilabel targets have logistic outputs, multiclass targets a softmax.",
            table(["name", "task", "link", "targets", "outputs per target", "reference"], losses),
            "## Solvers",
            table(["name", "state vectors", "reference"], solvers),
            "## Kinds of columns\n\nThe kinds of `InputColumn`. A number that `monotonic_cst` "
            "constrains has only monotone ones.",
            table(
                ["name", "reads", "inputs", "monotone", "parameters", "learning rate factor"], kinds
            ),
        ]
    )


if __name__ == "__main__":
    TARGET.write_text(text() + "\n")
