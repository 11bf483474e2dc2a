import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from damage import write_sound

from mmbimodal.datasets.annotation import write_annotation
from mmbimodal.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
IDS = ['S001C001P001R001A001', 'S001C001P002R001A002']


@pytest.fixture
def tool(load_tool):
    return load_tool('data/check_pairs.py')


@pytest.fixture
def run(tool, tmp_path):
    """Runs the tool; returns its exit code and its report."""

    def run(*argv):
        out = tmp_path / 'report.json'
        code = tool.main(
            tool.parse_args([*map(str, argv), '--workers', '2', '--json', str(out)])
        )
        return code, json.loads(out.read_text())

    return run


@pytest.fixture
def annotate(tmp_path, write_video):
    """Writes sound pairs and their annotation; returns its path."""

    def annotate(name, ids=IDS, **lengths):
        rows = []
        for i, sample_id in enumerate(ids):
            row = dict(sample_id=sample_id, label=i % 2)
            for modality in ('rgb', 'ir'):
                row[modality] = f'{modality}/{sample_id}.avi'
                write_video(tmp_path / row[modality], frames=lengths.get(modality, 12))
            rows.append(row)
        ann_file = tmp_path / 'annotations' / name
        write_annotation(
            str(ann_file),
            dataset='toy',
            split='test',
            classes=['hug', 'jog'],
            modalities=['rgb', 'ir'],
            data_list=rows,
        )
        return ann_file

    return annotate


def test_sound_pairs(run, annotate, capsys):
    code, report = run(annotate('test.json'))
    assert code == 0
    assert report['errors'] == report['warnings'] == []
    assert report['classes'] == {'hug': 1, 'jog': 1}
    assert report['modalities']['ir'] == dict(
        files=2, sound=2, frames=[12, 12, 12], fps=[10.0], sizes=['64x48']
    )
    text = capsys.readouterr().out
    assert '50.0%' in text and '0 errors, 0 warnings' in text


@pytest.mark.parametrize(
    'spoil, finding',
    [
        (lambda p: p.unlink(), 'is missing'),
        (lambda p: p.write_bytes(b''), 'is empty'),
        (lambda p: p.write_text('text ' * 999), 'is undecodable'),
        (lambda p: p.write_bytes(p.read_bytes()[:-9000]), 'is truncated'),
    ],
)
def test_a_bad_file_is_an_error(tmp_path, run, annotate, spoil, finding):
    ann_file = annotate('test.json')
    spoil(tmp_path / f'ir/{IDS[1]}.avi')
    code, report = run(ann_file)
    assert code == 1
    assert len(report['errors']) == 1
    assert f'{IDS[1]}: ir/{IDS[1]}.avi {finding}' in report['errors'][0]


def test_a_frame_in_the_middle_is_decoded_too(tmp_path, run, annotate):
    ann_file = annotate('test.json', rgb=20)
    path = tmp_path / f'rgb/{IDS[0]}.avi'
    content = bytearray(path.read_bytes())
    middle = content.index(b'00dc', len(content) // 2)
    content[middle + 8 : middle + 1500] = bytes(1492)
    path.write_bytes(content)
    code, report = run(ann_file)
    assert code == 1
    assert 'is undecodable' in report['errors'][0]


@pytest.mark.parametrize('ir, differ', [(10, False), (9, True), (16, True)])
def test_ends_that_are_apart_are_a_warning(run, annotate, ir, differ):
    code, report = run(annotate('test.json', rgb=12, ir=ir))
    assert code == 0
    assert len(report['warnings']) == 2 * differ
    if differ:
        figures = f'rgb from 0 to 1.2 s, ir from 0 to {ir / 10:g} s'
        assert figures in report['warnings'][0]


def change_row(ann_file, **fields):
    """Change fields of the first row."""
    annotation = json.loads(ann_file.read_text())
    annotation['data_list'][0].update(fields)
    ann_file.write_text(json.dumps(annotation))


EVEN = [i / 10 for i in range(40)]


@pytest.mark.parametrize(
    'times, figures',
    [
        (EVEN, None),
        ([i / 30 for i in range(120)], None),
        (EVEN[:20] + EVEN[25:], 'ir has a gap of 0.6 s at 1.9 s (usually .* 0.1 s)'),
        (EVEN[:21] + EVEN[22::2], 'ir has uneven intervals .* from 0.1 to 0.2 s'),
        ([0.6 + t for t in EVEN[:-6]], 'rgb from 0 to 4 s, ir from 0 to 3.4 s'),
    ],
)
def test_times_that_a_training_takes_without_complaint(
    run, annotate, tmp_path, times, figures
):
    ann_file = annotate('test.json')
    for name, moments in (('rgb', EVEN), ('ir', times)):
        write_sound(tmp_path / f'{name}/new.mkv', times=moments)
    change_row(ann_file, rgb='rgb/new.mkv', ir='ir/new.mkv')
    code, report = run(ann_file)
    assert code == 0
    assert len(report['warnings']) == (figures is not None)
    if figures:
        pattern = f'{IDS[0]}: .*' + figures.replace('(', r'\(').replace(')', r'\)')
        assert re.match(pattern, report['warnings'][0])


def test_offsets_count(run, annotate, tmp_path):
    ann_file = annotate('test.json')
    write_sound(tmp_path / 'rgb/new.mkv', times=EVEN)
    write_sound(tmp_path / 'ir/new.mkv', times=EVEN[:-6])
    change_row(ann_file, rgb='rgb/new.mkv', ir='ir/new.mkv', offsets={'ir': 0.6})
    (warning,) = run(ann_file)[1]['warnings']
    assert 'rgb from 0 to 4 s, ir from 0.6 to 4 s' in warning
    change_row(ann_file, offsets={'ir': 5})
    code, report = run(ann_file)
    assert code == 1 and 'no time in common' in report['errors'][0]
    change_row(ann_file, offsets={}, start=3.5)
    code, report = run(ann_file)
    assert code == 1 and IDS[0] in report['errors'][0]


@pytest.mark.parametrize('size, differ', [((96, 64), True), ((64, 80), False)])
def test_aspect_ratios_that_differ_are_a_warning(run, annotate, tmp_path, size, differ):
    ann_file = annotate('test.json')
    write_sound(tmp_path / 'rgb/new.mp4', 12, size=(64, 96))
    write_sound(tmp_path / 'ir/new.mp4', 12, size=size)
    change_row(ann_file, rgb='rgb/new.mp4', ir='ir/new.mp4')
    code, report = run(ann_file)
    assert code == 0
    assert any('rgb 96x64, ir 64x96' in w for w in report['warnings']) == differ


def test_a_folder_with_several_kinds_of_images_is_an_error(run, annotate, tmp_path):
    ann_file = annotate('test.json')
    write_sound(tmp_path / 'ir/folder', 12)
    change_row(ann_file, ir='ir/folder')
    assert run(ann_file)[0] == 0
    (tmp_path / 'ir/folder/img_00000.jpg').rename(tmp_path / 'ir/folder/x_00000.jpg')
    code, report = run(ann_file)
    assert code == 1 and 'img_*.jpg, x_*.jpg' in report['errors'][0]


def test_sixteen_bits_need_a_value_window(run, annotate, tmp_path):
    ann_file = annotate('test.json', IDS[:1])
    (tmp_path / 'ir/deep').mkdir()
    for i in range(12):
        picture = np.full((64, 96), 20000 + i, np.uint16)
        cv2.imwrite(str(tmp_path / f'ir/deep/{i}.png'), picture)
    change_row(ann_file, ir='ir/deep')
    code, report = run(ann_file)
    assert code == 1 and 'value_window' in report['errors'][0]
    assert run(ann_file, '--value-window', 'ir=19000,21000')[0] == 0
    with pytest.raises(InputError, match='is not NAME=LOW,HIGH'):
        run(ann_file, '--value-window', 'ir=19000')


def test_only_some_lines_are_printed(run, annotate, capsys):
    ann_file = annotate('test.json', [f'000{i}' for i in range(7)], rgb=12, ir=9)
    _, report = run(ann_file)
    assert len(report['warnings']) == 7
    assert 'and 2 more warnings: --json FILE lists all' in capsys.readouterr().out


def test_equal_durations_at_unequal_rates_are_fine(
    tmp_path, run, annotate, write_video
):
    ann_file = annotate('test.json')
    write_video(tmp_path / f'ir/{IDS[0]}.avi', frames=36, fps=30)
    assert run(ann_file)[1]['warnings'] == []


def test_every_problem_of_the_annotation_is_an_error(run, annotate):
    ann_file = annotate('test.json')
    annotation = json.loads(ann_file.read_text())
    annotation['data_list'][0]['label'] = 2
    annotation['data_list'][1]['ir'] = '../x.avi'
    ann_file.write_text(json.dumps(annotation))
    code, report = run(ann_file)
    assert code == 1
    assert [e.split(' (')[0] for e in report['errors']] == [
        'has a label that is not an integer from 0 to 1',
        'has a path that is not relative to, or leaves, the data root',
    ]


def test_a_lacking_modality_and_a_class_without_samples_are_warnings(run, annotate):
    ann_file = annotate('test.json')
    annotation = json.loads(ann_file.read_text())
    annotation['data_list'][1].update(label=0)
    del annotation['data_list'][1]['ir']
    ann_file.write_text(json.dumps(annotation))
    code, report = run(ann_file)
    assert code == 0
    assert report['warnings'] == [
        'class jog has no sample',
        f'1 samples lack ir, such as {IDS[1]}',
    ]


def test_what_the_protocol_forbids_to_share(run, annotate):
    test = annotate('test.json')
    # subject 2 again, camera 2 instead of 1
    train = annotate('train.json', ['S001C002P002R001A001', 'S001C002P003R001A002'])
    code, report = run(test, '--against', train, '--protocol', 'xsub')
    assert code == 1
    assert report['errors'] == ['protocol xsub: subject 2 also in --against']
    assert run(test, '--against', train, '--protocol', 'xview')[0] == 0
    assert run(test, '--against', train)[0] == 0
    code, report = run(test, '--against', test, '--protocol', 'xview')
    assert code == 1
    assert report['errors'] == [
        f'2 samples are also in --against, such as {IDS[0]}',
        'protocol xview: camera 1 also in --against',
    ]


def test_another_class_order_is_an_error(run, annotate):
    test, train = annotate('test.json'), annotate('train.json', ['S1', 'S2'])
    text = train.read_text().replace('"hug", "jog"', '"jog", "hug"')
    train.write_text(text)
    code, report = run(test, '--against', train)
    assert report['errors'] == ['the classes differ from those of --against']
    assert code == 1


def test_mistakes_on_the_command_line(run, annotate, tmp_path):
    test = annotate('test.json', ['000001_hug', '000002_jog'])
    with pytest.raises(InputError, match='give the training annotation'):
        run(test, '--protocol', 'xsub')
    with pytest.raises(InputError, match='subject of 00000._... is not known'):
        run(test, '--against', test, '--protocol', 'xsub')
    with pytest.raises(InputError, match='cannot read the annotation'):
        run(tmp_path / 'none.json')


def test_exit_code_from_another_folder_with_spaces(tmp_path, annotate):
    (tmp_path / 'a folder').mkdir()
    ann_file = annotate('my test.json')
    (tmp_path / f'rgb/{IDS[0]}.avi').unlink()
    result = subprocess.run(
        [sys.executable, str(ROOT / 'tools/data/check_pairs.py'), str(ann_file)],
        cwd=tmp_path / 'a folder',
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert '1 errors, 0 warnings' in result.stdout
    assert 'Traceback' not in result.stderr
