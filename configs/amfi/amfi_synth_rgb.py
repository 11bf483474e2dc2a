"""Stage 1 of amfi_synth.py: RGB alone, as in r3d_synth.py."""

_base_ = '../skeleton/r3d_synth.py'
