"""An exported model runs without PyTorch and predicts the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmbimodal.apis import MMBimodalInferencer, export_onnx
from mmbimodal.datasets.transforms import SyncSample
from mmbimodal.datasets.video_reader import VideoReader

pytest.importorskip('onnxscript', reason='needs onnxscript: pip install .[export]')
pytest.importorskip('onnxruntime', reason='needs onnxruntime: pip install .[export]')

ROOT = Path(__file__).resolve().parents[2]
# Whatever asks for one of these fails, as on a machine that has none of them.
ALONE = """
import os, runpy, sys

for name in ('torch', 'mmengine', 'mmcv', 'mmaction', 'mmbimodal', 'cv2', 'av'):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name='__main__')
"""


def infer(*arguments):
    words = [str(ROOT / 'tools/infer.py'), *map(str, arguments)]
    return subprocess.run(
        [sys.executable, '-c', ALONE, *words],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=''),
    )


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    """A small TimeSformer of random weights: inferencer and exported file."""
    root = tmp_path_factory.mktemp('model')
    config = Config.fromfile(ROOT / 'configs/baselines/timesformer_synth.py')
    config.model.backbone.update(num_layers=1)
    config.model.cls_head.update(init_std=0.1)
    torch.manual_seed(0)
    with_classes = dict(classes=[f'class {k}' for k in range(12)])
    init_default_scope('mmaction')
    network = MODELS.build(config.model)
    network.init_weights()
    torch.save(
        dict(state_dict=network.state_dict(), meta=dict(dataset_meta=with_classes)),
        root / 'model.pth',
    )
    inferencer = MMBimodalInferencer(config, root / 'model.pth', 'cpu')
    export_onnx(inferencer.model, config, root / 'model.onnx')
    return inferencer, root / 'model.onnx'


@pytest.fixture(scope='module')
def files(pairs):
    """A generated pair."""
    annotation = json.loads((pairs / 'annotations/xview_test.json').read_text())
    row = annotation['data_list'][0]
    return {name: str(pairs / row[name]) for name in ('rgb', 'ir')}


def write(path, codec, size, rate, count, seed, colours=1):
    """A moving picture; grey where ``colours`` is 0."""
    width, height = size
    y, x = np.mgrid[:height, :width][..., None]
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, 'yuv420p'
        for t in range(count):
            waves = np.sin(x / 9 + t / 3 + colours * np.arange(3)) * np.cos(
                y / 7 - t / 5 + seed
            )
            frame = (127 + 100 * waves).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, 'rgb24')))
        container.mux(stream.encode())
    return str(path)


def compare(model, files, tmp_path):
    """Largest difference of the scores; the classes that are printed."""
    inferencer, path = model
    words = [word for name, x in files.items() for word in (f'--{name}', x)]
    process = infer(path, *words, '--show-top', 3, '--out-file', tmp_path / 'out.json')
    assert process.returncode == 0, process.stderr
    saved = json.loads((tmp_path / 'out.json').read_text())
    (found,) = saved['predictions']
    (expected,) = inferencer(files, top_k=3)['predictions']
    assert found['sample_id'] == expected['sample_id']
    lines = process.stdout.splitlines()
    assert [x.split('%')[1].strip() for x in lines[1:4]] == [
        x['class'] for x in expected['top_k']
    ]
    difference = np.abs(np.subtract(found['scores'], expected['scores'])).max()
    return difference, np.array(expected['scores'])


def test_a_generated_pair(model, files, tmp_path):
    difference, both = compare(model, files, tmp_path)
    assert difference <= 1e-4
    difference, alone = compare(model, dict(ir=files['ir']), tmp_path)
    assert difference <= 1e-4
    assert np.abs(both - alone).max() > 1e-2


def test_other_sizes_and_rates(model, tmp_path):
    """Scaled down and up, 25 and 15 frames a second, 2.4 and 3.2 seconds."""
    pair = dict(
        rgb=write(tmp_path / 'a.mp4', 'mpeg4', (160, 120), 25, 60, 0),
        ir=write(tmp_path / 'b.avi', 'mpeg4', (80, 60), 15, 48, 2),
    )
    difference, _ = compare(model, pair, tmp_path)
    assert difference <= 1e-4


@pytest.fixture
def frames(load_tool):
    return load_tool('_onnx_frames.py')


@pytest.mark.parametrize(
    'old, new',
    [
        ((120, 160), (72, 96)),
        ((50, 60), (72, 86)),
        ((99, 133), (72, 97)),
        ((36, 54), (72, 108)),
        ((73, 72), (72, 71)),
    ],
)
def test_frames_are_scaled_as_by_opencv(frames, old, new):
    picture = np.random.default_rng(0).integers(0, 256, (*old, 3), np.uint8)
    expected = cv2.resize(picture, new[::-1], interpolation=cv2.INTER_LINEAR)
    assert (frames.resize(picture, *new) == expected).all()


@pytest.mark.parametrize('rates', [(25, 25), (30, 10), (12, 25), (24, 30)])
def test_the_same_frames_are_sampled(frames, tmp_path, rates):
    names, clips, inner = ('a', 'b'), {}, {}
    for i, (name, rate) in enumerate(zip(names, rates)):
        path = write(tmp_path / f'{name}.mp4', 'mpeg4', (48, 32), rate, 50 + 9 * i, i)
        clips[name] = frames.Clip(name, path)
        clips[name].open()
        with VideoReader(path) as reader:
            times = reader.timestamps
        np.testing.assert_allclose(clips[name].times, times, atol=1e-6)
        inner[name] = dict(
            total_frames=len(times), start_index=0, timestamps=times, filename=path
        )
    for views in (1, 3):
        step = dict(type='UniformSample', clip_len=8, num_clips=views, test_mode=True)
        sampled = SyncSample([step]).transform(dict(modalities=inner))['modalities']
        frames.sample(clips, [step])
        for name in names:
            expected = sampled[name]['frame_inds'].tolist()
            assert clips[name].indices.tolist() == expected


@pytest.mark.parametrize('size', [(320, 240), (216, 216)])
def test_a_large_video_is_scaled_by_another_filter(frames, tmp_path, size):
    """Of grey, since FFmpeg scales colours in YUV: to one grey level or two."""
    path = write(tmp_path / 'a.mp4', 'mpeg4', size, 25, 10, 0, colours=0)
    clip = frames.Clip('a', path)
    clip.open(72)
    clip.indices = np.arange(10)
    clip.decode()
    with VideoReader(path, 72) as reader:
        expected = np.stack(reader.read(range(10)))
    assert clip.frames.shape == expected.shape
    assert np.abs(np.subtract(clip.frames, expected, dtype=int)).mean() < 2


def test_bad_requests(model, files, tmp_path):
    _, path = model
    (tmp_path / 'text.onnx').write_text('text')
    (tmp_path / 'text.avi').write_text('text')
    rgb = ('--rgb', files['rgb'])
    for words, sentence in (
        ((tmp_path / 'none.onnx', *rgb), 'none.onnx does not exist'),
        ((tmp_path / 'text.onnx', *rgb), 'is not a model of tools/export.py'),
        ((path, '--depth', files['rgb']), 'knows rgb, ir'),
        ((path, '--rgb', tmp_path), 'is no file'),
        ((path, '--rgb', tmp_path / 'text.avi'), 'damaged or no video'),
        ((path, *rgb, '--device', 'cpu'), 'and no device'),
        ((path, *rgb, '--out-file', 'a.csv'), 'is not .json'),
        ((path, *rgb, '--out-file', tmp_path / 'no/a.json'), 'No such file'),
    ):
        process = infer(*words)
        assert process.returncode == 1
        (line,) = process.stderr.splitlines()[-1:]
        assert line.startswith('error: ') and sentence in line, process.stderr
        assert 'Traceback' not in process.stderr
