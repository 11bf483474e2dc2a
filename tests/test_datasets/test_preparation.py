import json
from argparse import Namespace
from collections import Counter
from pathlib import PurePath

import pytest

from mmbimodal.datasets.preparation import (
    Name,
    check_split_arguments,
    draw_folds,
    draw_split,
    pair,
    read_list,
    read_split,
    read_table,
    regex_rule,
    scan,
    word_rule,
)
from mmbimodal.errors import InputError

CLASSES = ('fight', 'wave', 'wave_hand')


@pytest.mark.parametrize(
    'path, name',
    [
        ('000012_fight', Name('000012_fight', 'fight')),
        ('fight_001_rgb', Name('fight_001', 'fight')),
        ('RGB-fight-001', Name('fight-001', 'fight')),
        ('day/000012_FIGHT', Name('000012_FIGHT', 'fight')),
        ('fight/001', Name('fight_001', 'fight')),
        ('fight/fight_001_rgb', Name('fight_001', 'fight')),
        ('Fight/day/001', Name('fight_001', 'fight')),
        ('test/fight/001', Name('fight_001', 'fight', 'test')),
        ('val/wave/001', Name('wave_001', 'wave', 'test')),
        ('wave_hand_3', Name('wave_hand_3', 'wave_hand')),
        ('swim_001', Name('swim_001')),
        ('fight_wave_001', Name('fight_wave_001')),  # which of the two?
        ('fighting_001', Name('fighting_001')),
        ('fight_001_ir', None),
        ('fight_ir_rgb', Name('fight_ir', 'fight')),
        ('.', None),
    ],
)
def test_names_that_hold_their_class(path, name):
    assert word_rule('rgb', ('rgb', 'ir'), CLASSES)(PurePath(path)) == name


@pytest.mark.parametrize(
    'path, name',
    [
        ('打架/001', Name('打架_001', '打架')),
        ('drink water/day/001_rgb', Name('drink water_001', 'drink water')),
        ('train/jog/1', Name('jog_1', 'jog', 'train')),
        ('001', Name('001')),
    ],
)
def test_class_folders(path, name):
    assert word_rule('rgb', ('rgb', 'ir'))(PurePath(path)) == name


def test_a_shared_folder_needs_the_name_of_the_modality():
    rule = word_rule('rgb', ('rgb', 'ir'), CLASSES, shared_folder=True)
    assert rule(PurePath('fight_001')) is None
    assert rule(PurePath('fight_001_rgb')) == Name('fight_001', 'fight')


def test_regex():
    rule = regex_rule(r'(?P<split>train|val)/(?P<label>[a-z]+)/(?P<id>s\d+/c\d+)')
    assert rule(PurePath('val/hug/s1/c2_visible')) == Name('s1_c2', 'hug', 'test')
    assert rule(PurePath('hug/s1')) is None
    assert regex_rule(r'(\d+)')(PurePath('a/12_x')) == Name('12')
    for pattern, message in (
        ('(', 'no regular expression'),
        (r'\d+', 'has no group:'),
        (r'(?P<label>\d+)', 'has no group "id"'),
    ):
        with pytest.raises(InputError, match=message):
            regex_rule(pattern)


@pytest.fixture
def touch(tmp_path):
    """Makes empty files; returns the folder."""

    def touch(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path

    return touch


def test_pairs_of_class_folders_with_the_same_file_names(touch):
    root = touch(
        *(
            f'{m}/{c}/{i}.mp4'
            for m in ('a', 'b')
            for c in ('hug', 'jog')
            for i in (1, 2)
        )
    )
    scans = {
        m: scan(root / folder, word_rule(m, ('rgb', 'ir')))
        for m, folder in (('rgb', 'a'), ('ir', 'b'))
    }
    pairs = pair(scans, lambda sample_id: 0).pairs
    assert sorted(pairs) == ['hug_1', 'hug_2', 'jog_1', 'jog_2']
    assert pairs['jog_2']['ir'] == root / 'b/jog/2.mp4'


def test_a_sample_that_lacks_a_modality_is_kept_on_request(touch):
    root = touch('a/hug/1.mp4', 'a/hug/2.mp4', 'b/hug/1.mp4')
    scans = {m: scan(root / m, word_rule(m, ('a', 'b'))) for m in ('a', 'b')}
    assert list(pair(scans, lambda i: 0).pairs) == ['hug_1']
    kept = pair(scans, lambda i: 0, allow_missing=True)
    assert list(kept.pairs['hug_2']) == ['a']
    assert kept.unpaired == {'hug_2': ['b']}


def test_a_folder_without_videos_names_what_it_holds(touch):
    root = touch('hug/1.dav', 'hug/2.dav', 'hug/notes.txt')
    with pytest.raises(InputError, match=r'but 2 with .dav.*ffmpeg -i FILE.dav'):
        scan(root, word_rule('rgb', ('rgb', 'ir')))


def test_lists(touch):
    root = touch('rgb/hug/1_rgb.mp4', 'rgb/my jog/2.mp4', 'rgb/frames/img_1.jpg')
    (root / 'list.txt').write_text(
        'hug/1_rgb.mp4 0\n\nmy jog/2.mp4 12\nframes 30 3\n', encoding='utf-8-sig'
    )
    found = read_list(root / 'list.txt', root / 'rgb', 'rgb', 'train')
    assert found.names == {
        'hug_1': Name('hug_1', '0', 'train'),
        'my jog_2': Name('my jog_2', '12', 'train'),
        'frames': Name('frames', '3', 'train'),
    }
    assert found.files['frames'] == root / 'rgb/frames'
    other = read_list(root / 'list.txt', root / 'rgb', 'rgb', 'test')
    found.merge(other)  # the same samples again
    assert found.files == {} and len(found.duplicates) == 3


@pytest.mark.parametrize(
    'line, message',
    [
        (r'hug\1.mp4 0', r'line 2 of the list .* has backslashes in hug.1.mp4'),
        ('hug/1.avi 0', 'names hug/1.avi, but the folder holds 1.MP4: correct the suf'),
        ('hug/1.mp4 0', 'holds 1.MP4'),
        ('jog/1.mp4 0', 'which is not in .*rgb: correct the path'),
        ('hug/1.MP4', 'line 2 of the list .* has no label'),
    ],
)
def test_mistakes_in_a_list_are_named(touch, line, message):
    root = touch('rgb/hug/1.MP4')
    path = root / 'list.txt'
    path.write_text(f'hug/1.MP4 0\n{line}\n')
    with pytest.raises(InputError, match=message) as error:
        read_list(path, root / 'rgb', 'rgb', None)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    'encoding, message', [('gb18030', 'in GBK or another'), ('utf-16', 'in UTF-16')]
)
def test_other_encodings_are_named(touch, encoding, message):
    root = touch('rgb/打架/1.mp4')
    path = root / 'list.txt'
    path.write_bytes('打架/1.mp4 0\n'.encode(encoding))
    with pytest.raises(InputError, match=f'{message}.*save it as UTF-8'):
        read_list(path, root / 'rgb', 'rgb', None)
    path.write_text('打架/1.mp4 0\n', encoding='utf-8-sig')
    assert list(read_list(path, root / 'rgb', 'rgb', None).files) == ['打架_1']


@pytest.mark.parametrize('delimiter', [',', ';', '\t'])
def test_tables(touch, delimiter):
    root = touch('v/1.mp4', 't/1.mp4', 'v/2.mp4')
    text = (
        'sample_id,label,rgb,ir,split,offset_ir\n'
        'one,hug,v/1.mp4,t/1.mp4,train,-0.6\n'
        ',jog,v/2.mp4,,val,\n'
    )
    (root / 'pairs.csv').write_text(text.replace(',', delimiter), encoding='utf-8-sig')
    table = read_table(root / 'pairs.csv')
    assert table.scans['rgb'].names == {
        'one': Name('one', 'hug', 'train'),
        'v_2': Name('v_2', 'jog', 'test'),
    }
    assert table.scans['ir'].files == {'one': root / 't/1.mp4'}
    assert table.offsets == {'one': {'ir': -0.6}}


@pytest.mark.parametrize(
    'text, message',
    [
        ('path,class\nv/1.mp4,hug\n', 'has the columns path, class: give a first line'),
        ('label,rgb\n', 'has no line below its first one'),
        ('label,rgb\nhug,\n', 'line 2 of the CSV .* has no path'),
        ('label,rgb\nhug,v/1.avi\n', 'holds 1.mp4: correct the suffix'),
        (
            'label,rgb,offset_rgb\nhug,v/1.mp4,soon\n',
            "rgb 'soon': give a number",
        ),
        ('label,rgb,offset_rgb\nhug,v/1.mp4,nan\n', 'give a number of seconds'),
    ],
)
def test_mistakes_in_a_table_are_named(touch, text, message):
    root = touch('v/1.mp4')
    (root / 'pairs.csv').write_text(text)
    with pytest.raises(InputError, match=message):
        read_table(root / 'pairs.csv')


def test_split_is_balanced_and_reproducible():
    classes = {f'{i:06}_{c}': c for i in range(100) for c in ('hug', 'jog')}
    drawn = draw_split(classes, 0.2, 0)
    assert draw_split(dict(reversed(classes.items())), 0.2, 0) == drawn
    assert draw_split(classes, 0.2, 1) != drawn
    test = Counter(classes[i] for i, name in drawn.items() if name == 'test')
    assert test == dict(hug=20, jog=20)


@pytest.mark.parametrize('share', [0.01, 0.2, 0.99])
def test_every_class_trains_and_tests(share):
    classes = {f'{c}{i}': c for c, n in (('a', 2), ('b', 7)) for i in range(n)}
    drawn = draw_split(classes, share, 0)
    assert {(classes[i], name) for i, name in drawn.items()} == {
        (c, name) for c in 'ab' for name in ('train', 'test')
    }
    with pytest.raises(InputError, match="such as 'c', have fewer than 2"):
        draw_split({**classes, 'c0': 'c'}, share, 0)


def test_folds_test_every_sample_once():
    classes = {f'{c}{i}': c for c, n in (('a', 5), ('b', 8)) for i in range(n)}
    folds = draw_folds(classes, 4, 0)
    assert len(folds) == 4
    tested = Counter(i for f in folds for i, name in f.items() if name == 'test')
    assert tested == dict.fromkeys(classes, 1)
    for fold in folds:
        assert set(fold) == set(classes)
        assert {classes[i] for i in fold if fold[i] == 'test'} == {'a', 'b'}
    assert draw_folds(classes, 4, 0) == folds
    with pytest.raises(InputError, match="'a', have fewer than 6"):
        draw_folds(classes, 6, 0)


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(test_share=1.0), '--test-share 1.0 is not between'),
        (dict(folds=1), '--folds 1 is not possible'),
        (dict(folds=3, split_file='s.txt'), 'leave one of them out'),
    ],
)
def test_split_arguments(change, message):
    values = {**dict(test_share=0.2, folds=None, split_file=None), **change}
    with pytest.raises(InputError, match=message):
        check_split_arguments(Namespace(**values))


@pytest.mark.parametrize(
    'text, message',
    [
        ('1_hug validation', 'neither "train" nor "test" of 1_hug'),
        ('1_hug', 'cannot read the split file'),
        ('1_hug train\n1_hug test', 'names a sample twice'),
        ('', 'of any sample'),
    ],
)
def test_split_file_mistakes(tmp_path, text, message):
    path = tmp_path / 'split.txt'
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_split(path)


def test_split_files(tmp_path):
    split = {'1_hug': 'test', 'my 2_hug': 'train'}
    lines, by_id, by_split = (tmp_path / n for n in ('a.txt', 'b.json', 'c.json'))
    lines.write_text('1_hug test\nmy 2_hug train\n')
    by_id.write_text(json.dumps(split))
    by_split.write_text(json.dumps(dict(test=['1_hug'], train=['my 2_hug'])))
    for path in (lines, by_id, by_split):
        assert read_split(path) == split
