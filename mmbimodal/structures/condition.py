"""What can be wrong with the modalities of a test set."""

from collections.abc import Sequence
from typing import NamedTuple, Optional


class Condition(NamedTuple):
    """What happens to every sample of a test set.

    Args:
        absent (frozenset[str]): Modalities that are missing.
        blanked (str, optional): Modality with black frames.
        share (float): Share of its frames that are black.
    """

    absent: frozenset = frozenset()
    blanked: str | None = None
    share: float = 0.0

    def seen_by(self, modalities: Sequence[str]) -> Optional['Condition']:
        """The part that a model of these modalities sees.

        Returns:
            Condition | None: None where nothing is left for it to see.
        """
        absent = self.absent & set(modalities)
        if len(absent) == len(modalities):
            return None
        if self.blanked in modalities:
            return Condition(absent, self.blanked, self.share)
        return Condition(absent)
