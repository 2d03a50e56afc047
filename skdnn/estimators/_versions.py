"""Pickles say which version has made them."""

from __future__ import annotations

from typing import Any

from skdnn._warnings import warn

#: Key of the version in the state of an object.
KEY = "_skdnn_version"


class InconsistentVersionWarning(UserWarning):
    """A pickle was made by another minor version of skdnn.

    What was learned may be read in another way, or not at all. Fit the estimator anew, or read the
    pickle with the version that has made it.
    """


class VersionedMixin:
    """Puts the version into pickles, and reads those of no other one silently."""

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
                f"{__version__}, cannot read. Fit it anew, or read it with that version."
            )
        if _minor(found) != _minor(__version__):
            warn(
                f"This pickle of a {name} was made by skdnn {found} and is read by {__version__}: "
                "it may be invalid. Fit it anew, or read it with the version that has made it.",
                InconsistentVersionWarning,
            )
        parent = getattr(super(), "__setstate__", self.__dict__.update)
        parent(state)


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]
