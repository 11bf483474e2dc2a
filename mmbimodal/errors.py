"""The one exception of this package that is the user's to mend."""


class InputError(ValueError):
    """A mistake in the user's files, annotation, configuration or checkpoint.

    The message is one sentence: what is wrong, the path or the key it
    concerns, and the remedy. ``tools/train.py`` and ``tools/test.py`` print
    that sentence instead of a traceback.
    """


class UnreadableVideo(InputError):
    """A video file that cannot be read, or is too short for its sampling."""
