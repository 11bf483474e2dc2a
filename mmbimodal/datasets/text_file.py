"""Text files that users write: lists, tables, class names."""

import codecs
import csv
import io
from os import PathLike

from mmbimodal.errors import InputError

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: str, what: str, remedy: str) -> str:
    """Text of a UTF-8 file, with or without a byte order mark.

    Args:
        path (str): The file.
        what (str): Its kind, for the message, such as ``'label map'``.
        remedy (str): What to give instead, for the message.

    Raises:
        InputError: The file cannot be read, or is in another encoding.
    """
    try:
        with open(path, 'rb') as f:
            content = f.read()
    except OSError as error:
        raise InputError(
            f'cannot read the {what} {path} ({error.strerror}): {remedy}.'
        ) from error
    try:
        return content.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        encoding = _guess_encoding(content)
        raise InputError(
            f'cannot read the {what} {path} because it is in {encoding} and not in '
            'UTF-8: save it as UTF-8.'
        ) from error


def read_csv(path: str | PathLike, remedy: str) -> csv.DictReader:
    """Rows of a CSV whose first line names the columns.

    Args:
        path (str | Path): The file.
        remedy (str): What to give instead, for the message.

    Raises:
        InputError: See :func:`read_text`.
    """
    text = read_text(str(path), 'CSV', remedy)
    head = text.partition('\n')[0]
    # Excel writes ";" in many countries
    reader = csv.DictReader(io.StringIO(text), delimiter=max(',;\t', key=head.count))
    reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
    return reader


def _guess_encoding(content: bytes) -> str:
    if content.startswith(_UTF_16):
        return 'UTF-16'
    try:
        content.decode('gb18030')
    except UnicodeDecodeError:
        return 'an unknown encoding'
    return 'GBK or another local encoding'
