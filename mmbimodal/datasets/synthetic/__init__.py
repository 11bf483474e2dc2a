"""Rendered pairs of videos with known truth, written as an NTU folder."""

from .actions import ACTIONS
from .clip import Clip, Settings, make_clip
from .generate import Request, generate

__all__ = ['ACTIONS', 'Clip', 'Request', 'Settings', 'generate', 'make_clip']
