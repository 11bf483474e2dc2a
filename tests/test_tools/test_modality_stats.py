import json

import decord
import numpy as np
import pytest

from mmbimodal.datasets.annotation import read_annotation, write_annotation
from mmbimodal.errors import InputError


@pytest.fixture
def tool(load_tool):
    return load_tool('analysis/modality_stats.py')


@pytest.fixture
def ann_file(tmp_path, write_video):
    rows = []
    for k in range(3):
        row = dict(sample_id=str(k), label=0)
        for modality, size in (('rgb', (64, 48)), ('ir', (76, 50))):
            row[modality] = f'{modality}/{k}.avi'
            write_video(tmp_path / row[modality], frames=8 + k, size=size, seed=k)
        row['skeleton'] = f'skeleton/{k}.skeleton'
        rows.append(row)
    path = tmp_path / 'annotations' / 'train.json'
    write_annotation(
        str(path),
        dataset='toy',
        split='train',
        classes=['hug'],
        modalities=['rgb', 'ir', 'skeleton'],
        data_list=rows,
    )
    return path


def reference(paths, frame_indices):
    """Mean and standard deviation of all pixels at once, in float64."""
    pixels = []
    for path, indices in zip(paths, frame_indices):
        frames = decord.VideoReader(str(path)).get_batch(indices).asnumpy()
        pixels.append(frames.reshape(-1, 3).astype(np.float64))
    pixels = np.concatenate(pixels)
    return pixels.mean(0), pixels.std(0)


def test_agrees_with_all_pixels_at_once(tool, ann_file, tmp_path, capsys):
    out = tmp_path / 'stats.json'
    tool.main(tool.parse_args([str(ann_file), '--json', str(out)]))
    stats = json.loads(out.read_text())
    assert list(stats) == ['rgb', 'ir']  # a skeleton has no colours
    indices = [[*range(8)], [0, 1, 2, 3, 5, 6, 7, 8], [0, 1, 3, 4, 5, 6, 8, 9]]
    for modality in ('rgb', 'ir'):
        mean, std = reference(
            [tmp_path / f'{modality}/{k}.avi' for k in range(3)], indices
        )
        assert stats[modality]['videos'] == 3
        assert np.allclose(stats[modality]['mean'], mean, rtol=0, atol=6e-4)
        assert np.allclose(stats[modality]['std'], std, rtol=0, atol=6e-4)
    text = capsys.readouterr().out
    assert f'mean={stats["ir"]["mean"]}, std={stats["ir"]["std"]},' in text


def test_samples_are_spread_evenly_and_the_same_each_time(tool, ann_file):
    assert tool.evenly(10, 5) == [1, 3, 5, 7, 9]
    assert tool.evenly(3, 5) == [0, 1, 2]
    assert tool.evenly(100, 1) == [50]
    annotation = read_annotation(str(ann_file))
    root = str(ann_file.parent.parent)
    one = tool.modality_stats(annotation, root, 1, workers=1)
    assert one == tool.modality_stats(annotation, root, 1, workers=2)
    mean, _std = reference([f'{root}/rgb/1.avi'], [[0, 1, 2, 3, 5, 6, 7, 8]])
    assert np.allclose(one['rgb']['mean'], mean, rtol=0, atol=6e-4)


def test_grey_and_flat_videos_have_no_deviation(tool):
    counts = np.zeros((3, 256), np.int64)
    counts[:, 130] = 10**12
    assert tool.mean_std(counts) == dict(mean=[130.0] * 3, std=[0.0] * 3)
    counts[:, 132] = 10**12
    assert tool.mean_std(counts) == dict(mean=[131.0] * 3, std=[1.0] * 3)


def test_mistakes(tool, ann_file, tmp_path):
    (tmp_path / 'ir/1.avi').write_text('no video')
    with pytest.raises(InputError, match='cannot decode .*ir/1.avi'):
        tool.main(tool.parse_args([str(ann_file)]))
    with pytest.raises(InputError, match='give at least 1'):
        tool.main(tool.parse_args([str(ann_file), '--samples', '0']))
