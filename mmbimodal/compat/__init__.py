"""The only place that works around upstream: one file per symptom.

Each file says what breaks, since when, and when the file can go; a test in
``tests/test_compat`` turns red on the day upstream no longer needs it.
"""

from mmbimodal.compat import versions


def apply() -> None:
    """Make the installed stack usable; safe to call more than once."""
    versions.check()
    from mmbimodal.compat import deferred_scipy, localizers, quiet, transformers_5

    quiet.silence()
    localizers.stub_missing_drn()
    transformers_5.leave_out_vindlu()
    deferred_scipy.defer()
    from mmbimodal.compat import (
        amp_on_cpu,
        array_to_int,
        atomic_write,
        bfloat16_loss,
        checkpoint,
        checkpoint_hook,
        cpu_distributed,
        hue_overflow,
        last_checkpoint,
        numpy_names,
        registries,
    )

    registries.fill()
    bfloat16_loss.patch()
    numpy_names.patch()
    hue_overflow.patch()
    array_to_int.patch()
    checkpoint.allow_training_checkpoints()
    checkpoint.register_loaders()
    atomic_write.register()
    checkpoint_hook.register()
    last_checkpoint.patch()
    amp_on_cpu.register()
    cpu_distributed.patch()
