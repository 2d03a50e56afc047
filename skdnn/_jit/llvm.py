"""Helpers to generate LLVM IR."""

from __future__ import annotations

from llvmlite import binding, ir


def declare(module: ir.Module, function_type: ir.FunctionType, name: str) -> ir.Function:
    """The function of this name in a module, declared if it is not there yet."""
    try:
        return module.get_global(name)
    except KeyError:
        return ir.Function(module, function_type, name)


def call(builder: ir.IRBuilder, name: str, *arguments: ir.Value, returns: ir.Type | None = None):
    """What an LLVM intrinsic returns for these arguments; nothing by default.

    Not inline assembly: Numba's LLVM has no parser for that.
    """
    kind = ir.FunctionType(returns or ir.VoidType(), [argument.type for argument in arguments])
    return builder.call(declare(builder.module, kind, name), arguments)


def processor() -> str:
    """``"x86"``, ``"aarch64"`` or ``"other"``: whose intrinsics can be called."""
    triple = binding.get_default_triple()
    if triple.startswith(("x86_64", "i")):
        return "x86"
    return "aarch64" if triple.startswith(("aarch64", "arm64")) else "other"
