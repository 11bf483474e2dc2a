"""What the path of a file says: its sample, its class, its split."""

import re
from collections.abc import Callable, Collection
from pathlib import PurePath
from typing import NamedTuple

from mmbimodal.errors import InputError

SPLIT_FOLDERS = dict(train='train', test='test', val='test')
"""Name of a folder above the class folders → split."""

_EDGE = r'(?:^|[_\-.\s]+)'
_NEXT = r'(?=$|[_\-.\s])'


class Name(NamedTuple):
    """What the path of a file says.

    Attributes:
        sample_id: The same for the files of one sample.
        class_name: None where the path does not say it.
        split: 'train' or 'test'; None where the path does not say it.
    """

    sample_id: str
    class_name: str | None = None
    split: str | None = None


Rule = Callable[[PurePath], Name | None]
"""Path below the folder of the modality, without suffix → name."""


def word_rule(
    modality: str,
    modalities: Collection[str],
    classes: Collection[str] = (),
    shared_folder: bool = False,
) -> Rule:
    """The rule for class folders, and for file names that hold the class.

    The class is the name of a folder, or the part of the file name that is one
    of ``classes`` (``000012_fight``, ``fight_001_rgb``). Without ``classes``,
    the uppermost folder is the class. The sample id is the file name without
    the name of its modality, after the class where the file name lacks it.

    Args:
        modality (str): That of the files.
        modalities (Collection[str]): All of them. A file whose name holds the
            name of another one gets no name.
        classes (Collection[str]): Class names; empty if the folders tell them.
        shared_folder (bool): Whether other modalities are in the same folder;
            a file name must then hold the name of its modality.
    """
    own = _words([modality])
    foreign = _words(set(modalities) - {modality})
    known = {name.lower(): name for name in classes}
    # Of "wave" and "wave_hand", the longer one.
    class_words = _words(sorted(known, key=len, reverse=True))

    def rule(path: PurePath) -> Name | None:
        if not path.parts:  # the folder of the modality itself
            return None
        if not own.search(path.name) and (shared_folder or foreign.search(path.name)):
            return None
        *folders, stem = path.parts
        split = SPLIT_FOLDERS.get(folders[0].lower()) if folders else None
        folders = folders[1:] if split else folders
        sample_id = own.sub('', stem).strip('_-. ') or stem
        in_name = {found.lower() for found in class_words.findall(sample_id)}
        if known:
            in_path = [folder for folder in folders if folder.lower() in known]
            class_name = known.get(in_path[-1].lower()) if in_path else None
            if class_name is None and len(in_name) == 1:
                class_name = known[in_name.pop()]
        else:
            class_name = folders[0] if folders else None
        if class_name and not _words([class_name]).search(sample_id):
            sample_id = f'{class_name}_{sample_id}'
        return Name(sample_id, class_name, split)

    return rule


def regex_rule(pattern: str) -> Rule:
    """The rule that a regular expression states.

    Args:
        pattern (str): Searched in the path below the folder of the modality,
            without suffix, with ``/`` between folders. Its group ``id``, or the
            first one, is the sample id; the groups ``label`` and ``split`` are
            optional.

    Raises:
        InputError: It is no regular expression, or has no group.
    """
    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise InputError(
            f'--regex {pattern} is no regular expression ({error}): correct it.'
        ) from error
    if not regex.groups:
        raise InputError(
            f'--regex {pattern} has no group: put the part that is the id in '
            'parentheses, such as (?P<id>...).'
        )
    # Named groups without "id" leave nothing that the first group could be.
    if regex.groupindex and 'id' not in regex.groupindex:
        raise InputError(
            f'--regex {pattern} has no group "id": add (?P<id>...) around the part '
            'that is the same for the files of one sample.'
        )

    def rule(path: PurePath) -> Name | None:
        match = regex.search(path.as_posix())
        if match is None:
            return None
        groups = match.groupdict()
        split = groups.get('split')
        return Name(
            # An id is also the name of pictures: no folders in it.
            (groups.get('id') or match[1]).replace('/', '_'),
            groups.get('label'),
            split and SPLIT_FOLDERS.get(split.lower()),
        )

    return rule


def path_rule(modality: str) -> Callable[[PurePath], Name]:
    """The rule for listed files: the whole path without the modality's name."""
    own = _words([modality])

    def rule(path: PurePath) -> Name:
        parts = (own.sub('', part).strip('_-. ') for part in path.parts)
        return Name('_'.join(part for part in parts if part not in ('', '..')))

    return rule


def _words(words: Collection[str]) -> re.Pattern:
    """Matches each of the words between separators; never, if there is none."""
    choices = '|'.join(map(re.escape, words)) if words else r'(?!)'
    return re.compile(f'{_EDGE}({choices}){_NEXT}', re.IGNORECASE)
