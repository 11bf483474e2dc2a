"""Results of a table that were made on another machine."""

from collections.abc import Sequence

import mmengine

from mmbimodal.errors import InputError

from .run import Run


def merge_results(runs: Sequence[Run], path: str) -> int:
    """Take over the results of the given runs.

    Args:
        runs (Sequence[Run]): Runs of a table.
        path (str): ``results.json`` of a table, as :func:`write_report`
            leaves it.

    Returns:
        int: How many of the runs have a result in the file.

    Raises:
        InputError: There is no such file, it holds something else, or none
            of its runs is among the given ones.
    """
    try:
        rows = mmengine.load(path, file_format='json')['rows']
        results = [result for row in rows for result in row['runs']]
        found = sum(any(run.take_over(result) for result in results) for run in runs)
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise InputError(
            f'{path} is not the results.json of a table '
            f'({error!r}): tools/reproduce.py writes one in the '
            "table's folder"
        ) from error
    if not found:
        raise InputError(
            f'{path} holds no run of this table with these seeds, the same '
            'config and the same options: leave it out, or check TABLE, '
            '--dataset and --seeds'
        )
    return found
