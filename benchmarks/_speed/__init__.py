"""Parts of ``benchmarks/speed.py``: cases, competitors, measuring, groups, tables."""
