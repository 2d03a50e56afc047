"""Fitted estimators in other forms: a page for web browsers."""

from skdnn.export._html import to_html

__all__ = ["to_html"]
