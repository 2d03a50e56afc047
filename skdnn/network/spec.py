"""The description of a network."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NetworkSpec:
    """Everything that decides the shape of a network.

    Attributes
    ----------
    layer_sizes : tuple of int
        Number of inputs, of units of each hidden layer, of outputs.
    activation : str
        Name in ``ACTIVATIONS``, of all hidden layers.
    dropout : tuple of float
        Rate after each hidden layer.
    loss : str
        Name in ``LOSSES``; it decides the link of the output.
    """

    layer_sizes: tuple[int, ...]
    activation: str
    dropout: tuple[float, ...]
    loss: str

    @property
    def n_in(self) -> int:
        return self.layer_sizes[0]

    @property
    def n_out(self) -> int:
        return self.layer_sizes[-1]

    @property
    def n_layers(self) -> int:
        """Number of dense layers."""
        return len(self.layer_sizes) - 1

    @property
    def n_weights(self) -> int:
        """Number of weights without biases: multiplications a row in a forward pass."""
        return sum(a * b for a, b in zip(self.layer_sizes, self.layer_sizes[1:], strict=False))
