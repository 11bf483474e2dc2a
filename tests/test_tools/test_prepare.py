import json
import os
import runpy
import wave
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmbimodal.datasets.annotation import read_annotation, read_label_map
from mmbimodal.datasets.frames import open_frames
from mmbimodal.datasets.process_pool import parallel_map
from mmbimodal.datasets.reencode import reencode, target_size
from mmbimodal.datasets.video_probe import Probe, crashed, probe
from mmbimodal.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


def ids(ann_file):
    return [row['sample_id'] for row in read_annotation(str(ann_file))['data_list']]


def ntu_name(camera, subject=1, action=1, setup=1):
    return f'S{setup:03}C{camera:03}P{subject:03}R001A{action:03}'


@pytest.fixture
def ntu(load_tool):
    tool = load_tool('data/ntu60/prepare.py')
    return tool, lambda *argv: tool.main(
        tool.parse_args([str(a) for a in argv] + ['--workers', '2'])
    )


@pytest.fixture
def infar(load_tool):
    tool = load_tool('data/infar/prepare.py')
    return tool, lambda *argv: tool.main(
        tool.parse_args([str(a) for a in argv] + ['--workers', '2'])
    )


def add_ntu(root, write_video, name, **kwargs):
    write_video(root / 'nturgb+d_rgb' / f'{name}_rgb.avi', **kwargs)
    write_video(root / 'nturgb+d_ir' / f'{name}_ir.avi', **kwargs)


def test_pairs_by_id_whatever_the_listings(tmp_path, ntu, write_video, capsys):
    root = tmp_path / 'a data root'
    for camera in (1, 2, 3):
        add_ntu(root, write_video, ntu_name(camera))
    # a sub-folder sorts differently, and each side has what the other lacks
    lone_rgb, lone_ir = ntu_name(2, action=3), ntu_name(1, action=2)
    write_video(root / 'nturgb+d_rgb/nturgb+d_rgb_s001' / f'{lone_rgb}_rgb.avi')
    write_video(root / 'nturgb+d_ir' / f'{lone_ir}_ir.avi')
    (root / 'nturgb+d_ir' / '._hidden_ir.avi').write_text('')
    ntu[1](root)
    out = root / 'annotations'
    rows = read_annotation(str(out / 'xview_train.json'))['data_list']
    rows += read_annotation(str(out / 'xview_test.json'))['data_list']
    assert len(rows) == 3
    for row in rows:
        assert row['rgb'] == f'nturgb+d_rgb/{row["sample_id"]}_rgb.avi'
        assert row['ir'] == f'nturgb+d_ir/{row["sample_id"]}_ir.avi'
    report = json.loads((out / 'xview_report.json').read_text())
    assert report['unpaired'] == {lone_ir: ['rgb'], lone_rgb: ['ir']}
    assert report['modalities']['ir']['files'] == 4
    text = capsys.readouterr().out
    assert 'without ir' in text and lone_rgb in text
    assert ('warning: train has 2 samples, the complete ntu60 37920') in text
    assert ('warning: test has 1 samples, the complete ntu60 18960') in text


def test_bad_files_are_reported_and_left_out(tmp_path, ntu, write_video):
    good = ntu_name(1), ntu_name(2)
    faults = {
        'empty': lambda p: p.write_bytes(b''),
        'undecodable': lambda p: p.write_text('no video ' * 500),
        'truncated': lambda p: p.write_bytes(p.read_bytes()[:-9000]),
        'too short': lambda p: write_video(p, frames=5),
    }
    for name in good:
        add_ntu(tmp_path, write_video, name)
    bad = {}
    for k, (fault, spoil) in enumerate(faults.items()):
        name = ntu_name(2, action=k + 2)
        add_ntu(tmp_path, write_video, name, frames=20)
        spoil(tmp_path / 'nturgb+d_ir' / f'{name}_ir.avi')
        bad[name] = fault
    outside = ntu_name(1, action=61)
    add_ntu(tmp_path, write_video, outside)
    twice = ntu_name(3)
    add_ntu(tmp_path, write_video, twice)
    write_video(tmp_path / 'nturgb+d_rgb' / 's1' / f'{twice}_rgb.avi')
    ntu[1](tmp_path)
    out = tmp_path / 'annotations'
    assert ids(out / 'xview_test.json') == [good[0]]
    assert ids(out / 'xview_train.json') == [good[1]]
    report = json.loads((out / 'xview_report.json').read_text())
    assert {f['sample_id']: f['fault'] for f in report['faults']} == bad
    assert {f['modality'] for f in report['faults']} == {'ir'}
    assert report['left_out'] == {
        'of no class': [outside],
        'with several files of a modality': [twice],
    }
    assert report['modalities']['ir']['empty'] == 1
    assert report['modalities']['ir']['broken'] == 3
    # the counts of what is usable without a look into the files
    ntu[1](tmp_path, '--check', 'none')
    assert len(ids(out / 'xview_train.json')) == 1 + 3


@pytest.mark.parametrize(
    'name, xview, xsub, xsub120, xset',
    [
        (ntu_name(1, subject=1, setup=1), 0, 1, 1, 0),
        (ntu_name(2, subject=3, setup=2), 1, 0, 0, 1),
        (ntu_name(3, subject=38, setup=17), 1, 1, 1, 0),
        (ntu_name(1, subject=103, setup=32), 0, 0, 1, 1),
        (ntu_name(2, subject=106, setup=31), 1, 0, 0, 0),
    ],
)
def test_protocols(ntu, name, xview, xsub, xsub120, xset):
    is_train = ntu[0].is_train
    assert is_train(name, 'xview', False) == xview
    assert is_train(name, 'xsub', False) == xsub
    assert is_train(name, 'xsub', True) == xsub120
    assert is_train(name, 'xset', True) == xset


def test_training_subjects_are_the_official_ones(ntu):
    assert len(ntu[0].TRAIN_SUBJECTS) == 20
    assert len(ntu[0].TRAIN_SUBJECTS_120) == 53


def test_label_maps(ntu):
    tool, _ = ntu
    names = read_label_map(str(tool.HERE / 'label_map.txt'))
    more = read_label_map(str(tool.HERE / 'label_map_120.txt'))
    assert (len(names), len(more)) == (60, 120)
    assert more[:60] == names
    assert names[0] == 'drink water'
    assert names[59] == 'walking apart from each other'
    assert tool.label_of(ntu_name(1, action=60), 60) == 59
    assert tool.label_of(ntu_name(1, action=61), 60) is None


def skeleton(path, frames=10, bodies=1):
    """Write frames of bodies that do not move."""
    body = '72057 0 1 1 1 1 0 0.1 0.2 2\n25\n' + '0 0 1 2 3 4 5 0 0 0 1 2\n' * 25
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{frames}\n' + (f'{bodies}\n' + body * bodies) * frames)


def test_skeletons_exclusion_and_120(tmp_path, ntu, write_video, capsys):
    names = [ntu_name(1, setup=s) for s in (18, 19, 20, 21, 22)]
    for name in names:
        write_video(tmp_path / 'nturgb+d_rgb' / f'{name}_rgb.avi')
        skeleton(tmp_path / 'nturgb+d_skeletons' / f'{name}.skeleton')
    folder = tmp_path / 'nturgb+d_skeletons'
    skeleton(folder / f'{names[2]}.skeleton', bodies=0)
    cut = folder / f'{names[3]}.skeleton'
    cut.write_text(cut.read_text()[:-100])
    exclude = tmp_path / 'missing.txt'
    exclude.write_text(f'The samples with missing skeletons:\n{names[4]}\n')
    ntu[1](
        tmp_path,
        '--ntu120',
        '--protocol',
        'xset',
        '--modalities',
        'rgb',
        'skeleton',
        '--exclude',
        exclude,
        '--out',
        tmp_path / 'ann',
    )
    assert ids(tmp_path / 'ann/xset_train.json') == [names[0]]
    assert ids(tmp_path / 'ann/xset_test.json') == [names[1]]
    report = json.loads((tmp_path / 'ann/xset_report.json').read_text())
    assert {f['sample_id']: f['fault'] for f in report['faults']} == {
        names[2]: 'empty',
        names[3]: 'truncated',
    }
    assert report['left_out']['excluded'] == [names[4]]
    assert 'train has 1 samples, the complete ntu120 54468' in ' '.join(
        capsys.readouterr().out.split()
    )


def test_errors_are_one_sentence_and_write_no_annotation(
    tmp_path, ntu, infar, write_video
):
    with pytest.raises(InputError, match='there is no folder .*nturgb.d_rgb'):
        ntu[1](tmp_path)
    write_video(tmp_path / 'nturgb+d_rgb' / 'clip.avi')
    with pytest.raises(InputError, match='none of the 1 files'):
        ntu[1](tmp_path)
    add_ntu(tmp_path, write_video, ntu_name(1))
    with pytest.raises(InputError, match='is left for the train split'):
        ntu[1](tmp_path)
    assert [p.name for p in (tmp_path / 'annotations').iterdir()] == [
        'xview_report.json'
    ]
    with pytest.raises(InputError, match='60 has no protocol xset'):
        ntu[1](tmp_path, '--protocol', 'xset')
    with pytest.raises(InputError, match='120 has no protocol xview'):
        ntu[1](tmp_path, '--protocol', 'xview', '--ntu120')
    (tmp_path / 'list.txt').write_text('nothing')
    with pytest.raises(InputError, match='names no sample id'):
        ntu[1](tmp_path, '--exclude', tmp_path / 'list.txt')
    with pytest.raises(InputError, match='lies in'):
        infar[1](tmp_path, tmp_path / 'ir', tmp_path / 'out')
    write_video(tmp_path / 'a' / '1_hug.avi')
    with pytest.raises(InputError, match='put the word "rgb" into the file names'):
        infar[1](tmp_path / 'a', tmp_path / 'a', tmp_path / 'out')


def test_command_line_from_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('sys.argv', ['prepare.py', 'no such folder'])
    with pytest.raises(SystemExit, match='error: there is no folder') as exit:
        runpy.run_path(str(ROOT / 'tools/data/ntu60/prepare.py'), run_name='__main__')
    assert isinstance(exit.value.code, str)  # Python prints it and returns 1


def add_infar(root, write_video, names):
    for name in names:
        write_video(root / 'visible' / f'{name}.avi')
        write_video(root / 'thermal' / 'day' / f'{name}.avi', size=(75, 58))
    return root / 'visible', root / 'thermal', root / 'infar set'


def test_infar_links_splits_and_names_the_known_broken(
    tmp_path, infar, write_video, capsys
):
    names = [f'{i:06}_{c}' for i in range(5) for c in ('hug', 'wave1')]
    broken = '000052_jump'
    roots = add_infar(tmp_path, write_video, [*names, broken, '000009_swim'])
    (roots[0] / f'{broken}.avi').write_bytes(b'')
    infar[1](*roots)
    out = roots[2] / 'annotations'
    rows = read_annotation(str(out / 'train.json'))['data_list']
    assert len(rows) == 8
    assert (roots[2] / rows[0]['ir']).resolve().parent.name == 'day'
    assert rows[0]['label'] == 3  # hug, the fourth class
    test = ids(out / 'test.json')
    assert sorted(i.split('_')[1] for i in test) == ['hug', 'wave1']
    text = ' '.join(capsys.readouterr().out.split())
    assert f'known to be broken in the release: {broken}' in text
    assert 'test has 2 samples, the complete infar 240' in text
    report = json.loads((out / 'report.json').read_text())
    assert report['left_out'] == {'of no class': ['000009_swim']}
    # the split that was written down brings about the same split again
    before = (out / 'train.json').read_text()
    infar[1](*roots, '--split-file', out / 'split.txt', '--seed', '5')
    assert (out / 'train.json').read_text() == before
    # what the links lead to was not touched
    assert not (roots[0] / f'{names[0]}.avi').is_symlink()


@pytest.mark.parametrize('suffix', ['txt', 'json'])
def test_infar_split_file_is_obeyed(tmp_path, infar, write_video, suffix):
    names = ['1_hug', '2_hug', '3_jog']
    roots = add_infar(tmp_path, write_video, names)
    split = {'1_hug': 'test', '2_hug': 'train', '4_jog': 'train'}
    path = tmp_path / f'split.{suffix}'
    path.write_text(
        json.dumps(dict(train=['2_hug', '4_jog'], test=['1_hug']))
        if suffix == 'json'
        else '\n'.join(f'{i} {s}' for i, s in split.items())
    )
    infar[1](*roots, '--split-file', path)
    out = roots[2] / 'annotations'
    assert ids(out / 'train.json') == ['2_hug']
    assert ids(out / 'test.json') == ['1_hug']
    report = json.loads((out / 'report.json').read_text())
    assert report['left_out'] == {
        'in no split': ['3_jog'],
        'in a split, not usable': ['4_jog'],
    }
    assert not (out / 'split.txt').exists()


def test_infar_frame_folders_and_id_regex(tmp_path, infar, write_video):
    for k, name in enumerate(('1_hug', '2_hug')):
        write_video(tmp_path / 'visible' / f'{name}_vis.avi')
        folder = tmp_path / 'thermal' / f'{name}_inf'
        folder.mkdir(parents=True)
        for i in range(11):  # not padded: 10 comes after 9, not after 1
            frame = np.full((57, 75), 20 * i, np.uint8)
            cv2.imwrite(str(folder / f'frame{i}.png'), frame)
    split = tmp_path / 'split.txt'
    split.write_text('1_hug train\n2_hug test\n')
    root = tmp_path / 'out'
    for _ in range(2):  # a second run finds the same samples
        infar[1](
            tmp_path / 'visible',
            tmp_path / 'thermal',
            root,
            '--regex',
            r'^(\d+_[a-z]+)_',
            '--split-file',
            split,
        )
    (row,) = read_annotation(str(root / 'annotations/train.json'))['data_list']
    assert row['sample_id'] == '1_hug'
    with open_frames(str(root / row['ir'])) as reader:
        means = [frame.mean() for frame in reader.read(range(11))]
    assert np.allclose(means, np.arange(11) * 20)


def test_infar_both_modalities_in_one_folder(tmp_path, infar, write_video):
    for i in range(2):
        for modality in ('rgb', 'ir'):
            write_video(tmp_path / 'all' / f'fight_00{i}_{modality}.avi')
            write_video(tmp_path / 'all' / 'hug' / f'{i}_{modality}.avi')
    infar[1](tmp_path / 'all', tmp_path / 'all', tmp_path / 'out')
    out = tmp_path / 'out/annotations'
    found = sorted(ids(out / 'train.json') + ids(out / 'test.json'))
    assert found == ['fight_000', 'fight_001', 'hug_0', 'hug_1']
    report = json.loads((out / 'report.json').read_text())
    assert not (report['unpaired'] or report['left_out'] or report['faults'])


def test_target_size_keeps_the_ratio_and_never_enlarges():
    assert target_size(1920, 1080, 340) == (604, 340)
    assert target_size(512, 424, 340) == (410, 340)
    assert target_size(340, 604, 340) == (340, 604)
    assert target_size(293, 256, 340) == (292, 256)
    assert target_size(293, 256, None) == (292, 256)


def test_reencoding_is_resumed_and_keeps_frames(tmp_path, ntu, write_video):
    names = [ntu_name(c) for c in (1, 2, 3)]
    for name in names:
        add_ntu(tmp_path, write_video, name, frames=17, size=(128, 96), fps=15)
    ntu[1](tmp_path, '--reencode', 48)
    folder = tmp_path / 'nturgb+d_ir_48'
    done = {name: folder / f'{name}_ir.mp4' for name in names}
    for path in done.values():
        found = probe(str(path))
        assert (found.frames, found.fps) == (17, 15)
        assert (found.width, found.height) == (64, 48)
        capture = cv2.VideoCapture(str(path))
        assert sum(capture.grab() for _ in range(20)) == 17
    # interrupted: one output is not there, another only in part
    before = done[names[0]].stat().st_mtime_ns
    done[names[1]].unlink()
    done[names[2]].rename(folder / f'.part.{names[2]}_ir.mp4')
    ntu[1](tmp_path, '--reencode', 48)
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        path.name for path in done.values()
    )
    assert done[names[0]].stat().st_mtime_ns == before
    rows = read_annotation(str(tmp_path / 'annotations/xview_test.json'))['data_list']
    assert rows[0]['ir'] == f'nturgb+d_ir_48/{names[0]}_ir.mp4'


def test_what_cannot_be_reencoded_is_said_and_leaves_nothing(tmp_path, write_video):
    text = tmp_path / 'text.avi'
    text.write_text('no video')
    good = write_video(tmp_path / 'good.avi')
    out = tmp_path / 'out'
    faults = reencode(
        [(str(text), str(out / 'text.avi')), (str(good), str(out / 'good.avi'))],
        48,
        workers=2,
    )
    assert list(faults) == [str(text)]
    assert 'cannot be encoded' in faults[str(text)]
    assert [p.name for p in out.iterdir()] == ['good.avi']


def die_on_seven(item):
    if item == 7:
        os._exit(1)
    return item * 2


def test_a_crashing_decoder_costs_only_its_own_file():
    results = parallel_map(
        die_on_seven,
        range(20),
        workers=2,
        description='',
        crashed=lambda item: 'crashed',
    )
    assert results == [i * 2 if i != 7 else 'crashed' for i in range(20)]


def test_probe_names_the_fault(tmp_path, write_video):
    assert probe(str(tmp_path / 'none.avi')).fault == 'missing'
    audio = tmp_path / 'audio.avi'
    with wave.open(str(audio), 'wb') as f:
        f.setparams((1, 2, 8000, 0, 'NONE', ''))
        f.writeframes(bytes(16000))
    assert 'no video stream' in probe(str(audio)).detail
    # half of the file was reserved and never arrived
    hollow = write_video(tmp_path / 'hollow.avi', frames=20)
    content = hollow.read_bytes()
    hollow.write_bytes(content[: len(content) * 2 // 3].ljust(len(content), b'\0'))
    assert probe(str(hollow), 'open').fault == 'truncated'
    narrow = write_video(tmp_path / 'narrow.avi', size=(48, 32))
    assert probe(str(narrow)) == Probe(12, 10.0, 48, 32)
    assert crashed(str(hollow)).fault == 'undecodable'


def test_ntu_tool_runs_on_the_synthetic_folder_unchanged(tmp_path, ntu, load_tool):
    generator = load_tool('data/synth/generate.py')
    sizes = ['--train', '24', '--test', '12', '--size', '96x128']
    argv = [str(tmp_path / 'synth'), *sizes, '--difficulty', 'easy', '--workers', '2']
    generator.main(generator.parse_args(argv))
    written = {
        path: path.read_text() for path in tmp_path.glob('synth/annotations/*.json')
    }
    assert len(written) == 2
    ntu[1](tmp_path / 'synth')
    assert all(path.read_text() == text for path, text in written.items())
    ntu[1](tmp_path / 'synth', '--modalities', 'rgb', 'ir', 'skeleton')
    out = tmp_path / 'synth' / 'annotations'
    train = read_annotation(str(out / 'xview_train.json'))
    assert len(train['metainfo']['classes']) == 12
    assert train['metainfo']['dataset'] == 'synth'
    assert sorted(row['label'] for row in train['data_list']) == sorted(
        [*range(12)] * 2
    )
    assert len(ids(out / 'xview_test.json')) == 12
    report = json.loads((out / 'xview_report.json').read_text())
    assert not (report['warnings'] or report['faults'] or report['unpaired'])
