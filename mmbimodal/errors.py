"""The one exception of this package that is the user's to mend."""


class InputError(ValueError):
    """A mistake in the user's files, annotation, configuration or checkpoint.

    The message is one sentence: what is wrong, the path or the key it
    concerns, and the remedy. ``tools/train.py`` and ``tools/test.py`` print
    that sentence instead of a traceback.
    """


class UnreadableVideo(InputError):
    """A video or skeleton that cannot be read, or is too short for its sampling.

    Args:
        message (str): See :class:`InputError`.
        reason (str): The clause of it that says why. Defaults to ``message``.
        truncated (bool): Whether the end of the file is missing. Defaults to False.
        empty (bool): Whether there is nothing in it. Defaults to False.
    """

    def __init__(
        self,
        message: str,
        reason: str = '',
        truncated: bool = False,
        empty: bool = False,
    ) -> None:
        super().__init__(message)
        self.reason = reason or message
        self.truncated = truncated
        self.empty = empty
