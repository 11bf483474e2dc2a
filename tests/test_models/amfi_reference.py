"""Equations 5 and 7–21 of AMFI-Net in float64 numpy, written from the paper.

One sample at a time, plain loops over positions, and no code shared with the package.
"""

import math

import numpy as np


def array(tensor):
    return tensor.detach().double().numpy()


def linear(layer, x):
    """Dictionary of weight and bias, or a module of PyTorch."""
    return array(layer.weight) @ x + array(layer.bias)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def convolve(x, kernel):
    """3×3×3, C×T×H×W with zeros around it."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (1, 1)))
    out = np.zeros((len(kernel), *x.shape[1:]))
    for t in range(x.shape[1]):
        for h in range(x.shape[2]):
            for w in range(x.shape[3]):
                patch = padded[:, t : t + 3, h : h + 3, w : w + 3]
                for o in range(len(kernel)):
                    out[o, t, h, w] = (patch * kernel[o]).sum()
    return out


def positions_of(x, reading, layers):
    """Each position's θ, β and g, and the residual x with what W_z gives back."""
    theta, beta, g = layers
    if reading == 'entry':
        embedded = [linear(layer, x) for layer in (theta, beta, g)]
        return [[np.array([value]) for value in part] for part in embedded], [x]
    parts = np.split(x, 2) if reading == 'token' else [x]
    return [[linear(layer, part) for part in parts] for layer in layers], parts


def correlate(module, x, reading):
    """Eqs 8–11 for one sample, 2C → 2C."""
    (theta, beta, g), parts = positions_of(
        x, reading, (module.theta, module.beta, module.g)
    )
    y = []
    for i in range(len(theta)):
        f = [math.exp(theta[i] @ beta[j]) for j in range(len(beta))]  # eq. 9
        c = sum(f)  # eq. 10
        y.append(sum(f[j] * g[j] for j in range(len(g))) / c)  # eq. 8
    if reading == 'entry':
        y = [np.concatenate(y)]
    # eq. 11
    return np.concatenate([linear(module.w_z, a) + b for a, b in zip(y, parts)])


def fuse(head, features, reading, decides):
    """Eqs 7–19 for one sample: Y_F and the gate G."""
    correlated = correlate(head.correlation, np.concatenate(features), reading)  # eq. 7
    weighted = [
        x * sigmoid(linear(fc, correlated))
        for x, fc in zip(features, head.weighting.fc)
    ]
    decision, other = weighted[decides], weighted[1 - decides]
    gate = sigmoid(linear(head.gate.fc, decision))  # eq. 18
    return decision * gate + other * (1 - gate), gate  # eq. 19


def joint_loss(logits, labels, gates, balance, target):
    """Eqs 20–21."""
    classify = 0.0
    for row, label in zip(logits, labels):
        classify += math.log(sum(math.exp(z) for z in row)) - row[label]
    values = [
        -math.log(g if target == 'decision' else 1 - g) for gate in gates for g in gate
    ]
    gate_term = sum(values) / len(values)
    return classify / len(labels), balance * gate_term
