"""The data set on what people have: folders, pieces, offsets, 16 bits."""

import json

import cv2
import numpy as np
import pytest
from mmaction.registry import DATASETS
from mmengine.dataset import ClassBalancedDataset

from mmbimodal.datasets import PairedDataset
from mmbimodal.errors import InputError

EVEN = np.arange(50) / 25
SAMPLE = dict(
    type='SyncSample',
    transforms=[dict(type='UniformSample', clip_len=8, test_mode=True)],
)


def each(*kinds):
    return dict(type='ForEachModality', transforms=[dict(type=kind) for kind in kinds])


READ = [each('OpenVideo'), SAMPLE, each('DecodeVideo')]
RAW = [SAMPLE, each('RawFrameDecode')]


@pytest.fixture
def dataset(tmp_path):
    """Builds a data set of these rows."""

    def dataset(rows, pipeline=READ, metainfo=None, **options):
        rows = [dict(sample_id=str(i), label=0) | row for i, row in enumerate(rows)]
        names = [x for x in ('rgb', 'ir') if x in rows[0]]
        metainfo = dict(
            dataset='toy',
            split='test',
            classes=['hug', 'jog'],
            modalities=names,
            **(metainfo or {}),
        )
        path = tmp_path / 'annotations' / 'test.json'
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(dict(metainfo=metainfo, data_list=rows)))
        return DATASETS.build(
            dict(
                type='PairedDataset',
                ann_file='annotations/test.json',
                data_root=str(tmp_path),
                modalities=names,
                pipeline=pipeline,
                **options,
            )
        )

    return dataset


def write_folder(folder, count, template='img_{:05}.png', start=1, bits=8):
    folder.mkdir(parents=True)
    for i in range(count):
        level = 5 * i if bits == 8 else 7000 + 20 * i
        image = np.full((64, 96), level, np.uint8 if bits == 8 else np.uint16)
        cv2.imwrite(str(folder / template.format(start + i)), image)


def levels(inner):
    return [int(frame.mean().round()) for frame in inner['imgs']]


def test_the_old_name_is_an_alias():
    assert DATASETS.get('PairedVideoDataset') is PairedDataset


@pytest.mark.parametrize('pipeline', [READ, RAW], ids=['ours', 'RawFrameDecode'])
@pytest.mark.parametrize(
    'template, start', [('img_{:05}.png', 1), ('{:03}.png', 0), ('f{:04}.jpg', 7)]
)
def test_folders_of_images(tmp_path, dataset, pipeline, template, start):
    write_folder(tmp_path / 'rgb' / 'a', 41, template, start)
    write_folder(tmp_path / 'ir' / 'a', 21, template, start)
    sample = dataset([dict(rgb='rgb/a', ir='ir/a')], pipeline)[0]['modalities']
    # the centres of eight segments, within half a frame of the shorter one
    rgb, ir = (np.array(levels(x)) / 5 for x in sample.values())
    assert rgb == pytest.approx([2, 7, 12, 17, 22, 27, 32, 37], abs=1.2)
    assert np.abs(rgb / 40 - ir / 20).max() <= 0.5 / 20 + 0.02


def test_numbers_with_gaps_are_read_too(tmp_path, dataset):
    write_folder(tmp_path / 'rgb' / 'a', 30)
    (tmp_path / 'rgb' / 'a' / 'img_00004.png').unlink()
    sample = dataset([dict(rgb='rgb/a')])[0]['modalities']
    assert len(levels(sample['rgb'])) == 8


def test_a_folder_beside_a_video(tmp_path, dataset, write_numbered, numbers_of):
    write_numbered(tmp_path / 'rgb' / 'a.mp4', EVEN)
    write_folder(tmp_path / 'ir' / 'a', 26)
    sample = dataset([dict(rgb='rgb/a.mp4', ir='ir/a')])[0]['modalities']
    rgb, ir = numbers_of(sample['rgb']['imgs']), np.array(levels(sample['ir'])) / 5
    assert np.abs(np.array(rgb) / 49 - ir / 25).max() <= 0.5 / 25 + 0.02


def test_offsets_and_pieces_of_the_annotation(
    tmp_path, dataset, write_numbered, numbers_of
):
    for name in ('rgb', 'ir'):
        write_numbered(tmp_path / name / 'a.mp4', EVEN)
    files = dict(rgb='rgb/a.mp4', ir='ir/a.mp4')
    rows = [files, files | dict(offsets=dict(ir=-0.2)), files | dict(start=1, end=1.4)]
    made = dataset(rows, metainfo=dict(offsets=dict(ir=0.4)))
    seen = [
        [np.array(numbers_of(x['imgs'])) for x in made[i]['modalities'].values()]
        for i in range(3)
    ]
    assert (seen[0][0] - seen[0][1] == 10).all()
    assert (seen[1][0] - seen[1][1] == -5).all()
    assert seen[2][0].min() >= 25 and seen[2][0].max() < 35


def test_16_bits_with_a_window(tmp_path, dataset):
    write_folder(tmp_path / 'ir' / 'a', 40, bits=16)
    rows = [dict(ir='ir/a')]
    with pytest.raises(InputError, match='holds grey values of 16 bits'):
        dataset(rows)[0]
    sample = dataset(rows, value_windows=dict(ir=(7000, 7800)))[0]['modalities']
    expected = np.array([2, 7, 12, 17, 22, 27, 32, 37]) * 20 / 800 * 255
    assert levels(sample['ir']) == pytest.approx(expected, abs=8)


def test_16_bits_are_no_damage_that_could_be_skipped(tmp_path, dataset):
    write_folder(tmp_path / 'ir' / 'a', 40, bits=16)
    with pytest.raises(InputError, match='value_windows'):
        dataset([dict(ir='ir/a')], on_error='skip')[0]


@pytest.mark.parametrize('window', [dict(ir=(9, 9)), dict(depth=(0, 9))])
def test_a_wrong_window_is_refused(tmp_path, dataset, window):
    write_folder(tmp_path / 'ir' / 'a', 9)
    with pytest.raises(InputError, match='value_windows has'):
        dataset([dict(ir='ir/a')], value_windows=window)


def test_mmengines_class_balance(tmp_path, dataset):
    write_folder(tmp_path / 'ir' / 'a', 9)
    rows = [dict(ir='ir/a', label=int(i == 7)) for i in range(8)]
    balanced = ClassBalancedDataset(dataset(rows), oversample_thr=0.5)
    labels = [balanced.get_data_info(i)['label'] for i in range(len(balanced))]
    assert labels.count(0) == 7 and labels.count(1) == 2
    assert balanced[len(balanced) - 1]['label'] == 1
