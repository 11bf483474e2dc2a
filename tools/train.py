"""Train a recognizer: MMAction2's own tools/train.py, with all its options."""

from _upstream import parse

if __name__ == '__main__':
    args = parse('train.py')

    from mmbimodal.apis import run_mmaction_tool

    run_mmaction_tool('train.py', args)
