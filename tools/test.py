"""Test a recogniser: MMAction2's own tools/test.py, with all its options."""

from mmbimodal.apis import run_mmaction_tool

if __name__ == '__main__':
    run_mmaction_tool('test.py')
