from torch import Tensor, nn

from mmbimodal.errors import InputError

POSITIONS = ('entry', 'token', 'vector')


class FeatureCorrelation(nn.Module):
    r"""Non-local correlation of the features of two modalities (eqs 8–11 of AMFI-Net).

    .. math::
        f(x_i, x_j) = e^{θ(x_i)^T β(x_j)}, \quad c(x) = \sum_j f(x_i, x_j), \quad
        y_i = \frac{1}{c(x)} \sum_j f(x_i, x_j) g(x_j), \quad z_i = W_z y_i + x_i

    θ, β, g and W_z are linear layers, the 1×1 convolutions of the paper. The paper
    does not say what a position i is: one sample is one vector. Readings:

    - ``'entry'``: θ, β and g embed the vector, and the C entries of the embeddings
      are the positions. It gives the published number of parameters.
    - ``'token'``: the features of a modality are a position, so there are two.
    - ``'vector'``: the literal one. With a single position the softmax is 1, θ and β
      get no gradient, and z = W_z g(x) + x.

    Args:
        channels (int): Channels C of one modality.
        positions (str): ``'entry'``, ``'token'`` or ``'vector'``. Defaults to
            ``'entry'``.

    Raises:
        InputError: ``positions`` is something else.
    """

    def __init__(self, channels: int, positions: str = 'entry') -> None:
        super().__init__()
        if positions not in POSITIONS:
            raise InputError(
                f'FeatureCorrelation: positions={positions!r} is unknown: choose from '
                f'{", ".join(POSITIONS)}'
            )
        self.positions = positions
        self.width = channels if positions == 'token' else 2 * channels
        self.theta = nn.Linear(self.width, channels)
        self.beta = nn.Linear(self.width, channels)
        self.g = nn.Linear(self.width, channels)
        self.w_z = nn.Linear(channels, self.width)

    def forward(self, x: Tensor) -> Tensor:
        """Correlate.

        Args:
            x (Tensor): Features of both modalities side by side, X_F, B×2C.

        Returns:
            Tensor: Z_F, B×2C.
        """
        # B×2C -> B×P×D, P = 2 of 'token', else 1
        tokens = x.unflatten(1, (-1, self.width))
        # B×P×D -> B×P×C
        theta, beta, g = self.theta(tokens), self.beta(tokens), self.g(tokens)
        if self.positions == 'entry':
            # B×1×C -> B×C×1: C positions of one channel
            theta, beta, g = (item.transpose(1, 2) for item in (theta, beta, g))
        # P×P or C×C weights for each sample
        weights = (theta @ beta.transpose(1, 2)).softmax(dim=-1)  # eqs 9, 10
        y = weights @ g  # eq. 8
        if self.positions == 'entry':
            y = y.transpose(1, 2)
        # B×P×C -> B×P×D -> B×2C
        return (self.w_z(y) + tokens).flatten(1)  # eq. 11
