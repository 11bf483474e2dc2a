"""MMAction2 on numpy 2: each shim works, and is still needed."""

import ast
import contextlib
import importlib
import inspect
from pathlib import Path

import mmaction
import numpy as np
import pytest
from mmaction.datasets.transforms import ColorJitter, PoseCompact, wrappers
from mmaction.evaluation import average_recall_at_avg_proposals
from mmaction.evaluation.functional import multisports_utils
from mmaction.evaluation.metrics import RetrievalRecall

from mmbimodal.compat import array_to_int, hue_overflow, numpy_names

PACKAGE = Path(mmaction.__file__).parent
numpy_2 = pytest.mark.skipif(np.__version__ < '2', reason='numpy 1 has the names')


def removed_names():
    """{module: names of numpy that it uses and the installed one lacks}."""
    found = {}
    for path in PACKAGE.rglob('*.py'):
        names = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == 'np'
            and not hasattr(np, node.attr)
        }
        if names and '.mim' not in path.parts:
            parts = path.relative_to(PACKAGE.parent).with_suffix('').parts
            found['.'.join(parts)] = names
    return found


@numpy_2
def test_mmaction_still_uses_removed_names_and_all_are_served():
    found = removed_names()
    assert found
    for module, names in found.items():
        view = importlib.import_module(module).np
        assert all(hasattr(view, name) for name in names), (module, names)


def test_only_the_modules_that_need_it_have_the_view():
    needed = set(removed_names()) | {'mmaction.datasets.transforms.wrappers'}
    assert needed <= set(numpy_names.MODULES)


def test_the_view_is_numpy_otherwise():
    view = numpy_names.NumpyView('numpy')
    assert view.array is np.array and view.inf == view.Inf == np.inf
    assert np.isnan(view.NAN)
    assert view.in1d([1, 5], [5, 6]).tolist() == [False, True]
    assert view.trapz([1.0, 3.0], [0.0, 2.0]) == 4.0
    with pytest.raises(AttributeError):
        _ = view.no_such_name


def test_imgaug_still_overwrites_bool_and_no_longer_that_of_numpy():
    source = inspect.getsource(wrappers.ImgAug.__init__)
    assert 'np.bool = bool' in source
    before = np.bool_
    # imgaug itself may be absent, and is not made for numpy 2.
    with contextlib.suppress(Exception):
        wrappers.ImgAug('default')
    assert np.dtype(bool).type is before
    assert getattr(np, 'bool', before) is before
    np.testing.assert_allclose([1.0], [1.0])


def test_pose_compact_crops_to_the_keypoints():
    keypoint = np.array([[[[20.0, 30.0], [40.0, 70.0]]]], np.float32)
    results = PoseCompact(padding=0.0, threshold=1)(
        dict(keypoint=keypoint, img_shape=(100, 100))
    )
    assert results['img_shape'] == (40, 20)


def test_recall_is_that_of_the_top_k():
    scores = np.array([[0.1, 0.9, 0.0], [0.1, 0.9, 0.0]])
    (recall,) = RetrievalRecall.calculate(scores, [[1], [0]], (1,), target_indices=True)
    assert recall == 50


def test_area_under_the_recall_curve():
    truth = {'a': np.array([[0.0, 1.0]])}
    proposals = {'a': np.array([[0.0, 1.0, 1.0]])}
    *_, area = average_recall_at_avg_proposals(truth, proposals, 1)
    assert 0 <= area <= 100


@pytest.mark.parametrize('factor', [-0.4, -0.05, 0.1, 0.5])
def test_hue_turns_by_the_factor(factor):
    """Pure red, hue 0: after the turn OpenCV's hue is the offset modulo 180."""
    import cv2

    image = np.zeros((4, 4, 3), np.float32)
    image[..., 0] = 255
    turned = ColorJitter.adjust_hue(image, factor)
    hsv = cv2.cvtColor(turned.astype(np.uint8), cv2.COLOR_RGB2HSV)
    assert abs(int(hsv[0, 0, 0]) - int(factor * 255) % 180) <= 1
    assert turned.dtype == np.float32 and image.max() == 255


@numpy_2
def test_upstream_still_overflows():
    assert ColorJitter.adjust_hue is hue_overflow.adjust_hue
    source = (PACKAGE / 'datasets/transforms/processing.py').read_text()
    assert 'hsv[..., 0] = (hsv[..., 0] + offset) % 180' in source
    with pytest.raises(OverflowError):
        np.zeros(1, np.uint8) + -13


def tube(boxes):
    return np.array([[frame, 0, 0, 9, 9] for frame in boxes], float)


def test_the_overlap_of_two_tubes():
    """All of the area, from frame 2 to 3 of 1 to 4: a third of the time."""
    overlap = multisports_utils.iou3dt_voc(tube([1, 2, 3]), tube([2, 3, 4]))
    assert overlap == pytest.approx(1 / 3)


def test_arrays_of_several_elements_are_still_no_number():
    assert array_to_int.to_int(np.array([3])) == array_to_int.to_int(3.7) == 3
    with pytest.raises(ValueError):
        array_to_int.to_int(np.array([1, 2]))


def test_multisports_still_converts_arrays():
    source = (PACKAGE / 'evaluation/functional/multisports_utils.py').read_text()
    assert 'int(np.where(' in source
