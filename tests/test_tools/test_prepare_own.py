import json

import pytest

from mmbimodal.datasets.annotation import read_annotation
from mmbimodal.errors import InputError


@pytest.fixture
def run(load_tool, tmp_path):
    """Runs the tool on ``tmp_path / 'out'``; returns its annotations by name."""
    tool = load_tool('data/prepare.py')
    out = tmp_path / 'out'

    def run(*argv):
        tool.main(tool.parse_args([str(out), *map(str, argv), '--workers', '2']))
        return {
            path.stem: read_annotation(str(path))
            for path in (out / 'annotations').glob('*.json')
            if path.stem != 'report'
        }

    return run


@pytest.fixture
def folders(tmp_path, write_video):
    """Class folders of three pairs each, with the same file names in both."""
    for modality in ('visible', 'thermal'):
        for name in ('打架', 'jog'):
            for i in range(3):
                write_video(tmp_path / modality / name / f'{i}.avi')
    return f'rgb={tmp_path / "visible"}', f'ir={tmp_path / "thermal"}'


def labels(annotation):
    return {row['sample_id']: row['label'] for row in annotation['data_list']}


def test_class_folders(run, folders, tmp_path):
    found = run(*folders)
    assert found['train']['metainfo'] == dict(
        dataset='out', split='train', classes=['jog', '打架'], modalities=['rgb', 'ir']
    )
    both = {**labels(found['train']), **labels(found['test'])}
    assert both == {f'{c}_{i}': k for k, c in enumerate(('jog', '打架')) for i in '012'}
    assert len(labels(found['test'])) == 2
    for row in found['train']['data_list']:
        assert {row['rgb'][:4], row['ir'][:3]} == {'rgb/', 'ir/'}
        for modality, folder in (('rgb', 'visible'), ('ir', 'thermal')):
            path = (tmp_path / 'out' / row[modality]).resolve()
            assert path.relative_to(tmp_path / folder).with_suffix('').parts == tuple(
                row['sample_id'].split('_')
            )
    assert (tmp_path / 'out/annotations/label_map.txt').read_text() == 'jog\n打架\n'


def test_classes_of_a_file_choose_and_order(run, folders, tmp_path):
    (tmp_path / 'classes.txt').write_text('打架\nhug\n', encoding='utf-8-sig')
    found = run(*folders, '--classes', tmp_path / 'classes.txt')
    assert found['train']['metainfo']['classes'] == ['打架', 'hug']
    assert set(labels(found['train']).values()) == {0}
    report = json.loads((tmp_path / 'out/annotations/report.json').read_text())
    assert report['left_out'] == {'of no class': ['0', '1', '2']}


def test_folds(run, folders, tmp_path):
    found = run(*folders, '--folds', 3)
    assert sorted(found) == [
        f'fold{k}_{s}' for k in range(3) for s in ('test', 'train')
    ]
    tested = [i for k in range(3) for i in labels(found[f'fold{k}_test'])]
    assert len(tested) == len(set(tested)) == 6
    assert not (tmp_path / 'out/annotations/split.txt').exists()


def test_split_folders_and_offset(run, tmp_path, write_video):
    for modality in ('a', 'b'):
        write_video(tmp_path / modality / 'train' / 'hug' / '1.avi')
        write_video(tmp_path / modality / 'val' / 'hug' / '2.avi')
    found = run(f'a={tmp_path / "a"}', f'b={tmp_path / "b"}', '--offset', 'b=-0.6')
    assert labels(found['train']) == {'hug_1': 0}
    assert labels(found['test']) == {'hug_2': 0}
    assert found['test']['metainfo']['offsets'] == {'b': -0.6}


@pytest.mark.parametrize('kind', ['one list', 'a list each'])
def test_lists(run, folders, tmp_path, kind):
    train, test = tmp_path / 'train.txt', tmp_path / 'test.txt'
    train.write_text('打架/0.avi 0\n打架/1.avi 0\njog/0.avi 1\n')
    test.write_text('打架/2.avi 0\njog/1.avi 1\n')
    if kind == 'one list':
        lists = '--list', train, '--test-list', test
    else:
        lists = '--list', f'rgb={train}', f'ir={train}'
        lists += '--test-list', f'rgb={test}', f'ir={test}'
    found = run(*folders, *lists)
    assert labels(found['train']) == {'打架_0': 0, '打架_1': 0, 'jog_0': 1}
    assert labels(found['test']) == {'打架_2': 0, 'jog_1': 1}
    assert found['train']['metainfo']['classes'] == ['0', '1']
    (tmp_path / 'classes.txt').write_text('fight\njog\n')
    found = run(*folders, *lists, '--classes', tmp_path / 'classes.txt')
    assert found['train']['metainfo']['classes'] == ['fight', 'jog']
    (tmp_path / 'classes.txt').write_text('fight\n')
    with pytest.raises(InputError, match='label 1 is too high for 1 classes'):
        run(*folders, *lists, '--classes', tmp_path / 'classes.txt')


def test_table(run, folders, tmp_path):
    lines = [
        f'{c}/{i},{c},visible/{c}/{i}.avi,{f"thermal/{c}/{i}.avi" if i else ""},{s},0.5'
        for c in ('打架', 'jog')
        for i, s in ((0, 'train'), (1, 'train'), (2, 'test'))
    ]
    table = tmp_path / 'pairs.csv'
    table.write_text('\n'.join(['sample_id,label,rgb,ir,split,offset_ir', *lines]))
    found = run('--csv', table, '--allow-missing')
    rows = {row['sample_id']: row for row in found['train']['data_list']}
    assert 'ir' not in rows['jog_0'] and 'offsets' not in rows['jog_0']
    assert rows['jog_1']['offsets'] == {'ir': 0.5}
    assert set(labels(found['test'])) == {'jog_2', '打架_2'}
    assert set(labels(run('--csv', table)['train'])) == {'jog_1', '打架_1'}


def test_regex(run, tmp_path, write_video):
    for i in range(2):
        write_video(tmp_path / 'a' / f'cam1-{i}-hug.avi')
        write_video(tmp_path / 'b' / 'night' / f'cam2-{i}-hug.avi')
    regex = r'cam\d-(?P<id>\d+)-(?P<label>\w+)'
    found = run(f'a={tmp_path / "a"}', f'b={tmp_path / "b"}', '--regex', regex)
    assert len(labels(found['train'])) == 1
    assert found['train']['metainfo']['classes'] == ['hug']


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda a, d: [], 'give either the folder of each modality'),
        (lambda a, d: [*a, '--csv', 'x.csv'], 'give either the folder'),
        (lambda a, d: [a[0], a[0]], 'each name once'),
        (lambda a, d: [str(d / 'visible')], 'write such as rgb='),
        (lambda a, d: [*a, '--test-list', 'x'], '--test-list is given without'),
        (lambda a, d: [*a, '--list', 'x', '--regex', '(x)'], 'leave it out'),
        (lambda a, d: [*a, '--list', 'ir=x'], 'lists for ir and folders for rgb, ir'),
        (lambda a, d: [*a, '--offset', 'ir=soon'], 'no number of seconds'),
        (lambda a, d: [*a, '--offset', 'depth=1'], '"offsets" that are not seconds'),
        (lambda a, d: [*a, '--folds', '4'], "'jog', have fewer than 4"),
        (
            lambda a, d: [f'rgb={d / "visible/jog"}', f'ir={d / "thermal/jog"}'],
            'no class',
        ),
        (lambda a, d: [f'rgb={d}', a[1]], 'lies in'),
    ],
)
def test_mistakes_are_one_sentence(run, folders, tmp_path, change, message):
    with pytest.raises(InputError, match=message) as error:
        run(*change(folders, tmp_path))
    assert '\n' not in str(error.value)
    assert 'infar' not in str(error.value) and 'ntu' not in str(error.value)


def test_modalities_that_disagree_about_a_class(run, tmp_path, write_video):
    for path in ('a/hug/jog_1.avi', 'b/jog/jog_1.avi', 'a/hug/2.avi', 'b/hug/2.avi'):
        write_video(tmp_path / path)
    (tmp_path / 'split.txt').write_text('hug_2 train\n')
    argv = [f'{m}={tmp_path / m}' for m in 'ab'] + ['--regex', r'(\d)']
    with pytest.raises(InputError, match='class_name of 1 is jog for its b and hug'):
        run(*argv)
