"""A stranger's pair: what is refused, and what a model says of less of it."""

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS, TRANSFORMS
from mmengine.dataset import pseudo_collate

from mmbimodal.apis import MMBimodalInferencer
from mmbimodal.apis.inputs import list_samples
from mmbimodal.apis.trial import (
    Limits,
    Variation,
    all_variations,
    check_upload,
    models_of_videos,
    try_pair,
)
from mmbimodal.errors import InputError
from mmbimodal.structures import without_modalities

ROOT = Path(__file__).resolve().parents[2]
AS_IT_IS, DARK, OFF = Variation(), Variation('rgb'), Variation('rgb', True)


def make_inferencer(config, folder):
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    model.init_weights()
    with torch.no_grad():  # predictions that differ between samples
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    torch.save(dict(state_dict=model.state_dict()), folder / 'tiny.pth')
    return MMBimodalInferencer(config, folder / 'tiny.pth', 'cpu')


@pytest.fixture
def inferencer(tiny_config, tmp_path):
    return make_inferencer(tiny_config, tmp_path)


@pytest.fixture
def pair(pairs):
    """Paths of a test sample."""
    annotation = json.loads((pairs / 'annotations/xview_test.json').read_text())
    row = annotation['data_list'][0]
    return {name: str(pairs / row[name]) for name in ('rgb', 'ir')}


def texts(figure):
    return {x.get_ylabel() for x in figure.axes} - {''}


def test_the_pair_as_it_is_and_each_modality_alone(inferencer, pair):
    """What is switched off is missing after sampling, as in tests of robustness."""
    settings = inferencer.cfg.test_dataloader.dataset
    packed = inferencer.pipeline(list_samples(pair, settings)[0])
    alone = pseudo_collate([without_modalities(packed, ['rgb'])])
    expected = [
        inferencer(pair)['predictions'][0],
        inferencer.pred2dict(inferencer.forward(alone)[0]),
    ]
    for variation, row, shown in zip(
        (AS_IT_IS, OFF), expected, ({'rgb', 'ir'}, {'ir'})
    ):
        trial = try_pair(inferencer, pair, variation, 0.1)
        np.testing.assert_allclose(trial.prediction['scores'], row['scores'], atol=1e-6)
        assert trial.prediction['key_frames'] == row['key_frames']
        assert texts(trial.figure) == shown
        assert trial.figure.get_suptitle().startswith(f'{variation}    predicted: ')
        assert [x[0] for x in trial.opinions] == [
            'rgb + ir (fused)',
            'rgb darkened',
            'ir alone (rgb switched off)',
            'ir darkened',
            'rgb alone (ir switched off)',
        ]
        for i, x in ((0, expected[0]), (2, expected[1])):
            assert trial.opinions[i][1] == x['pred_class']
            assert trial.opinions[i][2] == pytest.approx(x['pred_score'], abs=1e-6)


def test_darkness_goes_from_the_recording_to_black_frames(inferencer, pair):
    settings = inferencer.cfg.test_dataloader.dataset
    packed = inferencer.pipeline(list_samples(pair, settings)[0])
    before = {name: x.clone() for name, x in packed['inputs'].items()}
    blank = TRANSFORMS.build(dict(type='BlankFrames', modality='rgb', share=1.0))
    (black,) = inferencer.forward(pseudo_collate([blank(packed)]))
    found = {x: try_pair(inferencer, pair, DARK, x).prediction for x in (0, 0.3, 1)}
    as_it_is = try_pair(inferencer, pair, AS_IT_IS, 0.3).prediction
    np.testing.assert_allclose(found[0]['scores'], black.pred_score, atol=1e-6)
    np.testing.assert_allclose(found[1]['scores'], as_it_is['scores'], atol=1e-6)
    assert np.abs(np.subtract(found[0.3]['scores'], as_it_is['scores'])).max() > 1e-4

    dark = DARK.apply(packed, 0.3)['inputs']
    assert dark['rgb'].dtype == torch.uint8 and torch.equal(dark['ir'], before['ir'])
    assert torch.equal(dark['rgb'].double(), (before['rgb'].double() * 0.3).floor())
    assert all(torch.equal(packed['inputs'][x], y) for x, y in before.items())


def test_a_model_with_classifiers_of_its_branches(tiny_config, pair, tmp_path):
    tiny_config.model.neck = None
    tiny_config.model.cls_head = dict(
        type='ScoreAverageHead',
        num_classes=12,
        in_channels=16,
        modalities=['rgb', 'ir'],
        average_clips='prob',
    )
    tiny_config.model.backbone.with_saliency = False
    inferencer = make_inferencer(tiny_config, tmp_path)
    branches = inferencer(pair)['predictions'][0]['branches']
    trial = try_pair(inferencer, pair, AS_IT_IS, 0.1)
    assert [x[:2] for x in trial.opinions[5:]] == [
        (f'the classifier of {name}', branches[name]['class']) for name in ('rgb', 'ir')
    ]
    # it selects nothing: the strips are what it saw
    assert texts(trial.figure) == {'rgb', 'ir'} and len(trial.figure.axes) == 16
    alone = try_pair(inferencer, pair, OFF, 0.1)
    assert [x[0] for x in alone.opinions[5:]] == ['the classifier of ir']
    assert texts(alone.figure) == {'ir'}


def test_one_file_alone(inferencer, pair):
    trial = try_pair(inferencer, dict(ir=pair['ir']), AS_IT_IS, 0.1)
    assert [x[0] for x in trial.opinions] == ['ir', 'ir darkened']
    with pytest.raises(InputError, match='"ir switched off" needs a file of ir, and'):
        try_pair(inferencer, dict(ir=pair['ir']), Variation('ir', True), 0.1)
    with pytest.raises(InputError, match='"rgb darkened" needs a file of rgb'):
        try_pair(inferencer, dict(ir=pair['ir']), DARK, 0.1)
    with pytest.raises(InputError, match='there is no video of rgb or ir yet'):
        try_pair(inferencer, {}, AS_IT_IS, 0.1)


def test_what_looks_wrong_is_noted(inferencer, pair, recwarn):
    assert try_pair(inferencer, pair, AS_IT_IS, 0.1).notes == []
    swapped = dict(rgb=pair['ir'], ir=pair['rgb'])
    (note,) = try_pair(inferencer, swapped, AS_IT_IS, 0.1).notes
    assert 'check that they are not swapped' in note
    assert not recwarn


def test_models_on_offer(monkeypatch):
    names = models_of_videos()
    assert names['staf_synth'] == ['rgb', 'ir'] and 'staf_infar' not in names
    assert models_of_videos(['staf_synth']) == dict(staf_synth=['rgb', 'ir'])
    with pytest.raises(InputError, match='staf_infar has no released weights yet'):
        models_of_videos(['staf_infar'])
    with pytest.raises(InputError, match='did you mean staf_synth'):
        models_of_videos(['staf_sinth'])
    skeletons = str(ROOT / 'configs/skeleton/r3d_agcn_synth.py')
    monkeypatch.setattr('mmbimodal.apis.trial.fetch_weights', print)
    with pytest.raises(InputError, match=r'sees more than videos \(Pose\)'):
        models_of_videos([skeletons])


def test_the_variations_on_offer():
    assert [str(x) for x in all_variations(['a', 'b'])] == [
        'as recorded',
        *('a darkened', 'a switched off', 'b darkened', 'b switched off'),
    ]


@pytest.fixture
def video(tmp_path):
    """30 frames of 64×48 pixels, 3 s."""
    path = tmp_path / 'film.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10, (64, 48))
    rng = np.random.default_rng(0)
    for _ in range(30):
        writer.write(rng.integers(0, 256, (48, 64, 3), np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize(
    'limits, message',
    [
        (
            dict(seconds=2.5),
            'film.avi is too long: 2.5 s and 3600 frames',
        ),
        (dict(frames=29), 'film.avi is too long: 60 s and 29 frames'),
        (dict(pixels=3000), 'film.avi have 64×48 pixels'),
        (dict(megabytes=0.01), r'film.avi has \d+.* MB, and 0.01 MB are the most'),
    ],
)
def test_limits(video, limits, message):
    exact = dict(seconds=2.9, frames=30, pixels=64 * 48)
    check_upload(video, Limits(**exact, megabytes=video.stat().st_size / 2**20))
    with pytest.raises(InputError, match=message) as error:
        check_upload(video, Limits(**limits))
    assert str(video.parent) not in str(error.value)


@pytest.mark.parametrize(
    'name, content',
    [
        ('notes.txt', b'walk to the left'),
        ('notes.avi', b'walk to the left'),
        ('empty.mp4', b''),
        ('archive.mkv', b'PK\x03\x04' + bytes(200)),
        ('picture.mp4', b'\x89PNG\r\n\x1a\n' + bytes(200)),
    ],
)
def test_files_that_are_no_video(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f'^{name} is no video that can be read'):
        check_upload(tmp_path / name, Limits())


def test_sound_alone(tmp_path):
    path = tmp_path / 'song.mp4'
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('aac', rate=16000, layout='mono')
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), np.float32), 'fltp', 'mono'
        )
        frame.rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(InputError, match='song.mp4 holds no pictures'):
        check_upload(path, Limits())


def concat(target: Path) -> str:
    return f'ffconcat version 1.0\nfile {target.name}\n'


def playlist(target: Path) -> str:
    return (
        '#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n'
        f'#EXTINF:3,\n{target}\n#EXT-X-ENDLIST\n'
    )


@pytest.mark.parametrize('text, name', [(concat, 'a.avi'), (playlist, 'a.m3u8')])
def test_a_file_cannot_name_others_to_be_read(tmp_path, text, name):
    """FFmpeg would follow it: the strips would show a video of the server."""
    secret = tmp_path / 'secret.ts'
    with av.open(str(secret), 'w') as container:
        stream = container.add_stream('mpeg2video', 25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        for _ in range(30):
            picture = np.full((48, 64, 3), 200, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, 'rgb24')
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    check_upload(secret, Limits())
    upload = tmp_path / name
    upload.write_text(text(secret))
    with av.open(str(upload)) as container:  # the danger is real
        assert next(container.decode(video=0)).width == 64
    with pytest.raises(InputError, match=f'{name} is no video'):
        check_upload(upload, Limits())
