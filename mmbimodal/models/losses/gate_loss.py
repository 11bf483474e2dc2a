import torch.nn.functional as F
from mmaction.registry import MODELS
from torch import Tensor, nn

from mmbimodal.errors import InputError

TARGETS = ('decision', 'printed')


def gate_loss(logits: Tensor, counted: Tensor, target: str = 'decision') -> Tensor:
    r"""Pull the gate G = σ(logits) to one of its ends (eq. 20 of AMFI-Net).

    .. math::
        L_{gate} = -\log G \quad or, as\ printed, \quad -\log(1 - G)

    averaged over the channels and the samples that count, from the logits: G itself
    may round to 0 or 1. Reading: the printed form pushes G to 0, away from the
    decision modality, against the text ("force the learning of the decision-making
    modality's priority"). IntegralAction, which the paper takes the gate from, uses
    -log G.

    Args:
        logits (Tensor): The gate before its sigmoid, B×C.
        counted (Tensor): Which samples count, B, bool: those with both modalities.
        target (str): ``'decision'``, -log G, or ``'printed'``, -log(1 - G).
            Defaults to ``'decision'``.

    Returns:
        Tensor: Scalar, float32; 0 where no sample counts.
    """
    logits = logits.float()
    # -log σ(a) = softplus(-a), -log(1 - σ(a)) = softplus(a)
    values = F.softplus(-logits if target == 'decision' else logits)  # eq. 20
    return (values.mean(dim=1) * counted).sum() / counted.sum().clamp(min=1)


@MODELS.register_module()
class GateLoss(nn.Module):
    r"""The gate's term of the joint loss (eqs 20–21 of AMFI-Net).

    .. math::
        L_{total} = L_{fusion} + λ L_{gate}

    Args:
        balance (float): λ. The text names 1 as its initial value; every table but
            that of λ itself has the accuracy of 1.5. Defaults to 1.5.
        target (str): See :func:`gate_loss`. Defaults to ``'decision'``.

    Raises:
        InputError: ``balance`` is negative, or ``target`` unknown.
    """

    def __init__(self, balance: float = 1.5, target: str = 'decision') -> None:
        super().__init__()
        if not balance >= 0:
            raise InputError(
                f'GateLoss: balance={balance} is the λ of eq. 21, and a negative one '
                'rewards a gate that errs: choose 0 or more'
            )
        if target not in TARGETS:
            raise InputError(
                f'GateLoss: target={target!r} is unknown: choose from '
                f'{", ".join(TARGETS)}'
            )
        self.balance = balance
        self.target = target

    def forward(self, logits: Tensor, counted: Tensor) -> Tensor:
        """λ L_gate, a scalar; arguments as for :func:`gate_loss`."""
        return self.balance * gate_loss(logits, counted, self.target)
