"""Versions in pickles."""

from __future__ import annotations

from typing import Any

from skdnn._warnings import warn

#: Key of the version in the state of an object.
KEY = "_skdnn_version"


class InconsistentVersionWarning(UserWarning):
    """A pickle was made by another minor version of skdnn.

    The estimator may be invalid. Fit it again, or load the pickle with the version that made it.
    """


class VersionedMixin:
    """Stores the version in pickles, and warns when another minor version is loaded."""

    def __getstate__(self) -> dict[str, Any]:
        from skdnn import __version__

        state: Any = super().__getstate__()
        return {**(state or {}), KEY: __version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        from skdnn import __version__

        name, state = type(self).__name__, dict(state)
        found = state.pop(KEY, None)
        if found is None:
            raise ValueError(
                f"This pickle of a {name} was made by an early version of skdnn, which this one, "
                f"{__version__}, cannot read. Fit it again, or load it with that version."
            )
        if _minor(found) != _minor(__version__):
            warn(
                f"This pickle of a {name} was made by skdnn {found} and is read by {__version__}: "
                "it may be invalid. Fit it again, or load it with the version that made it.",
                InconsistentVersionWarning,
            )
        parent = getattr(super(), "__setstate__", self.__dict__.update)
        parent(state)


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]
