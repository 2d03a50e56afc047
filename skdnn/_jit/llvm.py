"""Helpers to generate LLVM IR."""

from __future__ import annotations

from llvmlite import ir


def declare(module: ir.Module, function_type: ir.FunctionType, name: str) -> ir.Function:
    """The function of this name in a module, declared if it is not there yet."""
    try:
        return module.get_global(name)
    except KeyError:
        return ir.Function(module, function_type, name)
