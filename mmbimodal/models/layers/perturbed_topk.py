"""Hard top-k whose gradient is that of its Gaussian-smoothed expectation."""

import torch
from torch import Tensor

from .ranking import descending_order


def top_indicator(scores: Tensor, k: int) -> Tensor:
    """Mark the k largest scores; ties go to the lower index.

    Args:
        scores (Tensor): …×F.
        k (int): How many, at most F.

    Returns:
        Tensor: 1 for the k largest, else 0, …×F, of the scores' type.
    """
    return torch.zeros_like(scores).scatter_(-1, descending_order(scores, k), 1.0)


def perturbed_jacobian(scores: Tensor, k: int, noise: Tensor, sigma: float) -> Tensor:
    r"""Jacobian of the expected top-k indicator under Gaussian noise.

    With :math:`Y_n` the indicator of the k largest of :math:`s + \sigma Z_n`
    and :math:`\bar Y` its mean over the draws (a control variate),

    .. math::
        J = \frac{1}{n \sigma} \sum_n (Y_n - \bar Y) Z_n^\top \approx
        \frac{\partial}{\partial s}\,
        \mathbb{E}_Z\left[\mathrm{top}_k(s + \sigma Z)\right].

    The full Jacobian, after Berthet et al., *Learning with differentiable
    perturbed optimizers*, 2020 (eq. 4 there); the token-selection code that
    ref. 30 of the paper published keeps only its diagonal.

    Args:
        scores (Tensor): B×F; −inf is never chosen.
        k (int): How many are chosen.
        noise (Tensor): Standard normal draws, n×B×F.
        sigma (float): Standard deviation of the perturbation.

    Returns:
        Tensor: J, B×F×F: row = indicator, column = score.
    """
    chosen = top_indicator(scores + sigma * noise, k)
    deviation = chosen - chosen.mean(dim=0)
    return torch.einsum('nbf,nbg->bfg', deviation, noise) / (len(noise) * sigma)


def straight_through(hard: Tensor, scores: Tensor, jacobian: Tensor) -> Tensor:
    """``hard`` in the forward pass, ``jacobian`` in the backward pass.

    Args:
        hard (Tensor): Indicator, B×F.
        scores (Tensor): B×F, finite.
        jacobian (Tensor): d indicator / d scores, B×F×F.

    Returns:
        Tensor: B×F, equal to ``hard``.
    """
    zero = scores - scores.detach()
    return hard + torch.einsum('bfg,bg->bf', jacobian, zero)
