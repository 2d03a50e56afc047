"""The rules of the house, read from the source."""

import ast
import inspect
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest
from engines import replace_entry
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer

import skdnn
from skdnn import _sklearn

PACKAGE = Path(skdnn.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# Each layer may import itself and the layers before it.
LAYERS = [
    "_garbage",
    "_typing",
    "_warnings",
    "_jit",
    "_dtypes",
    "_sklearn",
    "_settings",
    "kernels",
    "network",
    "training",
]
LAYERS += ["tabular", "estimators", "_warmup"]
LAST = ["inspection", "metrics", "tuning", "persistence", "export", "distributed", "playground"]


def name_of(path):
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def imports(path):
    """Full names of all modules that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide their layer"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer_of(module):
    parts = module.split(".")
    return parts[1] if parts[0] == "skdnn" and len(parts) > 1 else None


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_import_direction(path):
    layer = name_of(path).split(".")[0]
    if layer in ("__init__", "__main__"):
        return  # gather the public names
    assert layer in LAYERS + LAST, f"{layer} has no place in the house"
    allowed = (LAYERS + LAST)[: (LAYERS + LAST).index(layer) + 1]
    for module in imports(path):
        imported = layer_of(module)
        if imported in LAYERS + LAST:
            assert imported in allowed, f"{name_of(path)} imports {module}"
            if imported in LAST:
                assert imported == layer, f"nobody imports {imported}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_tables_know_nothing_of_networks(path):
    layer = name_of(path).split(".")[0]
    found = {layer_of(module) for module in imports(path)}
    if layer == "tabular":
        assert found <= {None, "tabular", "_dtypes", "_warnings"}
    elif "tabular" in found:
        assert layer in (
            "estimators",
            "inspection",
            "persistence",
            "export",
            "distributed",
            "__init__",
        )


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_jit_imports_the_compiler(path):
    if name_of(path).split(".")[0] != "_jit":
        assert not {"numba", "llvmlite"} & {module.split(".")[0] for module in imports(path)}


#: What the documentations of Numba and llvmlite promise.
PUBLIC = {
    "numba": {"config", "njit", "typeof", "types"},
    "numba.extending": {"intrinsic", "overload"},
    "llvmlite": {"binding", "ir"},
}
COMPILER = {f"{module}.{name}" for module, names in PUBLIC.items() for name in names} | {*PUBLIC}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_internals_uses_private_names_of_the_compiler(path):
    if name_of(path) == "_jit.internals":
        return
    used = {module for module in imports(path) if module.split(".")[0] in ("numba", "llvmlite")}
    assert used <= COMPILER
    tree = ast.parse(path.read_text())
    if path.parent.name == "_jit":
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") != "self":
                assert not is_private(node.attr), node.attr
    # Options of njit that only internals may know.
    options = {"_nrt", "pipeline_class", "no_cpython_wrapper", "no_cfunc_wrapper"}
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    words |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    assert not words & options


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


@cache
def private_names_of_sklearn():
    """Of all that an estimator inherits, and of scorers."""
    bases = [ClassifierMixin, RegressorMixin, *_sklearn.BaseEstimator.__mro__[1:]]
    bases += [*_sklearn.CallbackSupportMixin.__mro__, type(get_scorer("r2"))]
    names = {name for base in bases for name in dir(base) if is_private(name)}
    names |= set(filter(is_private, vars(get_scorer("r2"))))
    names |= {"_skl_callbacks", "_parent_callback_ctx"}
    return names - {"_repr_html_", "_repr_mimebundle_"}  # Jupyter's


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_one_module_uses_private_names_of_sklearn(path):
    if name_of(path) == "_sklearn":
        return
    for module in imports(path):
        if module.split(".")[0] == "sklearn":
            assert not any(is_private(part) for part in module.split(".")), module
    private = private_names_of_sklearn()
    assert {"_validate_params", "_score_func"} <= private
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            assert node.attr not in private
        elif isinstance(node, ast.FunctionDef):
            assert node.name not in private
        elif isinstance(node, ast.Constant):
            assert node.value not in private


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_kernels_are_reached_through_the_engine_and_the_records(path):
    layer = name_of(path).split(".")[0]
    modules = [m for m in imports(path) if m.startswith("skdnn.kernels")]
    if layer in ("estimators", *LAST):
        records = {"skdnn.kernels", "skdnn.kernels.records"}
        for table in (
            "activations.ACTIVATIONS", "losses.LOSSES", "optimizers.OPTIMIZERS",
            "embeddings.COLUMN_KINDS",
        ):  # fmt: skip
            records |= {f"skdnn.kernels.{table.split('.')[0]}", f"skdnn.kernels.{table}"}
        assert set(modules) <= records
    if name_of(path) not in ("training.engine", "kernels.epoch"):
        assert "skdnn.kernels.epoch" not in modules


def test_the_base_of_the_estimators_is_read_at_a_glance():
    source = (PACKAGE / "estimators" / "_base.py").read_text()
    assert len(source.splitlines()) < 350


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_and_functions_stay_small(path):
    source = path.read_text()
    assert len(source.splitlines()) <= 600
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            # A constructor has two lines for each parameter.
            is_constructor = node.name == "__init__"
            assert node.end_lineno - node.lineno < (100 if is_constructor else 80), node.name


#: All compiled code runs through these.
FEW_PARAMETERS = {"kernels.optimizers.update": 9, "kernels.epoch.batch_gradient": 9}
FEW_PARAMETERS["kernels.network.forward"] = 9

#: A tile of a matrix product is one expression of vector code: an intrinsic gets each number as an
#: argument of its own, and its twin in Python has the same ones.
MANY_PARAMETERS = {"_jit.simd._tile_intrinsic", "_jit.simd._tile_python"}


def n_parameters(function):
    arguments = function.args
    each = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return len(each) + (arguments.vararg is not None) + (arguments.kwarg is not None)


def test_functions_have_few_parameters():
    counts = {
        f"{name_of(path)}.{node.name}": n_parameters(node)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        # Constructors of estimators have as many as these have parameters.
        if isinstance(node, ast.FunctionDef) and node.name != "__init__"
    }
    assert counts.keys() >= FEW_PARAMETERS.keys() | MANY_PARAMETERS
    assert {name for name, count in counts.items() if count > 10} == MANY_PARAMETERS
    for name, most in FEW_PARAMETERS.items():
        assert counts[name] <= most, name


class ReachedError(Exception):
    """The compiled code would be entered now."""


@pytest.mark.parametrize("preset", ["best", "mlp"])
@pytest.mark.parametrize("cls", [skdnn.DNNClassifier, skdnn.DNNRegressor])
def test_the_way_from_fit_to_the_compiled_code_is_short_and_leads_down(cls, preset, monkeypatch):
    def stop(*arguments):
        raise ReachedError

    replace_entry(monkeypatch, "train_epoch", stop)
    model = cls.preset(preset, n_members=1, n_jobs=1)
    with pytest.raises(ReachedError) as raised:
        model.fit([[value] for value in range(20)], [0, 1] * 10)
    frames = [entry.path for entry in raised.traceback]
    files = [Path(path) for path in frames if PACKAGE in Path(path).parents]
    names = [name_of(path) for path in files]
    # Of the wrappers of ``fit`` that check the parameters, too.
    assert names[-1] == "training.engine"
    assert 1 < len(names) <= 12, names
    layers = [LAYERS.index(name.split(".")[0]) for name in names if name != "_sklearn"]
    assert layers == sorted(layers, reverse=True), names
    # No module is left and entered again but by way of the threads, which call what they are given.
    called = [name for name, _ in groupby(name for name in names if name != "training.threads")]
    assert len(called) == len(set(called)), names


def public_objects():
    for name in skdnn.__all__:
        item = getattr(skdnn, name)
        if inspect.isclass(item) and issubclass(item, Warning):
            continue  # nobody makes one
        if inspect.isclass(item):
            yield name, item
            for attribute, member in vars(item).items():
                if not attribute.startswith("_") and callable(member):
                    yield f"{name}.{attribute}", member
        elif callable(item):
            yield name, item


@pytest.mark.parametrize("name", [name for name, _ in public_objects()])
def test_public_names_have_numpydoc_docstrings(name):
    item = dict(public_objects())[name]
    doc = inspect.getdoc(item)
    assert doc, name
    if inspect.isclass(item):
        sections = ["References", "Examples"]
        sections += ["Attributes"] if hasattr(item, "fit") else []
        sections += ["Parameters"] if inspect.signature(item).parameters else []
        for section in sections:
            assert f"{section}\n{'-' * len(section)}" in doc
        if "Parameters" not in sections:
            return
        parameters = doc.split("Parameters\n----------\n")[1].split("\n---")[0].splitlines()
        documented = [line.split(" : ")[0] for line in parameters if " : " in line]
        documented = [name for name in documented if not name.startswith(" ")]
        assert documented == list(inspect.signature(item).parameters)
    elif set(inspect.signature(item).parameters) - {"self"}:
        assert "Parameters\n----------" in doc


@pytest.mark.parametrize("name", [name for name, _ in public_objects()])
def test_documented_defaults_are_those_of_the_signature(name):
    item = dict(public_objects())[name]
    section = inspect.getdoc(item).split("Parameters\n----------\n")[-1].split("\n---")[0]
    lines = [line for line in section.splitlines() if not line.startswith(" ") and " : " in line]
    documented = dict(line.split(" : ", 1) for line in lines)
    for parameter in inspect.signature(item).parameters.values():
        described = documented.get(parameter.name)
        if parameter.default is inspect.Parameter.empty or described is None:
            assert described is None or "default=" not in described, parameter
        else:
            assert "default=" in described, parameter
            value = eval(described.split("default=")[1], {"inf": float("inf")})
            assert (type(value), value) == (type(parameter.default), parameter.default), parameter
