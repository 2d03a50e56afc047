"""The private API of Numba that is used.

Tested with Numba 0.60 (llvmlite 0.43) to 0.68 (llvmlite 0.50), the bounds of ``pyproject.toml``.
With a version that lacks one of these names, the import of this module fails and ``skdnn._jit``
compiles with Numba's standard pipeline and disk cache instead.

**Code generation: one self-contained object for each entry.** Numba optimizes each function by
itself and again inside each of its callers, generates machine code of all of these versions, and
the linker uses the first one with a name. This takes most of the time of a first compilation. And
it makes two programs from one source: in the process that compiles, an entry calls the versions
that were compiled first; in a process that reads the disk cache, those of its own object, whose
last bits may differ. Here an inner kernel remains LLVM IR, and an entry contains private copies of
all functions that it calls. It is optimized as a whole, once.

**Disk cache.** Numba unpickles and runs its cache files unverified. Here they are verified first
(``cache.py``).
"""

from __future__ import annotations

import os
import pickle
from inspect import getfile, signature
from math import inf
from typing import Any

from llvmlite.binding import llvm_version_info, parse_assembly
from numba import config
from numba.core.caching import NullCache, _CacheLocator
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.compiler import Compiler, CompileResult
from numba.core.compiler_machinery import PassManager
from numba.core.options import DefaultOptions
from numba.core.registry import CPUDispatcher
from numba.core.runtime import rtsys
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

from skdnn._garbage import no_garbage_collection
from skdnn._jit.cache import DiskCache
from skdnn._jit.compilations import compilation

#: LLVM's optimization level for entries. The vectorizer runs at level 1 and above, and products are
#: vector code already: level 3 gives no faster code. Numba's additional pass before is for
#: reference counts, which kernels do not have.
OPT_LEVEL = 1

#: Functions of an entry with more lines of LLVM IR are called, not inlined: the time to optimize a
#: function and to allocate its registers grows faster than its size. Not with older versions of
#: LLVM, for which llvmlite adds the attribute to the return value: that is no valid code.
INLINE_LINES = 60 if llvm_version_info[0] >= 20 else inf

#: Passes of Numba for what no kernel has: closures, contexts, exceptions, loops over tuples, array
#: expressions; and for what nobody reads.
UNUSED_PASSES = {
    "WithLifting", "InlineClosureLikes", "RewriteDynamicRaises", "MakeFunctionToJitFunction",
    "InlineInlinables", "FindLiterallyCalls", "LiteralUnroll", "LiteralPropagationSubPipelinePass",
    "InlineOverloads", "NopythonRewrites", "DumpParforDiagnostics",
    "NoPythonSupportedFeatureValidation",
}  # fmt: skip

_LIBRARY_METHODS = (
    "_ensure_finalized", "_finalize_dynamic_globals", "_finalize_final_module",
    "_get_compiled_object", "_optimize_final_module", "enable_object_caching",
    "get_pointer_to_function", "serialize_using_object_code",
)  # fmt: skip

#: What is called or replaced below and no import would miss.
_USED: dict[Any, tuple[str, ...]] = {
    JITCodeLibrary: _LIBRARY_METHODS,
    JITCPUCodegen: ("_module_pass_manager", "magic_tuple", "set_env"),
    Compiler: ("compile_extra", "define_pipelines"),
    PassManager: ("finalize",),
    CompileResult: ("_rebuild", "_reduce"),
    NullCache: ("load_overload", "save_overload"),
    DefaultOptions: ("_nrt", "no_cfunc_wrapper", "no_cpython_wrapper"),
    CPUDispatcher(lambda: None): ("_cache",),
    rtsys: ("initialize",),
}


class _CodegenWithoutEngine:
    """A code generator whose functions are not loaded into memory, and have no environment."""

    def __init__(self, codegen: Any) -> None:
        self._codegen = codegen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)

    def set_env(self, name: str, environment: Any) -> None:
        pass


class InnerLibrary(JITCodeLibrary):
    """A library to be linked into others: neither optimized nor compiled to machine code."""

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
    """A library whose linked functions are private.

    Private, not internal linkage: the loader would export the names of internal functions, whose
    arguments LLVM has changed, to all code that is compiled later.
    """

    def _optimize_final_module(self) -> None:
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage.name == "linkonce_odr":
                function.linkage = "private"
                if str(function).count("\n") > INLINE_LINES:
                    function.add_function_attribute("noinline")
        made = self._codegen._module_pass_manager(opt=OPT_LEVEL)
        # Older versions of Numba return the manager alone.
        manager, *builder = made if isinstance(made, tuple) else (made,)
        manager.run(self._final_module, *builder)

    def serialize_using_object_code(self) -> tuple[str, str, tuple[bytes, bytes]]:
        """The machine code, and the names of its functions.

        Numba also stores the LLVM IR, for compiled code that calls it. An entry is only called by
        Python; parsing the IR would double the time to load it.
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
    """Code generator of inner libraries."""

    library_class: type = InnerLibrary

    def __init__(self, typingctx, targetctx, library, args, return_type, flags, locals):
        if library is None:
            library = self.library_class(targetctx.codegen(), f"skdnn.{type(self).__name__}")
            library.enable_object_caching()
        super().__init__(typingctx, targetctx, library, args, return_type, flags, locals)

    def define_pipelines(self):
        (default,) = super().define_pipelines()
        manager = PassManager(default.pipeline_name)
        kept = (each for each in default.passes if each[0].__name__ not in UNUSED_PASSES)
        manager.passes.extend(kept)
        manager.finalize()
        return [manager]


class EntryCompiler(InnerCompiler):
    """Code generator of entries."""

    library_class = EntryLibrary

    def __init__(self, *arguments):
        with no_garbage_collection():  # Numba fills its registries
            super().__init__(*arguments)

    def compile_extra(self, func):
        with no_garbage_collection(), compilation(func.__name__):
            return super().compile_extra(func)


class EntryCache(NullCache):
    """Adapter of a ``DiskCache`` with the interface of Numba's caches."""

    def __init__(self, files: DiskCache) -> None:
        self._files = files

    @property
    def cache_path(self) -> str:
        """The first directory."""
        return self._files.directories[0]

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        # Numba's own method fills the registries of all that can be compiled, which takes a tenth
        # of a second; machine code needs the symbols of the run-time system.
        rtsys.initialize(target_context)
        return self._files.load(
            self._key(sig, target_context.codegen()),
            lambda payload: CompileResult._rebuild(target_context, *pickle.loads(payload)),
        )

    def save_overload(self, sig: Any, data: Any) -> None:
        if not data.library.has_dynamic_globals:  # addresses in this process
            self._files.save(self._key(sig, data.codegen), lambda: dumps(data._reduce()))

    def _key(self, sig: Any, codegen: Any) -> bytes:
        return self._files.key(sig, codegen.magic_tuple())


def cache_directories(source: str) -> list[str]:
    """Numba's cache directories for a file, in its order, including read-only ones."""
    package = _CacheLocator.get_suitable_cache_subpath(source)
    directories = [os.path.join(os.path.dirname(source), "__pycache__")]
    if config.CACHE_DIR:
        directories.insert(0, os.path.join(config.CACHE_DIR, package))
    user = AppDirs(appname="numba", appauthor=False).user_cache_dir
    if os.path.isabs(user):  # a user without a home has none
        directories.append(os.path.join(user, package))
    return directories


def enable_cache(dispatcher: Any) -> None:
    """Store the specializations of a compiled function on disk."""
    function = dispatcher.py_func
    dispatcher._cache = EntryCache(DiskCache(function, cache_directories(getfile(function))))


# Nothing is allocated in kernels, so no references are counted: Numba would count them, atomically,
# for each array that is passed to a function, half of the time of a tiny network.
ENTRY_OPTIONS: dict[str, Any] = {"_nrt": False, "pipeline_class": EntryCompiler}

# Nothing but compiled code calls the inner kernels: no wrappers for callers from Python and C, no
# machine code of their own.
INNER_OPTIONS: dict[str, Any] = {
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "pipeline_class": InnerCompiler,
}


def _check_names() -> None:
    """Raise AttributeError or TypeError if Numba lacks internals that are used."""
    for owner, names in _USED.items():
        for name in names:
            getattr(owner, name)
    signature(Compiler).bind(*signature(InnerCompiler).parameters)


_check_names()
