"""The Python that trains the model of a session."""

from __future__ import annotations

from typing import Any

from skdnn.playground.options import CSV, Settings
from skdnn.playground.points import CLASSES
from skdnn.playground.problem import Problem
from skdnn.playground.tables import Table


def script(settings: Settings, problem: Problem, table: Table | None, epochs: int) -> str:
    """Python code that makes exactly the model of a session after a number of epochs.

    Parameters
    ----------
    settings : Settings
    problem : Problem
    table : Table or None
    epochs : int
    """
    is_classifier = problem.classes is not None
    name = "DNNClassifier" if is_classifier else "DNNRegressor"
    parameters = settings.parameters(is_classifier=is_classifier)
    classes = f"{name}, Periodic" if settings.numeric_embedding == "waves" else name
    imports = [
        "from sklearn.model_selection import train_test_split",
        "",
        f"from skdnn import {classes}",
    ]
    if settings.data == CSV and table is not None:
        imports.insert(0, "import pandas as pd")
        data = _table_lines(settings, table)
    else:
        data = _points_lines(settings)
        used = ["add_features", "flip_labels", "make_points"]
        flips = settings.data in CLASSES and settings.label_noise
        names = ", ".join(each for each in used if flips or each != "flip_labels")
        imports.append(f"from skdnn.playground.points import {names}")
    stratify = ", stratify=y" if is_classifier else ""
    split = (
        "X_train, X_test, y_train, y_test = train_test_split(\n"
        f"    X, y, train_size={settings.train_share}, random_state={settings.seed}{stratify}\n)"
    )
    lines = [*imports, "", *data, split]
    if settings.data in CLASSES and settings.label_noise:
        lines.append(
            f"y_train = flip_labels(y_train, {settings.label_noise}, random_state={settings.seed})"
        )
    lines += ["", f"model = {name}.preset(", '    "mlp",']
    lines += [f"    {key}={_literal(value)}," for key, value in parameters.items()]
    lines += [
        ")",
        *_training_lines(settings, problem, epochs),
        "print(model.score(X_test, y_test))",
    ]
    return "\n".join(lines) + "\n"


def _points_lines(settings: Settings) -> list[str]:
    arguments: dict[str, Any] = {"noise": settings.noise, "random_state": settings.seed}
    if settings.data in CLASSES:
        arguments["share"] = settings.share
    features = ", ".join(map(_literal, settings.features))
    given = ", ".join(f"{key}={value}" for key, value in arguments.items())
    return [
        f'points, y = make_points("{settings.data}", {settings.n_samples}, {given})',
        f"X = add_features(points, [{features}])",
    ]


def _table_lines(settings: Settings, table: Table) -> list[str]:
    target = settings.columns[0]
    return [
        f"table = {table.code()}",
        f"table = table[table[{target!r}].notna()]",
        f"X, y = table.drop(columns={target!r}), table[{target!r}].to_numpy()",
    ]


def _literal(value: Any) -> str:
    """A literal; text of the settings has double quotes, as elsewhere in the code."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _training_lines(settings: Settings, problem: Problem, epochs: int) -> list[str]:
    """An epoch at a time, so that a schedule may be at any place."""
    if settings.solver == "lbfgs":
        call = "model.fit(X_train, y_train)"
    elif problem.classes is not None:
        call = "model.partial_fit(X_train, y_train, classes=sorted(set(y)))"
    else:
        call = "model.partial_fit(X_train, y_train)"
    return [f"for epoch in range({max(epochs, 1)}):", f"    {call}"]
