"""Displays of fitted estimators; matplotlib is imported only for plotting."""
