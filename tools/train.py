"""Train a recognizer: MMAction2's own tools/train.py, with all its options."""

from _upstream import is_verbose

if __name__ == '__main__':
    verbose = is_verbose('train.py')

    from mmbimodal.apis import run_mmaction_tool

    run_mmaction_tool('train.py', verbose)
