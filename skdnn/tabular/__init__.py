"""Columns of a table to numbers for a network, and targets to numbers near zero."""
