"""Weights that are made from a tensor's name alone, so that none are stored; `src/models/encoder/tests.rs` makes the same."""

import numpy
import torch


def weights(name, shape):
    """The state of SplitMix64 starts at FNV-1a of the name; 24 bits of each number make a value in [-1, 1)."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) % 2**64
    values = []
    for _ in range(int(numpy.prod(shape))):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
        z ^= z >> 31
        values.append((z >> 40) / 2**23 - 1)
    scale, shift = (0.25, 1.0) if name.lower().endswith("norm.weight") else (0.5, 0.0)
    return torch.tensor(numpy.array(values, dtype=numpy.float32).reshape(shape) * numpy.float32(scale) + numpy.float32(shift))
