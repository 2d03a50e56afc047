"""Saving of fitted estimators."""

from __future__ import annotations

import os
import tempfile
from io import BytesIO
from typing import Any

from skdnn.estimators._document import document_of
from skdnn.estimators._fitted import reads_one_model
from skdnn_light.files import write


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

        See Also
        --------
        skdnn.load : Load a saved model.
        """
        document, arrays = document_of(self)
        buffer = BytesIO()
        write(buffer, document, arrays)
        if hasattr(file, "write"):
            file.write(buffer.getbuffer())
            return
        path = os.fspath(file)
        folder, name = os.path.split(os.path.abspath(path))
        # In the same folder, so that it can replace a file in one step.
        descriptor, draft = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(buffer.getbuffer())
            os.chmod(draft, 0o666 & ~_umask())
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
