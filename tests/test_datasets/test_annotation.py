import json
import math
import os

import pytest

from mmbimodal.datasets.annotation import (
    offsets_of,
    read_annotation,
    read_label_map,
    resolve,
    write_annotation,
)
from mmbimodal.datasets.annotation_check import find_problems
from mmbimodal.errors import InputError


def good():
    return dict(
        metainfo=dict(
            dataset='toy',
            split='train',
            classes=['hug', 'jog'],
            modalities=['rgb', 'ir'],
        ),
        data_list=[
            dict(sample_id='a', label=0, rgb='rgb/a.avi', ir='ir/a.avi'),
            dict(sample_id='b', label=1, rgb='rgb/b.avi'),
        ],
    )


def save(path, annotation):
    path.write_text(json.dumps(annotation))
    return str(path)


def test_reads_what_is_good(tmp_path):
    annotation = good()
    assert read_annotation(save(tmp_path / 'a.json', annotation)) == annotation


def changed(where, key, value):
    """The good annotation with one key of its metainfo or a row changed."""

    def change(annotation):
        target = (
            annotation['metainfo']
            if where == 'metainfo'
            else annotation['data_list'][where]
        )
        if value is None:
            del target[key]
        else:
            target[key] = value
        return annotation

    return change


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda a: a['data_list'], 'no "metainfo" object beside a "data_list"'),
        (lambda a: dict(a, data_list={}), 'no "metainfo" object'),
        (lambda a: dict(a, data_list=[]), 'an empty "data_list"'),
        (changed('metainfo', 'classes', None), 'metainfo "classes"'),
        (changed('metainfo', 'classes', []), 'metainfo "classes"'),
        (changed('metainfo', 'classes', ['hug', 'hug']), "lists 'hug' twice"),
        (changed('metainfo', 'modalities', None), 'metainfo "modalities"'),
        (changed(1, 'sample_id', None), r'"sample_id" string \(row 1 of 1\)'),
        (changed(1, 'sample_id', 'a'), r'id more than once \(a of 1\)'),
        (changed(1, 'label', 2), r'integer from 0 to 1 \(2 in b of 1\)'),
        (changed(1, 'label', -1), r'\(-1 in b of 1\)'),
        (changed(1, 'label', True), r'\(True in b of 1\)'),
        (changed(1, 'label', '1'), r"\('1' in b of 1\)"),
        (changed(1, 'label', None), r'\(None in b of 1\)'),
        (changed(1, 'label', [0, 1]), r'integer from 0 to 1 \(\[0, 1\] in b of 1\)'),
        (changed(1, 'label', [0]), r'\(\[0\] in b of 1\)'),
        (changed(1, 'label', []), r'\(\[\] in b of 1\)'),
        (changed(1, 'depth', 'd.avi'), r"no modality .*\('depth' in b of 1\)"),
        (changed(1, 'rgb', None), r'without any modality \(no path in b of 1\)'),
        (changed(1, 'rgb', '/x.avi'), r"data root \('/x.avi' in b of 1\)"),
        (changed(1, 'rgb', '../x.avi'), r"data root \('../x.avi' in b of 1\)"),
        (changed(1, 'rgb', 'a/../../x'), r"data root \('a/../../x' in b of 1\)"),
        (changed(1, 'rgb', ''), r"data root \('' in b of 1\)"),
        (changed(1, 'rgb', 7), r'data root \(7 in b of 1\)'),
        (changed(1, 'rgb', 'a\\b.avi'), r'path with backslashes'),
        (changed(1, 'offsets', 0.6), r'offsets that are not seconds .*\(0.6 in b'),
        (changed(1, 'offsets', {'depth': 1}), 'offsets that are not seconds'),
        (changed(1, 'offsets', {'ir': '1'}), 'offsets that are not seconds'),
        (changed(1, 'offsets', {'ir': math.nan}), 'offsets that are not seconds'),
        (changed(1, 'start', '1'), r"start or end .*\('1' to None in b of 1\)"),
        (changed(1, 'end', math.inf), 'has a start or end that is not in seconds'),
        (lambda a: a['data_list'][1].update(start=2, end=2) or a, 'end before its st'),
        (changed('metainfo', 'offsets', {'x': 1}), 'metainfo "offsets" that are not'),
    ],
)
def test_refuses_with_one_sentence_that_names_the_file(tmp_path, change, message):
    ann_file = save(tmp_path / 'broken.json', change(good()))
    with pytest.raises(InputError, match=message) as error:
        read_annotation(ann_file)
    assert ann_file in str(error.value)
    assert '\n' not in str(error.value)


def test_a_missing_file_and_a_file_that_is_not_json(tmp_path):
    with pytest.raises(InputError, match='missing.json .*No such file'):
        read_annotation(str(tmp_path / 'missing.json'))
    for content, message in (
        (b'{"metainfo": ', 'text.json is not JSON'),
        (b'\xff\xfe\x00', 'text.json because it is in UTF-16'),
    ):
        (tmp_path / 'text.json').write_bytes(content)
        with pytest.raises(InputError, match=message):
            read_annotation(str(tmp_path / 'text.json'))


def test_a_byte_order_mark_does_no_harm(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(good()), encoding='utf-8-sig')
    assert read_annotation(str(path)) == good()
    path.write_text('hug\njog\n', encoding='utf-8-sig')
    assert read_label_map(str(path)) == ['hug', 'jog']


def test_offsets_of_a_sample_overrule_those_of_all(tmp_path):
    annotation = good()
    annotation['metainfo']['offsets'] = dict(rgb=0.1, ir=-0.5)
    annotation['data_list'][0].update(offsets=dict(ir=2), start=1.5, end=4)
    path = tmp_path / 'a.json'
    write_annotation(
        str(path), data_list=annotation['data_list'], **annotation['metainfo']
    )
    written = read_annotation(str(path))
    assert written == annotation
    offsets = [offsets_of(written['metainfo'], row) for row in written['data_list']]
    assert offsets == [dict(rgb=0.1, ir=2), dict(rgb=0.1, ir=-0.5)]


def test_all_problems_are_listed_with_their_counts():
    annotation = good()
    annotation['data_list'] *= 2
    annotation['data_list'][0]['label'] = 5
    annotation['data_list'][1]['rgb'] = '../b.avi'
    problems = list(find_problems(annotation))
    assert len(problems) == 3
    assert 'more than once (a, the first of 2)' in problems[0]
    assert '(5 in a, the first of 2)' in problems[1]
    assert "('../b.avi' in b, the first of 2)" in problems[2]
    assert list(find_problems(good())) == []


def test_resolve_stays_inside_the_root(tmp_path):
    root = str(tmp_path / 'data root')
    assert resolve(root, 'rgb/a.avi') == os.path.join(root, 'rgb/a.avi')
    assert resolve(root, 'rgb/../ir/a.avi').startswith(root)
    for path in ('../a.avi', 'rgb/../../a.avi', '/etc/passwd', '..', '.', ''):
        with pytest.raises(InputError, match='leaves the data root'):
            resolve(root, path)
    # a name that begins with two dots is still a name
    assert resolve(root, '..a.avi').endswith('..a.avi')


def test_written_annotation_is_read_back_ordered_one_row_a_line(tmp_path):
    annotation = good()
    ann_file = tmp_path / 'new folder' / 'train.json'
    write_annotation(
        str(ann_file), data_list=annotation['data_list'][::-1], **annotation['metainfo']
    )
    assert read_annotation(str(ann_file)) == annotation
    lines = ann_file.read_text().splitlines()
    assert [json.loads(line.rstrip(','))['sample_id'] for line in lines[2:4]] == [
        'a',
        'b',
    ]
    assert [p.name for p in ann_file.parent.iterdir()] == ['train.json']


def test_a_faulty_annotation_does_not_replace_a_good_one(tmp_path):
    ann_file = tmp_path / 'train.json'
    ann_file.write_text('before')
    with pytest.raises(InputError, match='not written because it has an empt'):
        write_annotation(str(ann_file), data_list=[], **good()['metainfo'])
    assert ann_file.read_text() == 'before'


def test_label_map(tmp_path):
    path = tmp_path / 'label_map.txt'
    path.write_text('drink water\n\n eat \n')
    assert read_label_map(str(path)) == ['drink water', 'eat']
    path.write_text('eat\neat\n')
    with pytest.raises(InputError, match="names 'eat' twice"):
        read_label_map(str(path))
    path.write_text('\n')
    with pytest.raises(InputError, match='is empty'):
        read_label_map(str(path))
    with pytest.raises(InputError, match='cannot read the label map'):
        read_label_map(str(tmp_path / 'none.txt'))
