"""Saving of fitted estimators."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from io import BytesIO
from typing import Any

from skdnn.estimators._document import document_of
from skdnn.estimators._fitted import reads_one_model


class SavingMixin:
    """Estimators that can be saved in a file."""

    @reads_one_model
    def save(self, file: Any) -> None:
        """Save what predictions need, and the parameters, in a file.

        :func:`skdnn.load` reads it, in this version and all later ones, and so does
        ``skdnn_light.load``, which needs NumPy alone. The file is a zip archive of text (JSON) and
        arrays (safetensors), about a sixth of a pickle: it holds neither code nor the state of the
        training, which cannot be continued.

        Parameters
        ----------
        file : str, path, or binary file
            A file with this name is replaced when the new one is complete.

        Raises
        ------
        NotFittedError
        ValueError
            If classes or categories are neither text nor numbers nor bool.
        OSError
            If the file cannot be written; the old one then remains.

        See Also
        --------
        skdnn.load : Load a saved model.
        """
        # Here, so that the package is imported faster.
        from skdnn_light.files import write

        document, arrays = document_of(self)
        buffer = BytesIO()
        write(buffer, document, arrays)
        if hasattr(file, "write"):
            file.write(buffer.getvalue())
        else:
            replace_file(file, buffer.getbuffer())


def replace_file(file: Any, content: Any) -> None:
    """Write a file so that readers see the old one or all of the new one.

    Parameters
    ----------
    file : str, bytes or path
    content : bytes-like
    """
    # What a link points to is replaced, not the link.
    path = os.path.realpath(os.fsdecode(file))
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as out:  # a device, which must not be replaced by a file
            out.write(content)
        return
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"There is no folder {folder!r} to save {path!r} in.")
    # In the same folder, so that it can replace a file in one step.
    draft = os.path.join(folder, f".skdnn-{secrets.token_hex(8)}")
    try:
        with open(draft, "xb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        if os.path.exists(path):
            shutil.copymode(path, draft)
        os.replace(draft, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(draft)
        raise
