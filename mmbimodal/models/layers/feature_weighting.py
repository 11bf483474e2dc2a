from collections.abc import Sequence

from torch import Tensor, nn


class FeatureWeighting(nn.Module):
    r"""Channel attention on the features of two modalities (eqs 12–17 of AMFI-Net).

    .. math::
        E_m = σ(FC_m(Z_F)), \quad Y_m = X_m \odot E_m

    Reading: the page with these equations is missing from the text that we have. The
    text around it says that "a fully connected layer and a Sigmoid" generate the
    weights, and that these weigh the original features. A layer 2C → C for each
    modality fits the published number of parameters.

    Args:
        channels (int): Channels C of one modality.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.ModuleList(nn.Linear(2 * channels, channels) for _ in range(2))

    def forward(self, correlated: Tensor, features: Sequence[Tensor]) -> list[Tensor]:
        """Weigh.

        Args:
            correlated (Tensor): Z_F, B×2C.
            features (Sequence[Tensor]): X of the two modalities, each B×C.

        Returns:
            list[Tensor]: Y of the two modalities, each B×C.
        """
        return [x * fc(correlated).sigmoid() for x, fc in zip(features, self.fc)]
