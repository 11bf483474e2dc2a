import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from torch import Tensor, nn
from torch.distributions import Bernoulli, kl_divergence

from mmbimodal.errors import InputError


def region_distillation(teacher: Tensor, student: Tensor, weight: Tensor) -> Tensor:
    r"""Squared difference of the kept regions' features (eq. 18).

    .. math::
        L_{distill} = \frac{1}{\sum_i m_i} \sum_i m_i (p_i - p'_i)^2

    per sample, averaged over the batch and (reading) over the channels.

    Args:
        teacher (Tensor): Features p, B×K×C.
        student (Tensor): Features p', B×K×C.
        weight (Tensor): Marks m, B×K.

    Returns:
        Tensor: Scalar, float32.
    """
    # B×K×C -> B×K
    difference = (teacher.float() - student.float()).square().mean(dim=-1)
    weight = weight.float()
    total = (weight * difference).sum(dim=1)
    return (total / weight.sum(dim=1).clamp_min(1)).mean()  # eq. 18


def prediction_distillation(
    teacher: Tensor, student: Tensor, multi_label: bool = False
) -> Tensor:
    r"""KL divergence of the student's classes from the teacher's (eq. 19).

    .. math::
        L_{KL} = \sum_i y(x_i) \log \frac{y(x_i)}{y'(x_i)}

    Args:
        teacher (Tensor): Logits of y, B×K.
        student (Tensor): Logits of y', B×K.
        multi_label (bool): Each class is present or not, independently of the
            others: the sum of the K divergences. Defaults to False.

    Returns:
        Tensor: Scalar, mean over the batch, float32.
    """
    teacher, student = teacher.float(), student.float()
    if multi_label:
        known, learnt = (
            Bernoulli(logits=x, validate_args=False) for x in (teacher, student)
        )
        return kl_divergence(known, learnt).sum(dim=-1).mean()
    return F.kl_div(
        student.log_softmax(dim=-1),
        teacher.log_softmax(dim=-1),
        reduction='batchmean',
        log_target=True,
    )  # eq. 19


@MODELS.register_module()
class SelfDistillLoss(nn.Module):
    """Self-distillation terms of the joint loss (eqs 18–20).

    Readings: the teacher's targets are detached, and its classifier gets a
    cross-entropy of its own, since without it nothing teaches the teacher.

    Args:
        balance (float): λ of eq. 20, between region and prediction
            distillation. Defaults to 0.1 (Fig. 4).
        teacher_weight (float): Weight of the teacher's cross-entropy; 0 is
            the literal eq. 20. Defaults to 1.0.
    """

    def __init__(self, balance: float = 0.1, teacher_weight: float = 1.0) -> None:
        super().__init__()
        if not 0 <= balance <= 1:
            raise InputError(
                f'SelfDistillLoss: balance={balance} is the λ of '
                'eq. 20: 0 <= balance <= 1'
            )
        self.balance = balance
        self.teacher_weight = teacher_weight

    def forward(
        self,
        student_logits: Tensor,
        teacher_logits: Tensor,
        student_regions: Tensor,
        teacher_regions: Tensor,
        labels: Tensor,
        weight: Tensor | None = None,
        multi_label: bool = False,
    ) -> dict[str, Tensor]:
        """Weighted terms; their sum and ``loss_cls`` (eq. 17) are eq. 20.

        Args:
            student_logits (Tensor): B×K.
            teacher_logits (Tensor): B×K.
            student_regions (Tensor): Kept regions after fusion, B×R×C.
            teacher_regions (Tensor): The same regions before it, B×R×C.
            labels (Tensor): Classes (B) or their probabilities (B×K); with
                ``multi_label``, whether each class is present (B×K).
            weight (Tensor, optional): Marks of the regions, B×R; None: all 1.
            multi_label (bool): The classes do not exclude each other. Defaults
                to False.

        Returns:
            dict[str, Tensor]: ``loss_distill``, ``loss_kl``,
            ``loss_teacher``.
        """
        if weight is None:
            weight = torch.ones_like(student_regions[..., 0])
        classify = (
            F.binary_cross_entropy_with_logits if multi_label else F.cross_entropy
        )
        distill = region_distillation(teacher_regions.detach(), student_regions, weight)
        divergence = prediction_distillation(
            teacher_logits.detach(), student_logits, multi_label
        )
        # eq. 20
        return dict(
            loss_distill=self.balance * distill,
            loss_kl=(1 - self.balance) * divergence,
            loss_teacher=self.teacher_weight * classify(teacher_logits.float(), labels),
        )
