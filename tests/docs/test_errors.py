"""All messages of the package can be found on the page of errors and warnings."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guide" / "errors.md"

#: Calls whose first argument is a message, in addition to those in ``raise``.
CALLS = re.compile(r"(Error|warn|warning|warn_once)$")
#: Functions that make messages of parts.
BUILDERS = {"_divergence", "doubts_of_training", "_hint"}
#: Templates with fewer letters than this only put other messages together.
FEW_LETTERS = 10

#: Messages that users do not see, by the beginning of the path: all of a module, or some.
INTERNAL = {
    "skdnn/__init__.py": None,  # names that a module does not have
    "skdnn/_jit/cache.py": ["The file is damaged"],  # it is compiled anew
    "skdnn/kernels/records.py": None,  # of those who add a kernel
    # Contradictions inside of a network, which the estimators rule out.
    "skdnn/network/layout.py": None,
    "skdnn/training/checks.py": None,
    "skdnn/training/data.py": ["Rows from"],
    "skdnn/estimators/_inputs.py": ["The network has"],
    "skdnn/estimators/_numbers.py": None,
    "skdnn/estimators/_labels.py": ["The network has"],
    "skdnn/estimators/_label_columns.py": ["The network has"],
    "skdnn/distributed/__init__.py": ["module"],
    # Connections of strangers, and contradictions between workers.
    "skdnn/distributed/_sockets.py": None,
    "skdnn/distributed/_fit.py": ["… of … workers have rows"],
    "skdnn/tabular/": ["n_bins must", "scaling must", "There is no row", "X has … columns"],
    # Reasons, behind the colon of "A damaged skdnn model".
    "skdnn/persistence.py": ["the ", "… parameters"],
    "skdnn_light/checks.py": None,
    "skdnn_light/files.py": ["the", "…"],
}


def template(node):
    """A text with "…" for what is filled in; empty for other expressions."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"\{\}|%[sd]", "…", node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(template(each) or "…" for each in node.values)
    if isinstance(node, ast.BinOp):
        return template(node.left) + template(node.right)
    if isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "format":
        return template(node.func.value)
    return ""


def templates_of(path):
    """The messages in a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        call = node.exc if isinstance(node, ast.Raise) else node
        if isinstance(call, ast.Call) and call.args:
            is_message = call is not node or CALLS.search(ast.unparse(call.func))
            yield template(call.args[0]) if is_message else ""
        elif isinstance(node, ast.FunctionDef) and node.name in BUILDERS:
            yield from (
                template(each) for each in ast.walk(node) if isinstance(each, ast.JoinedStr)
            )
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NOTICE":
            yield template(node.value)


def is_internal(name, text):
    for begin, texts in INTERNAL.items():
        if name.startswith(begin) and (texts is None or text.startswith(tuple(texts))):
            return True
    return False


def user_messages():
    modules = (path for name in ("skdnn", "skdnn_light") for path in (ROOT / name).rglob("*.py"))
    # The messages of a playground are about its own page.
    for path in sorted(path for path in modules if "playground" not in path.parts):
        name = path.relative_to(ROOT).as_posix()
        texts = {
            text for text in templates_of(path) if len(re.findall("[a-z]", text)) > FEW_LETTERS
        }
        yield from ((name, text) for text in sorted(texts) if not is_internal(name, text))


def on_page():
    """The messages of the page: its code, without line breaks."""
    text = re.sub(r"```.*?```", "", PAGE.read_text(), flags=re.DOTALL)
    spans = re.findall(r"(?<!`)(`+)(.+?)\1(?!`)", text, re.DOTALL)
    return [re.sub(r"\s+", " ", span) for _, span in spans]


def is_found(text, spans):
    """Whether one of the spans has the text, with anything in the place of "…"."""
    pattern = re.compile(r".*".join(re.escape(part.strip()) for part in re.split("…+", text)))
    return any(pattern.search(span) for span in spans)


def test_messages_are_found_on_the_page():
    spans = on_page()
    missing = [f"{name}: {text}" for name, text in user_messages() if not is_found(text, spans)]
    assert not missing, f"Explain in {PAGE.name}, or list as internal:\n" + "\n".join(missing)


def test_many_messages_are_collected():
    assert len(list(user_messages())) > 150


@pytest.mark.parametrize("text", ["Column … must be blue.", "Training interrupted by …, by …."])
def test_other_messages_are_not_found(text):
    assert not is_found(text, on_page())


def test_internal_messages_exist():
    """Entries of the list that are no longer needed are removed."""
    known = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("skdnn*/**/*.py")]
    for begin, texts in INTERNAL.items():
        found = [t for name in known if name.startswith(begin) for t in templates_of(ROOT / name)]
        assert found, begin
        for text in texts or ():
            assert any(each.startswith(text) for each in found), (begin, text)
