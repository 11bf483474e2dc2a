import json

import numpy as np
import pytest

from mmbimodal.apis import benchmark_loading as loading
from mmbimodal.datasets.annotation import write_annotation
from mmbimodal.datasets.synthetic.ntu_size import write_ntu_size
from mmbimodal.errors import InputError


@pytest.fixture
def tool(load_tool, monkeypatch):
    monkeypatch.setattr(loading, 'MEMORY_FROM', 2)
    monkeypatch.setattr(loading, 'MEMORY_TO', 4)
    return load_tool('analysis/benchmark_loading.py')


@pytest.fixture
def ann_file(tmp_path, write_video):
    rows = []
    for k in range(3):
        row = dict(sample_id=str(k), label=0)
        for modality, size in (('rgb', (320, 200)), ('ir', (120, 100))):
            row[modality] = f'{modality}/{k}.avi'
            write_video(tmp_path / row[modality], size=size, seed=k)
        rows.append(row)
    path = tmp_path / 'annotations' / 'train.json'
    write_annotation(
        str(path),
        dataset='toy',
        split='train',
        classes=['hug'],
        modalities=['rgb', 'ir'],
        data_list=rows,
    )
    return path


def run(tool, ann_file, *options):
    tool.main(
        tool.parse_args(
            [str(ann_file), '--short-side', '80', '--reencode', '90', *options]
        )
    )


def test_every_pipeline_is_measured(tool, ann_file, tmp_path, capsys):
    out = tmp_path / 'report.json'
    run(
        tool,
        ann_file,
        '--samples',
        '2',
        '--repeat',
        '2',
        '--workers',
        '0',
        '2',
        '--memory',
        '--markdown',
        '--json',
        str(out),
    )
    report = json.loads(out.read_text())
    rows = ['scaled', 'decord', 'pyav', 'opencv']
    assert list(report['results']) == ['naive', *rows, *(f'{row} @90' for row in rows)]
    assert report['samples'] == 2 and report['threads'] == 1
    for row in report['results'].values():
        assert all(row[stage] > 0 for stage in loading.STAGES)
        assert row['pairs_per_second'] == pytest.approx(1e3 / row['total'])
    assert list(report['workers']) == ['naive', 'scaled', 'scaled @90']
    assert report['workers']['scaled'].keys() == {'0', '2'}
    assert report['workers']['scaled']['2'] > 0
    assert report['memory']['highest'] >= report['memory']['last'] > 10
    text = capsys.readouterr().out
    assert '|---' in text and 'scaled: 2 workers' in text
    # the re-encoded copies are gone
    assert not list(tmp_path.rglob('*_rgb.mp4'))


def test_pipelines_load_the_same_samples(tool, ann_file):
    """Otherwise their times are not to be compared."""
    from mmengine.registry import init_default_scope

    init_default_scope('mmaction')
    samples = tool.read_samples(ann_file, None, 5)
    assert [x['sample_id'] for x in samples] == ['0', '1', '2']
    naive, scaled = (
        loading.Pipeline(samples, row, 80)[1] for row in (loading.NAIVE, loading.SCALED)
    )
    for name in ('rgb', 'ir'):
        ours, theirs = (
            x['data_samples'].metainfo['modalities'][name] for x in (scaled, naive)
        )
        assert np.array_equal(ours['frame_inds'], theirs['frame_inds'])
        assert ours['img_shape'] == theirs['img_shape'] == (56, 56)
        assert ours['flip'] == theirs['flip']
        assert ours['original_shape'] == theirs['original_shape']


def test_pairs_of_ntu_size(tool, tmp_path, monkeypatch):
    monkeypatch.setattr('mmbimodal.datasets.synthetic.ntu_size.FRAMES', 9)
    ann_file = tmp_path / 'annotations' / 'train.json'
    list(write_ntu_size(ann_file, 1))
    (sample,) = tool.read_samples(ann_file, None, 24)
    shapes = {}
    for name, inner in (
        loading.Pipeline([sample], loading.NAIVE, 320)[0]['data_samples']
        .metainfo['modalities']
        .items()
    ):
        shapes[name] = inner['original_shape']
    assert shapes == dict(rgb=(1080, 1920), ir=(424, 512))
    with pytest.raises(InputError, match='train.json exists already'):
        list(write_ntu_size(ann_file, 1))


@pytest.mark.parametrize(
    'options',
    [
        ['--samples', '0'],
        ['--short-side', '0'],
        ['--repeat', '-1'],
        ['--workers', '-1'],
        ['--generate', '0'],
    ],
)
def test_mistakes(tool, options, capsys):
    with pytest.raises(SystemExit):
        tool.parse_args(['ann.json', *options])
    assert f'{options[0]}: give ' in capsys.readouterr().err


def test_unreadable_video_is_named(tool, ann_file):
    (ann_file.parent.parent / 'ir/0.avi').write_bytes(b'no video')
    with pytest.raises(SystemExit, match='ir/0.avi'):
        run(tool, ann_file, '--samples', '1')
