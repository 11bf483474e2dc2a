import torch
from torch import Tensor, nn


class ConfidenceGate(nn.Module):
    r"""Share of the decision modality in each channel (eqs 18–19 of AMFI-Net).

    .. math::
        G = σ(FC(Y_d)), \quad Y_F = Y_d \odot G + Y_o \odot (1 - G)

    with the decision modality d, whose features alone give the gate, and the other
    one, o. Reading: "Fc" and "W" of eq. 18 are one layer, C → C.

    Of a sample that lacks a modality the gate is not asked: Y_F is the Y of the other.

    Args:
        channels (int): Channels C of one modality.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Linear(channels, channels)

    def forward(
        self, decision: Tensor, other: Tensor, present: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Gate.

        Args:
            decision (Tensor): Y_d, B×C.
            other (Tensor): Y_o, B×C.
            present (Tensor): Whether the sample has the decision modality and the
                other one, B×2, bool.

        Returns:
            tuple[Tensor, Tensor]: Y_F, and the gate before the sigmoid, each B×C.
        """
        logits = self.fc(decision)
        has_decision, has_other = present[:, :1], present[:, 1:]
        gate = logits.sigmoid()  # eq. 18
        gate = torch.where(has_other, torch.where(has_decision, gate, 0.0), 1.0)
        return decision * gate + other * (1 - gate), logits  # eq. 19
