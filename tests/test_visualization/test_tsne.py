from types import SimpleNamespace

import numpy as np
import pytest

from mmbimodal.datasets.annotation import write_annotation
from mmbimodal.errors import InputError
from mmbimodal.visualization import save_png, tsne_figure
from mmbimodal.visualization.palette import marker_styles


def features(classes, per_class=6, spread=0.1):
    """Classes far apart in one space, and mixed in the other."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(classes)), per_class)
    noise = rng.normal(size=(len(labels), 8))
    centres = rng.normal(size=(len(classes), 8)) * 10
    return SimpleNamespace(
        spaces={'visible branch': noise, 'fusion': centres[labels] + spread * noise},
        labels=labels,
        classes=classes,
    )


def test_panels(tmp_path, check_png, check_texts):
    found = features([f'class {i}' for i in range(12)])
    found.spaces['visible branch'][[3, 7]] = np.nan
    figure = tsne_figure(found)
    texts = check_texts(figure)
    assert 'fusion\nnearest neighbour of the same class: 100%' in texts
    assert {f'class {i}' for i in range(12)} <= set(texts)
    points = [sum(len(x.get_offsets()) for x in ax.collections) for ax in figure.axes]
    assert points == [70, 72]
    # Points of a class lie together where the features do.
    fusion = [x.get_offsets() for x in figure.axes[1].collections]
    inside = max(x.std(axis=0).max() for x in fusion)
    assert np.ptp(np.concatenate(fusion), axis=0).min() > 3 * inside
    save_png(figure, tmp_path / 'tsne.png')
    check_png(tmp_path / 'tsne.png')


def test_the_same_features_give_the_same_picture():
    first, second = (tsne_figure(features(['a', 'b'])) for _ in range(2))
    for one, two in zip(first.axes, second.axes):
        for x, y in zip(one.collections, two.collections):
            assert np.array_equal(x.get_offsets(), y.get_offsets())


def test_share_of_neighbours():
    found = features(['a', 'b'], per_class=3)
    line = np.array([0, 1, 3, 4, 10, 11.0])[:, None] * np.ones(2)
    found.spaces, found.labels = dict(line=line), np.array([0, 0, 0, 1, 1, 1])
    # 3 and 4 are each other's nearest, and of different classes
    assert tsne_figure(found).axes[0].get_title().endswith('class: 67%')


def test_many_classes(check_texts):
    names = [f'a rather long name {i}' for i in range(60)]
    check_texts(tsne_figure(features(names, per_class=2)))


def test_too_few_samples():
    with pytest.raises(InputError, match='4 samples of the visible branch'):
        tsne_figure(features(['a', 'b'], per_class=2))


def test_styles_are_distinct():
    assert len({x['marker'] for x in marker_styles(12)}) == 12
    styles = {tuple(x.values()) for x in marker_styles(84)}
    assert len(styles) == 84


def test_script(run_tool, config_file, checkpoint, data_root, tmp_path, check_png):
    annotation = tmp_path / 'six.json'
    write_annotation(
        str(annotation),
        dataset='toy',
        split='test',
        classes=['fight', 'hug', 'walk'],
        modalities=['rgb', 'ir'],
        data_list=[
            dict(
                sample_id=f's{i}',
                label=i % 3,
                rgb=f'rgb/s{i % 3}.avi',
                ir=f'ir/s{(i + i // 3) % 3}.avi',
            )
            for i in range(6)
        ],
    )
    run_tool(
        'visualizations/tsne.py',
        config_file,
        checkpoint,
        '--out',
        tmp_path / 'tsne.png',
        '--cfg-options',
        f'test_dataloader.dataset.ann_file={annotation}',
    )
    check_png(tmp_path / 'tsne.png')


def test_script_on_too_few_samples(run_tool, config_file, checkpoint, tmp_path):
    with pytest.raises(SystemExit, match='error: 3 samples of the rgb branch'):
        run_tool(
            'visualizations/tsne.py',
            config_file,
            checkpoint,
            '--out',
            tmp_path / 'tsne.png',
        )
    assert not (tmp_path / 'tsne.png').exists()
