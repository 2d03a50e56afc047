"""Display of the weights of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from skdnn.estimators._checks import check_index
from skdnn.inspection._displays import (
    axes_for,
    check_names,
    checked_array,
    fitted_network,
    show_literally,
)

#: Maximum number of feature names that are readable in a figure of the default size.
MAX_NAMES = 30


class WeightsDisplay:
    """Weights of one layer: a row for each input, a column for each unit; 0 is white.

    It is recommended to use :meth:`from_estimator` to create a ``WeightsDisplay``. All parameters
    are stored as attributes.

    Parameters
    ----------
    weights : array of shape (n_in, n_out)
        The weights.
    feature_names : list of n_in str, default=None
        Names of the rows.
    layer : int, default=0
        Index of the layer, for the labels of the axes.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the image.
    figure_ : matplotlib Figure
        Figure containing the axes.
    im_ : matplotlib AxesImage
        The image.
    colorbar_ : matplotlib Colorbar or None
        The color bar.

    References
    ----------
    Moreland 2009, "Diverging color maps for scientific visualization", ISVC.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdnn import DNNClassifier, WeightsDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> params = {"hidden_layer_sizes": (8,), "solver": "lbfgs", "random_state": 0}
    >>> model = DNNClassifier.preset("mlp", **params).fit(X, y)
    >>> display = WeightsDisplay.from_estimator(model)
    >>> display.weights.shape
    (4, 8)
    >>> display.ax_.get_yticklabels()[0].get_text()
    'sepal length (cm)'
    """

    def __init__(
        self, *, weights: np.ndarray, feature_names: Sequence[str] | None = None, layer: int = 0
    ) -> None:
        self.weights = weights
        self.feature_names = feature_names
        self.layer = layer

    def plot(
        self,
        ax: Any = None,
        *,
        cmap: Any = "RdBu_r",
        colorbar: bool = True,
        im_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Plot the weights.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes object to plot on. If None, a new figure and axes are created.
        cmap : str or matplotlib Colormap, default="RdBu_r"
            Colormap, centered at 0; a diverging one is recommended.
        colorbar : bool, default=True
            Whether to add a color bar.
        im_kw : dict, default=None
            Keyword arguments passed to matplotlib's ``imshow``.

        Returns
        -------
        display : WeightsDisplay
            This object.

        Raises
        ------
        ValueError
            If a parameter of the display has the wrong shape.
        """
        weights = checked_array("weights", self.weights, ("n_in", "n_out"))
        if self.feature_names is not None:
            check_names(self.feature_names, len(weights), "weights")
        self.ax_ = axes_for(self, ax)
        self.figure_ = self.ax_.figure
        limit = np.abs(weights).max() or 1.0
        style = {"cmap": cmap, "vmin": -limit, "vmax": limit, "aspect": "auto", **(im_kw or {})}
        self.im_ = self.ax_.imshow(weights, **style)
        self.colorbar_ = None
        if colorbar:
            self.colorbar_ = self.figure_.colorbar(self.im_, ax=self.ax_, label="Weight")
        inputs = "Feature" if self.layer == 0 else f"Unit of layer {self.layer - 1}"
        self.ax_.set(xlabel=f"Unit of layer {self.layer}", ylabel=inputs)
        if self.feature_names is not None:
            names = [str(name) for name in self.feature_names]
            self.ax_.set_yticks(range(len(names)), names, parse_math=False)
        show_literally(self.ax_)
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        ax: Any = None,
        layer: int = 0,
        member: int = 0,
        feature_names: Sequence[str] | None = None,
        cmap: Any = "RdBu_r",
        colorbar: bool = True,
        im_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Plot the weights of one layer of a fitted estimator.

        Parameters
        ----------
        estimator : DNNClassifier, DNNRegressor, Pipeline or search
            Fitted estimator. The last step of a Pipeline and the best estimator of a search are
            used.
        ax : matplotlib Axes, default=None
            Axes object to plot on. If None, a new figure and axes are created.
        layer : int, default=0
            Index into ``coefs_``; negative numbers count from the last layer.
        member : int, default=0
            Index of the member whose weights are plotted.
        feature_names : list of str, default=None
            Names of the inputs of the layer. If None, the names of the features are used for the
            first layer, if they are known and there are no more than 30.
        cmap : str or matplotlib Colormap, default="RdBu_r"
            Colormap, centered at 0; a diverging one is recommended.
        colorbar : bool, default=True
            Whether to add a color bar.
        im_kw : dict, default=None
            Keyword arguments passed to matplotlib's ``imshow``.

        Returns
        -------
        display : WeightsDisplay
            The display, with the weights plotted.

        Raises
        ------
        TypeError
            If there is no DNN estimator in ``estimator``.
        NotFittedError
            If it is not fitted.
        ValueError
            If there is no such layer or member, or if the number of names is not the number of
            inputs.
        """
        model = fitted_network(estimator)
        layer = check_index("layer", layer, len(model.coefs_))
        weights = model.coefs_[layer]
        # An array for a single network; an array or list of them for several members.
        networks = [weights] if getattr(weights, "ndim", 3) == 2 else weights
        member = check_index("member", member, len(networks))
        weights = networks[member].copy()
        if feature_names is None and layer == 0 and len(weights) <= MAX_NAMES:
            feature_names = model._input_names(member)
        if feature_names is not None and len(feature_names) != len(weights):
            raise ValueError(
                f"feature_names must have {len(weights)} items, one for each input of layer "
                f"{layer}. Got {len(feature_names)}."
            )
        display = cls(weights=weights, feature_names=feature_names, layer=layer)
        return display.plot(ax, cmap=cmap, colorbar=colorbar, im_kw=im_kw)
