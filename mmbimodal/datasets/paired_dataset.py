import os
import os.path as osp
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.logging import MMLogger

from mmbimodal.errors import InputError, UnreadableVideo

from .annotation import offsets_of, read_annotation, resolve
from .sample import build_sample

# A data set with more unreadable files than this share is not worth training
# on: something is wrong with the copy, not with some files.
_MAX_BAD_SHARE = 0.05


@DATASETS.register_module(['PairedDataset', 'PairedVideoDataset'])
class PairedDataset(BaseDataset):
    """Samples that are one file or folder per modality, paired by sample id.

    The annotation is described in :mod:`mmbimodal.datasets.annotation`; what
    the pipeline gets, in :func:`mmbimodal.datasets.sample.build_sample`.

    Args:
        ann_file (str): Annotation, relative to ``data_root``.
        pipeline (list): Transforms.
        modalities (Sequence[str]): Names and order of those to load.
        data_root (str): Root of all paths. Defaults to ``''``.
        allow_missing (bool): Accept samples that lack a modality; the model
            then sees NaN in its place. Defaults to False.
        on_error (str): What an unreadable video does: ``'raise'`` stops,
            ``'skip'`` puts another sample in its place (training only),
            counts it, logs the file once, and stops when over 5 % of the
            samples are bad. Defaults to ``'raise'``.
        kinds (Mapping[str, str], optional): See
            :func:`~mmbimodal.datasets.sample.build_sample`.
        value_windows (Mapping[str, Sequence[float]], optional): Modality → grey
            values that become 0 and 255, for thermal and depth images of more than
            8 bits. All splits need the same.
        made_by (str): Command that makes the annotation in its ``data_root``,
            for the error message when it is not there. Defaults to ``''``.
        kwargs: For :class:`mmengine.dataset.BaseDataset`.

    Raises:
        InputError: Annotation or files are missing or wrong.
    """

    def __init__(
        self,
        ann_file: str,
        pipeline: list[dict | Callable],
        modalities: Sequence[str],
        data_root: str = '',
        allow_missing: bool = False,
        on_error: str = 'raise',
        kinds: Mapping[str, str] | None = None,
        value_windows: Mapping[str, Sequence[float]] | None = None,
        made_by: str = '',
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        if on_error not in ('raise', 'skip'):
            raise InputError(
                f"PairedDataset: on_error={on_error!r} is unknown: 'raise' or 'skip'"
            )
        if on_error == 'skip' and test_mode:
            raise InputError(
                "PairedDataset: on_error='skip' would replace test "
                'samples and falsify the accuracy: repair or leave out the '
                'bad files (tools/data/check_pairs.py lists them)'
            )
        self.modalities = tuple(modalities)
        for name, (low, high) in (value_windows or {}).items():
            if name not in self.modalities or not low < high:
                raise InputError(
                    f'PairedDataset: value_windows has {name!r}: {low} to {high}; give '
                    f'the lower value first, for one of {", ".join(self.modalities)}'
                )
        self.kinds = kinds
        self.value_windows = value_windows
        self.allow_missing = allow_missing
        self.on_error = on_error
        self.made_by = made_by
        super().__init__(
            ann_file=ann_file,
            pipeline=pipeline,
            data_root=data_root,
            test_mode=test_mode,
            **kwargs,
        )
        # Shared, so that the workers of a loader count together.
        self._bad = torch.zeros(len(self), dtype=torch.bool).share_memory_()

    def load_data_list(self) -> list[dict]:
        """Read the annotation and make sure that every file is there.

        Returns:
            list[dict]: Rows: the arguments of
            :func:`~mmbimodal.datasets.sample.build_sample` that differ between
            samples.
        """
        if not osp.isfile(self.ann_file):
            # An own data set may stand on another one's config.
            ours = self.data_root and self.data_root in self.made_by.split()
            command = self.made_by if ours else 'python tools/data/prepare.py'
            remedy = f'make it with `{command}`' + (
                '' if ours else ', or correct ann_file and data_root in the config'
            )
            raise InputError(
                f'the annotation {osp.abspath(self.ann_file)} does not exist: {remedy}'
            )
        annotation = read_annotation(self.ann_file)
        for key, value in annotation['metainfo'].items():
            self._metainfo.setdefault(key, value)
        known = annotation['metainfo']['modalities']
        for name in self.modalities:
            if name not in known:
                raise InputError(
                    f'the config asks for the modality {name!r}, but '
                    f'{self.ann_file} has {", ".join(known)}: correct the '
                    'name in the data set, preprocessor and model'
                )
        rows = [
            self._parse_row(annotation['metainfo'], row)
            for row in annotation['data_list']
        ]
        self._check_files(rows)
        return rows

    def _parse_row(
        self, metainfo: dict[str, Any], row: dict[str, Any]
    ) -> dict[str, Any]:
        """Row of the annotation → arguments of ``build_sample``."""
        missing = [name for name in self.modalities if name not in row]
        if len(missing) == len(self.modalities) or (missing and not self.allow_missing):
            raise InputError(
                f'the sample {row["sample_id"]} of {self.ann_file} has no '
                f'{", ".join(missing)}: leave it out of the annotation, or '
                'set allow_missing=True to use samples with one modality'
            )
        return dict(
            sample_id=row['sample_id'],
            label=row['label'],
            files={
                name: resolve(self.data_root, row[name])
                for name in self.modalities
                if name in row
            },
            offsets=offsets_of(metainfo, row),
            **{key: row[key] for key in ('start', 'end') if key in row},
        )

    def _check_files(self, rows: list[dict]) -> None:
        """Fail now rather than hours into the first epoch.

        Folders are listed once each: asking for every file on its own takes
        minutes on a network file system.
        """
        listings: dict[str, frozenset] = {}
        for row in rows:
            for name, path in row['files'].items():
                folder, file = osp.split(path)
                if folder not in listings:
                    listings[folder] = frozenset(
                        os.listdir(folder or '.') if osp.isdir(folder or '.') else ()
                    )
                if file not in listings[folder]:
                    raise InputError(
                        f'{osp.abspath(path)}, the {name} of '
                        f'{row["sample_id"]}, does not exist: restore it, or '
                        'run the preparation tool again to leave it out'
                    )

    def get_data_info(self, idx: int) -> dict:
        """The nested sample of one row."""
        row = super().get_data_info(idx)
        sample_idx = row.pop('sample_idx')
        sample = build_sample(
            **row,
            modalities=self.modalities,
            kinds=self.kinds,
            value_windows=self.value_windows,
        )
        return dict(sample, sample_idx=sample_idx)

    def get_cat_ids(self, idx: int) -> list[int]:
        """Class of a sample, for mmengine's ``ClassBalancedDataset``."""
        return [super().get_data_info(idx)['label']]

    def prepare_data(self, idx: int) -> dict | None:
        """Run the pipeline; None makes mmengine draw another sample."""
        try:
            return super().prepare_data(idx)
        except UnreadableVideo as error:
            if self.on_error == 'raise':
                raise
            if not self._bad[idx]:
                self._bad[idx] = True
                MMLogger.get_current_instance().warning(f'skipped: {error}')
            bad = int(self._bad.sum())
            if bad > _MAX_BAD_SHARE * len(self):
                raise InputError(
                    f'{bad} of the {len(self)} samples of {self.ann_file} '
                    f'are unreadable, the last one because {error}: run '
                    'tools/data/check_pairs.py on it'
                ) from error
            return None
