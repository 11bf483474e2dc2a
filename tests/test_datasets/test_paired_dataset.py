import json
import shutil

import pytest
import torch
from mmaction.registry import DATASETS
from mmengine.dataset import RepeatDataset
from torch.utils.data import DataLoader

from mmbimodal.errors import InputError, UnreadableVideo


@pytest.fixture
def copy_of_pairs(pairs, tmp_path):
    """A private copy of the generated pairs, to damage."""
    root = tmp_path / 'pairs'
    shutil.copytree(pairs, root)
    return root


def train_rows(root):
    return root / 'annotations' / 'xview_train.json'


def edit(root, change):
    """Apply ``change`` to the training annotation."""
    path = train_rows(root)
    annotation = json.loads(path.read_text())
    change(annotation)
    path.write_text(json.dumps(annotation))


def build(config, root, split='train', **kwargs):
    dataset = config[f'{split}_dataloader'].dataset
    return DATASETS.build(dict(dataset, data_root=str(root), **kwargs))


def test_samples_are_pairs_by_id(tiny_config, pairs):
    dataset = build(tiny_config, pairs)
    assert len(dataset) == 24
    assert dataset.metainfo['classes'][:2] == ['fight', 'handclapping']
    for i in range(len(dataset)):
        sample = dataset.get_data_info(i)
        names = {
            inner['filename'].split('/')[-1][:20]
            for inner in sample['modalities'].values()
        }
        assert names == {sample['sample_id']}
        assert sample['label'] == int(sample['sample_id'][-3:]) - 1


def test_packed_sample(tiny_config, pairs):
    packed = build(tiny_config, pairs)[0]
    assert list(packed['inputs']) == ['rgb', 'ir']
    for x in packed['inputs'].values():
        assert x.shape == (1, 3, 8, 64, 64) and x.dtype == torch.uint8


def test_samples_carry_their_index(tiny_config, pairs):
    """Of the data set, whatever part or repetition of it is trained on."""
    dataset = build(tiny_config, pairs)
    for i in (0, 5, -1):
        metainfo = dataset[i]['data_samples'].metainfo
        assert metainfo['sample_idx'] == i % len(dataset)
    repeated = RepeatDataset(dataset, 2)
    assert repeated[29]['data_samples'].metainfo['sample_idx'] == 5


def test_missing_annotation_says_what_makes_it(tiny_config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as error:
        build(tiny_config, 'data/synth')
    assert str(tmp_path / 'data/synth/annotations/xview_train.json') in str(error.value)
    assert 'python tools/data/synth/generate.py data/synth' in str(error.value)


def test_own_data_is_not_sent_to_the_tool_of_another_data_set(tiny_config, tmp_path):
    with pytest.raises(InputError, match='tools/data/prepare.py`, or corr') as error:
        build(tiny_config, tmp_path)
    assert 'generate.py' not in str(error.value)


def test_missing_partner_is_named(tiny_config, copy_of_pairs):
    removed = next(copy_of_pairs.glob('nturgb+d_ir/*C002*.avi'))
    removed.unlink()
    with pytest.raises(InputError, match='the ir of .* does not exist') as e:
        build(tiny_config, copy_of_pairs)
    assert str(removed) in str(e.value)


def test_row_without_a_modality(tiny_config, copy_of_pairs):
    edit(copy_of_pairs, lambda a: a['data_list'][3].pop('ir'))
    with pytest.raises(InputError, match='has no ir.*allow_missing=True'):
        build(tiny_config, copy_of_pairs)
    dataset = build(tiny_config, copy_of_pairs, allow_missing=True)
    packed = dataset[3]
    assert packed['inputs']['ir'].numel() == 0
    assert list(packed['data_samples'].modalities) == ['rgb']


def test_unknown_modality_lists_the_known_ones(tiny_config, pairs):
    with pytest.raises(InputError, match="'thermal'.*rgb, ir"):
        build(tiny_config, pairs, modalities=('rgb', 'thermal'))


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda a: a['data_list'][0].update(label=12), 'label'),
        (lambda a: a['data_list'][0].update(label=-1), 'label'),
        (lambda a: a['data_list'].clear(), 'empty'),
        (lambda a: a['data_list'].append(a['data_list'][0]), 'more than once'),
        (lambda a: a['data_list'][0].update(rgb='../../etc/passwd'), 'root'),
        (lambda a: a['data_list'][0].update(rgb='/etc/passwd'), 'root'),
    ],
)
def test_wrong_annotation_is_one_sentence(tiny_config, copy_of_pairs, change, message):
    edit(copy_of_pairs, change)
    with pytest.raises(InputError, match=message) as error:
        build(tiny_config, copy_of_pairs)
    assert 'xview_train.json' in str(error.value)
    assert '\n' not in str(error.value)


def damage(root, count, how):
    """Damage the infrared files of the first ``count`` training samples."""
    rows = json.loads(train_rows(root).read_text())['data_list'][:count]
    for row in rows:
        path = root / row['ir']
        content = path.read_bytes()
        path.write_bytes(how(content))
    return [row['sample_id'] for row in rows]


DAMAGES = dict(
    empty=lambda content: b'',
    text=lambda content: b'this is a text file\n' * 99,
    truncated=lambda content: content[: len(content) // 2],
)


@pytest.mark.parametrize('kind', DAMAGES)
def test_unreadable_video_raises_with_its_path(tiny_config, copy_of_pairs, kind):
    (name,) = damage(copy_of_pairs, 1, DAMAGES[kind])
    dataset = build(tiny_config, copy_of_pairs)
    with pytest.raises(UnreadableVideo, match=f'{name}_ir.avi'):
        dataset[0]


@pytest.mark.parametrize('workers', [0, 2])
def test_skip_replaces_counts_and_logs_once(
    tiny_config, copy_of_pairs, workers, caplog
):
    (name,) = damage(copy_of_pairs, 1, DAMAGES['empty'])
    dataset = build(tiny_config, copy_of_pairs, on_error='skip')
    loader = DataLoader(
        dataset,
        4,
        num_workers=workers,
        collate_fn=lambda batch: [
            x['data_samples'].metainfo['sample_id'] for x in batch
        ],
    )
    for _ in range(2):
        ids = sum(loader, [])
        assert len(ids) == 24 and name not in ids
    # Counted once for all workers and epochs.
    assert dataset._bad.nonzero().flatten().tolist() == [0]


def test_skip_stops_above_five_percent(tiny_config, copy_of_pairs):
    damage(copy_of_pairs, 2, DAMAGES['empty'])
    dataset = build(tiny_config, copy_of_pairs, on_error='skip')
    # the substitute must not be the other damaged one
    dataset._rand_another = lambda: 5
    dataset[0]
    with pytest.raises(InputError, match='2 of the 24 samples.*check_pairs'):
        dataset[1]


def test_skip_is_refused_for_testing(tiny_config, pairs):
    with pytest.raises(InputError, match='falsify the accuracy'):
        build(tiny_config, pairs, split='test', on_error='skip')


def test_unknown_on_error(tiny_config, pairs):
    with pytest.raises(InputError, match="'raise' or 'skip'"):
        build(tiny_config, pairs, on_error='ignore')
