"""Results of a table in the repository: its folder and the model zoo."""

import re
from pathlib import Path

from mmengine import fileio

from mmbimodal.errors import InputError


def publish(name: str, report: Path, page: Path) -> None:
    """Put a report's table between ``<!-- name -->`` and ``<!-- /name -->``.

    Args:
        name (str): Name of the table.
        report (Path): Folder of the report.
        page (Path): Markdown page.

    Raises:
        InputError: The page has no such place.
    """
    text = page.read_text(encoding='utf-8') if page.is_file() else ''
    block = f'<!-- {name} -->\n{(report / "table.md").read_text()}<!-- /{name} -->'
    place = re.compile(f'<!-- {name} -->.*?<!-- /{name} -->', re.DOTALL)
    text, count = place.subn(lambda _: block, text)
    if count != 1:
        raise InputError(
            f'{page} has {count} places for {name}: write <!-- {name} --> and '
            f'<!-- /{name} --> once, where its table belongs'
        )
    fileio.put_text(text, page)
