"""How compiled code is put together: one self-contained object for each entry.

Numba optimises every function by itself and again inside each of its callers, makes machine code of
all of these versions, and lets the linker take the first of those with one name. That costs most of
the time of a first compilation. And it makes two programs of one source: in the process that
compiles, an entry calls the versions that were made first, in a process that reads the disk cache
those of its own object, whose last bits may differ.

Here an inner kernel stays a description in LLVM's language, and an entry holds a copy of its own of
all that it calls, under names that nobody else sees. It is optimised as a whole, once.
"""

from __future__ import annotations

from typing import Any

from llvmlite.binding import parse_assembly
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

from skdnn._garbage import no_garbage_collection
from skdnn._jit.compilations import compilation

#: LLVM's level of optimisation for an entry. The vectoriser works at all levels from 1 on, and the
#: products are vector code already: the code of level 3 is no faster. Numba would run another pass
#: before, for the reference counts that kernels do not have.
OPT_LEVEL = 1


class _CodegenWithoutEngine:
    """A code generator whose functions are not loaded into memory, and so have no environment."""

    def __init__(self, codegen: Any) -> None:
        self._codegen = codegen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)

    def set_env(self, name: str, environment: Any) -> None:
        pass


class InnerLibrary(JITCodeLibrary):
    """Code to be linked into others: neither optimised nor turned into machine code here."""

    @property
    def codegen(self):
        return _CodegenWithoutEngine(self._codegen)

    def get_pointer_to_function(self, name: str) -> int:
        return 0

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


#: What compiled code does that calls an entry all the same.
_ABORT = "call void @llvm.trap() unreachable"


class EntryLibrary(JITCodeLibrary):
    """Code that keeps what it has linked in to itself.

    Private, not internal: the loader would offer the names of internal functions, whose arguments
    LLVM has changed, to all code that is compiled later.
    """

    def _optimize_final_module(self) -> None:
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage.name == "linkonce_odr":
                function.linkage = "private"
        made = self._codegen._module_pass_manager(opt=OPT_LEVEL)
        # Older versions of Numba return the manager alone.
        manager, *builder = made if isinstance(made, tuple) else (made,)
        manager.run(self._final_module, *builder)

    def serialize_using_object_code(self) -> tuple[str, str, tuple[bytes, bytes]]:
        """The machine code, and of its functions the names.

        Numba keeps all of its source, for compiled code that calls it. An entry is called by
        Python; to read its source again would take as long as all else that loads it.
        """
        self._ensure_finalized()
        names = [
            function.name
            for function in self._final_module.functions
            if not function.is_declaration and function.linkage.name == "external"
        ]
        functions = (f'define void @"{name}"() noinline {{ {_ABORT} }}' for name in names)
        source = parse_assembly("\n".join(["declare void @llvm.trap()", *functions]))
        return self.name, "object", (self._get_compiled_object(), source.as_bitcode())


class InnerCompiler(Compiler):
    """Makes inner libraries."""

    library_class: type = InnerLibrary

    def __init__(self, typingctx, targetctx, library, args, return_type, flags, locals):
        if library is None:
            library = self.library_class(targetctx.codegen(), f"skdnn.{type(self).__name__}")
            library.enable_object_caching()
        super().__init__(typingctx, targetctx, library, args, return_type, flags, locals)


class EntryCompiler(InnerCompiler):
    """Makes libraries of entries."""

    library_class = EntryLibrary

    def __init__(self, *arguments):
        with no_garbage_collection():  # Numba fills its registries
            super().__init__(*arguments)

    def compile_extra(self, func):
        with no_garbage_collection(), compilation(func.__name__):
            return super().compile_extra(func)
