"""Tables of experiments as data: rows of a base config and options."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from mmbimodal.errors import InputError

_PROTOCOLS = 'protocols.yml'


class Row(NamedTuple):
    """One row of a table on one data set.

    Args:
        name (str): As printed.
        config (str): Config file, relative to the folder of the configs.
        options (dict[str, Any]): Dotted keys over that config.
        paper (dict[str, list[float]]): Data set → top-1 and top-5 that the
            paper lists, in %.
        subsets (dict[str, str]): Name → annotation file of a part of the test
            samples, whose top-1 is a column of its own. Defaults to none.
    """

    name: str
    config: str
    options: dict[str, Any]
    paper: dict[str, list[float]]
    subsets: dict[str, str] = {}


class Table(NamedTuple):
    """A table on one data set.

    Args:
        name (str): Such as ``'table2'``.
        title (str): What it compares.
        dataset (str): Name of the data set.
        rows (list[Row]): In the paper's order.
        pretrained (Row, optional): The run whose backbone all rows start
            from; None: the rows' configs name their own weights, or none.
        axis (str, optional): Quantity that the rows' names are numbers of.
        reference (str, optional): Row that the others are tested against.
        note (str): How the rows were trained.
    """

    name: str
    title: str
    dataset: str
    rows: list[Row]
    pretrained: Row | None
    axis: str | None
    reference: str | None
    note: str

    def select(self, names: Sequence[str] | None) -> list[Row]:
        """The rows with these names, or all.

        Raises:
            InputError: A row does not exist; the sentence lists those that do.
        """
        for name in names or ():
            _require(name, [row.name for row in self.rows], f'row of {self.name}')
        return [row for row in self.rows if not names or row.name in names]


def table_names(folder: Path) -> list[str]:
    """The tables that a folder describes."""
    return sorted(path.stem for path in folder.glob('*.yml') if path.name != _PROTOCOLS)


def load_table(folder: Path, name: str, dataset: str) -> Table:
    """Read a table for one data set.

    A table file holds ``title``, ``protocol``, ``config`` (with
    ``{dataset}`` in its name) and ``rows``: name → ``options``,
    ``options_of`` (data set → options), ``paper``, and ``config`` where it
    differs from the table's. ``protocols.yml`` beside it says how a data set
    is trained, and which parts of its test samples count apart (``subsets``).

    Args:
        folder (Path): Folder of the YAML files.
        name (str): File without suffix.
        dataset (str): Name of a data set of ``protocols.yml``.

    Returns:
        Table: Rows with the protocol's options merged in.

    Raises:
        InputError: The table or the data set does not exist; the sentence
            lists those that do.
    """
    _require(name, table_names(folder), 'table')
    table = _read(folder / f'{name}.yml')
    protocols = _read(folder / _PROTOCOLS)[table['protocol']]
    _require(dataset, list(protocols), 'data set')
    protocol = protocols[dataset]

    def build(title: str, content: dict[str, Any]) -> Row:
        return Row(
            title,
            str(content.get('config', table.get('config'))).format(
                dataset=protocol['config_suffix']
            ),
            {
                **protocol.get('options', {}),
                **content.get('options', {}),
                **content.get('options_of', {}).get(dataset, {}),
            },
            content.get('paper', {}),
            protocol.get('subsets', {}),
        )

    pretrained = protocol.get('pretrained')
    return Table(
        name,
        table['title'],
        dataset,
        [build(str(title), content or {}) for title, content in table['rows'].items()],
        pretrained
        and Row('pretraining', pretrained['config'], pretrained.get('options', {}), {}),
        table.get('axis'),
        table.get('reference'),
        ' '.join(protocol['note'].split()),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f'{path} cannot be read as YAML: {error}') from error


def _require(name: str, valid: Sequence[str], kind: str) -> None:
    if name not in valid:
        raise InputError(f'there is no {kind} {name!r}: choose from {", ".join(valid)}')
