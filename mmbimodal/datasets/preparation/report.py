"""What became of every file of a data set that is prepared."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from mmbimodal.datasets.video_probe import Probe

from .pairing import Pairs, Scan


@dataclass
class Report:
    """What became of every file; written as JSON, shown as a table.

    Attributes:
        dataset: Name of the data set.
        split_sizes: Split → number of samples in its annotation.
        official_sizes: The same of the complete data set, where known.
        modalities: Modality → folder, counts, and stray files.
        unpaired: Sample id → modalities that it lacks.
        faults: One entry per unusable file: ``sample_id``, ``modality``,
            ``path``, ``fault`` and ``detail`` of its probe.
        left_out: Other reason → sample ids.
        odd: What is unusual in a file that is used → sample ids.
        identical: Groups of sample ids whose skeletons are the same.
        warnings: Sentences for the terminal.
    """

    dataset: str
    split_sizes: dict[str, int] = field(default_factory=dict)
    official_sizes: dict[str, int] = field(default_factory=dict)
    modalities: dict[str, dict] = field(default_factory=dict)
    unpaired: dict[str, list[str]] = field(default_factory=dict)
    faults: list[dict[str, str]] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    odd: dict[str, list[str]] = field(default_factory=dict)
    identical: list[list[str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def leave_out(self, reason: str, sample_ids: Iterable[str]) -> None:
        """Note samples that are in no annotation."""
        if sample_ids:
            self.left_out[reason] = sorted(sample_ids)

    def drop_faulty(self, pairs: Pairs, probes: dict[str, Probe]) -> Pairs:
        """Note the unusable files and return the samples without any.

        Args:
            pairs: The samples.
            probes: Path → what was found there; a path may be absent.
        """
        bad = set()
        for sample_id, row in pairs.items():
            for modality, path in row.items():
                found = probes.get(str(path), Probe())
                if found.fault:
                    bad.add(sample_id)
                    self.faults.append(
                        dict(
                            sample_id=sample_id,
                            modality=modality,
                            path=str(path),
                            fault=found.fault,
                            detail=found.detail,
                        )
                    )
        return {i: row for i, row in pairs.items() if i not in bad}

    def describe(self, scans: dict[str, Scan]) -> None:
        """Count, per modality, what the other attributes list."""
        for modality, found in scans.items():
            faults = [f['fault'] for f in self.faults if f['modality'] == modality]
            self.modalities[modality] = {
                'folder': str(found.folder),
                'files': len(found.files),
                'unpaired': sum(i in found.files for i in self.unpaired),
                'empty': faults.count('empty'),
                'broken': len(faults) - faults.count('empty'),
                'duplicates': {
                    i: [str(path) for path in paths]
                    for i, paths in found.duplicates.items()
                },
                'strays': [str(path) for path in found.strays],
            }

    def show(self) -> None:
        """Print tables and warnings."""
        console = Console()
        console.print(self._file_table())
        console.print(self._sample_table())
        for warning in self.warnings:
            console.print(
                f'warning: {warning}', style='yellow', soft_wrap=True, markup=False
            )

    def _file_table(self) -> Table:
        table = Table(title=f'{self.dataset}: files')
        table.add_column('modality')
        for column in ('files', 'unpaired', 'empty', 'broken', 'twice', 'no id'):
            table.add_column(column, justify='right')
        for modality, row in self.modalities.items():
            counts = [row[k] for k in ('files', 'unpaired', 'empty', 'broken')]
            counts += [len(row['duplicates']), len(row['strays'])]
            table.add_row(modality, *map(str, counts))
        return table

    def _sample_table(self) -> Table:
        table = Table(title=f'{self.dataset}: samples')
        for column in ('samples', 'number', 'such as'):
            table.add_column(column, overflow='fold')
        for split, size in self.split_sizes.items():
            table.add_row(f'in {split}', str(size), '')
        skipped: dict[str, list[str]] = {}
        for sample_id, modalities in self.unpaired.items():
            reason = f'without {" and ".join(modalities)}'
            skipped.setdefault(reason, []).append(sample_id)
        for entry in self.faults:
            reason = f'{entry["modality"]} {entry["fault"]}'
            skipped.setdefault(reason, []).append(entry['sample_id'])
        for reason, ids in {**skipped, **self.left_out}.items():
            table.add_row(reason, str(len(ids)), ', '.join(ids[:3]))
        for clause, ids in self.odd.items():
            table.add_row(f'used, with {clause}', str(len(ids)), ', '.join(ids[:3]))
        return table
