"""Configuration of Sphinx: ``sphinx-build -n -W --keep-going -b html docs build/html``.

The build needs no network. ``-D plot_gallery=0`` leaves out the scripts of the gallery.
"""

import re
import runpy
from pathlib import Path

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

import skdnn

HERE = Path(__file__).parent

project = "skdnn"
author = "The skdnn developers"
copyright = author
version = release = skdnn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "sphinx_design",
    "sphinx_copybutton",
]
exclude_patterns = ["auto_examples/**/*.ipynb", "tutorials/**/*.ipynb", "generated"]
exclude_patterns += ["auto_examples/**/*.py", "tutorials/**/*.py"]
templates_path = ["_templates"]

# Markdown.
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4

# The button copies what is typed, without prompts and output.
copybutton_exclude = ".linenos, .gp, .go"

# Docstrings.
autosummary_generate = True
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_validation_checks = {
    "all",
    "GL01",  # The summary begins in the line of the quotation marks.
    "SS03",  # A summary may be a question, or end with a colon.
    "SS05",  # "Views of ..." is a good first line.
    "SS06",  # A summary may take two lines.
    "ES01",  # An extended summary,
    "SA01",  # related names,
    "EX01",  # and examples are there where they help.
    "RT02",  # Returned values have names, as in scikit-learn.
}
# Methods that redefine a documented one, and classes with the parameters of another one.
numpydoc_validation_exclude = {r"\.factors$", r"\.distributed\.Dask\w+$"}
maximum_signature_line_length = 80

# Names of other packages: their documentation is not read, so that no network is needed.
nitpick_ignore_regex = [
    (r"py:.*", r"(sklearn|numpy|pandas|scipy|matplotlib|onnx|skl2onnx|optuna|shap)\..*"),
    (r"std:term", r".*"),  # of scikit-learn's glossary
    # Attributes, which are described in their class.
    (r"py:obj", r"\w+_|levels|feature_names|predictions"),
]

# Gallery and tutorials.
sphinx_gallery_conf = {
    "examples_dirs": ["../examples", "../tutorials"],
    "gallery_dirs": ["auto_examples", "tutorials"],
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"^_",
    "within_subsection_order": "FileNameSortKey",
    "doc_module": ("skdnn", "skdnn_light"),
    "reference_url": {"skdnn": None, "skdnn_light": None},
    "backreferences_dir": "gen_modules/backreferences",
    "image_scrapers": ("matplotlib",),
    "image_srcset": ["2x"],
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,  # their page loads scripts from elsewhere
    "min_reported_time": 1,
}

# HTML.
html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = f"skdnn {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/logo.svg"
html_show_sourcelink = False
html_theme_options = {
    "logo": {
        "text": "skdnn",
        "alt_text": "skdnn: home",
        "image_light": "_static/logo.svg",
        "image_dark": "_static/logo-dark.svg",
    },
    "icon_links": [
        {"name": "Source", "url": "https://github.com/skdnn/skdnn", "icon": "fa-brands fa-github"}
    ],
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": []}


logger = logging.getLogger(__name__)


def make_tables(app):
    """Write what the first page shows; warn, an error with ``-W``, if tables are not current."""
    runpy.run_path(str(HERE / "landing.py"))["write"]()
    tables = runpy.run_path(str(HERE / "tables.py"))
    if (HERE / "reference.md").read_text() != tables["text"]() + "\n":
        logger.warning("docs/reference.md: run python docs/tables.py")


def visit_math(self, node):
    """Write a formula as MathML, which browsers draw without a script."""
    try:
        text = node.astext().replace(r"\dots", r"\ldots")  # docutils does not know the former
        formula = tex2mathml(text, as_block=isinstance(node, nodes.math_block))
    except MathError as error:
        logger.warning("%s", error, location=node)
        formula = self.encode(node.astext())
    self.body.append(formula)
    raise nodes.SkipNode


def link_scikit_learn(app, env, node, content):
    """Link classes and functions of scikit-learn: their addresses follow from their names."""
    name = node["reftarget"]
    if re.fullmatch(r"sklearn\.\w+\.\w+", name):
        address = f"https://scikit-learn.org/stable/modules/generated/{name}.html"
        return nodes.reference("", "", content, internal=False, refuri=address)


def setup(app):
    app.connect("missing-reference", link_scikit_learn)
    app.connect("builder-inited", make_tables)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math, None))
