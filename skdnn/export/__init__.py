"""Fitted models in other forms: ONNX graphs, and pages for web browsers.

ONNX needs the packages of the extra ``export``: ``pip install "skdnn[export]"``.
"""

from skdnn.export._check import check
from skdnn.export._columns import onnx_inputs
from skdnn.export._html import to_html
from skdnn.export._onnx import to_onnx
from skdnn.export._skl2onnx import register

__all__ = ["check", "onnx_inputs", "register", "to_html", "to_onnx"]
