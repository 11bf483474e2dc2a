"""Equations 1–20 of STAF in float64 numpy, written from the paper.

One sample at a time, plain loops, the paper's order of operations: slow on
purpose, and no code shared with the package. Readings where the paper is
silent are those of the specification.
"""

import math
from decimal import ROUND_HALF_UP, Decimal

import numpy as np


def linear(x, weight, bias):
    out = np.zeros(len(weight))
    for o in range(len(weight)):
        out[o] = bias[o]
        for i in range(len(x)):
            out[o] += weight[o, i] * x[i]
    return out


def layer_norm(x, weight, bias, eps=1e-6):
    mean = sum(x) / len(x)
    variance = sum((value - mean) ** 2 for value in x) / len(x)
    return (x - mean) / math.sqrt(variance + eps) * weight + bias


def gelu(x):
    return np.array([v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in x])


def softmax(x):
    """Of a vector with −∞; the softmax over nothing is 0."""
    finite = [value for value in x if value > -math.inf]
    if not finite:
        return np.zeros(len(x))
    powers = np.array(
        [math.exp(value - max(finite)) if value > -math.inf else 0.0 for value in x]
    )
    return powers / powers.sum()


# -- Section 3.2: key frames --------------------------------------------------


def frame_scores(patches, fc1, fc2, present=None):
    """Eqs 1–4: F×N×C → F; absent frames are left out and score −∞."""
    frames = range(len(patches))
    present = [True for _ in frames] if present is None else present
    there = [f for f in frames if present[f]]
    f_loc = {}
    for f in there:
        pooled = sum(patches[f][n] for n in range(len(patches[f])))
        f_loc[f] = linear(pooled / len(patches[f]), *fc1)  # eq. 1
    f_glo = sum(f_loc[f] for f in there) / len(there)
    s = {}
    for f in there:
        s[f] = linear(np.concatenate([f_loc[f], f_glo]), *fc2)[0]  # eqs 2, 3
    low, high = min(s.values()), max(s.values())
    return np.array(
        [(s[f] - low) / (high - low) if present[f] else -math.inf for f in frames]
    )  # eq. 4


# -- Section 3.3: salient regions ---------------------------------------------


def region_scores(queries, keys, top_on_the_left=True):
    """Eqs 5–7: per layer H×(1+N)×d, lowest layer first → N."""
    num_heads, size, dim = queries[0].shape
    total = np.zeros((size, size))
    for head in range(num_heads):
        product = np.eye(size)
        for query, key in zip(queries, keys):
            attention = np.zeros((size, size))
            for i in range(size):
                attention[i] = softmax(
                    [
                        query[head, i] @ key[head, j] / math.sqrt(dim)
                        for j in range(size)
                    ]
                )
            # from the lowest layer to the highest
            product = attention @ product if top_on_the_left else product @ attention
        total += product
    return (total / num_heads)[0, 1:]


def count(total, share):
    """Nearest whole number, at least 1."""
    exact = Decimal(str(share)) * total
    return max(1, int(exact.quantize(Decimal(1), ROUND_HALF_UP)))


def best(scores, number):
    """Indices of the largest scores, the first one among equals."""
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    return order[:number]


def marks(scores, saliency, k1, k2, r1, r2):
    """Eq. 8: frame scores F, region scores F×N → F×N of 0 and 1."""
    num_frames, num_regions = saliency.shape
    num_key = count(num_frames, k1)
    num_secondary = count(num_frames, k2) if k2 else 0
    ranking = best(scores, num_key + num_secondary)
    result = np.zeros((num_frames, num_regions))
    for rank, f in enumerate(ranking):
        if scores[f] == -math.inf:
            continue
        share = r1 if rank < num_key else r2
        for n in best(saliency[f], count(num_regions, share)):
            result[f, n] = 1
    return result


# -- Section 3.4: adaptive masked fusion --------------------------------------


def masked_attention(tokens, token_marks, weights, num_heads):
    """Eqs 9–12: K×C, K → K×C, with every attention map materialised."""
    size, channels = tokens.shape
    dim = channels // num_heads
    mask = np.outer(token_marks, token_marks)  # eq. 9
    projected = np.stack(
        [linear(x, weights['qkv.weight'], weights['qkv.bias']) for x in tokens]
    )
    q, k, v = np.split(projected, 3, axis=1)  # eq. 10
    joined = np.zeros((size, channels))
    for head in range(num_heads):
        part = slice(head * dim, (head + 1) * dim)
        for i in range(size):
            row = [
                q[i, part] @ k[j, part] / math.sqrt(dim) if mask[i, j] else -math.inf
                for j in range(size)
            ]  # eq. 11
            weight = softmax(row) * mask[i]
            for j in range(size):
                joined[i, part] += weight[j] * v[j, part]  # eq. 12
    return np.stack(
        [linear(x, weights['proj.weight'], weights['proj.bias']) for x in joined]
    )


def sub(weights, prefix):
    return {
        name[len(prefix) :]: value
        for name, value in weights.items()
        if name.startswith(prefix)
    }


def residual_attention(x, token_marks, weights, num_heads):
    normed = np.stack(
        [layer_norm(t, weights['norm1.weight'], weights['norm1.bias']) for t in x]
    )
    return x + masked_attention(normed, token_marks, sub(weights, 'attn.'), num_heads)


def local_class_token(cls_token, patches, region_marks, weights, num_heads):
    """Eqs 13–14: mean of the class tokens of the frames that keep some."""
    found = []
    for tokens, frame_marks in zip(patches, region_marks):
        if not frame_marks.any():
            continue
        local = np.concatenate([cls_token[None], tokens])  # eq. 14
        out = residual_attention(
            local, np.concatenate([[1.0], frame_marks]), weights, num_heads
        )
        found.append(out[0])
    return sum(found) / len(found)


def fusion(
    cls_token,
    patches,
    region_marks,
    weights,
    num_heads,
    mask_attention=True,
    mask_mlp=True,
):
    """Eqs 9–16: C, F×N×C, F×N → class token C, regions F×N×C."""
    attention_marks = region_marks if mask_attention else np.ones_like(region_marks)
    kept_frames = [f for f in range(len(patches)) if region_marks[f].any()]
    local = local_class_token(
        cls_token,
        patches[kept_frames],
        attention_marks[kept_frames],
        weights,
        num_heads,
    )
    x = np.concatenate([local[None], patches.reshape(-1, patches.shape[-1])])
    x = residual_attention(
        x, np.concatenate([[1.0], attention_marks.reshape(-1)]), weights, num_heads
    )  # eq. 15
    if mask_mlp:
        x = x * np.concatenate([[1.0], region_marks.reshape(-1)])[:, None]
    out = np.zeros_like(x)
    for i, token in enumerate(x):  # eq. 16 above
        hidden = layer_norm(token, weights['norm2.weight'], weights['norm2.bias'])
        hidden = gelu(
            linear(hidden, weights['mlp.fc1.weight'], weights['mlp.fc1.bias'])
        )
        out[i] = token + linear(
            hidden, weights['mlp.fc2.weight'], weights['mlp.fc2.bias']
        )
    return out[0], out[1:].reshape(patches.shape)


# -- Section 3.5: self-distillation -------------------------------------------


def cross_entropy(logits, label):
    """Eq. 17."""
    return -math.log(softmax(logits)[label])


def region_distillation(teacher, student, region_marks):
    """Eq. 18: F×N×C, F×N×C, F×N; mean over the channels."""
    total = 0.0
    for f in range(region_marks.shape[0]):
        for n in range(region_marks.shape[1]):
            total += region_marks[f, n] * np.mean((teacher[f, n] - student[f, n]) ** 2)
    return total / region_marks.sum()


def kl_divergence(teacher_logits, student_logits):
    """Eq. 19."""
    teacher, student = softmax(teacher_logits), softmax(student_logits)
    return sum(t * math.log(t / s) for t, s in zip(teacher, student))


def joint_loss(ce, distill, kl, balance):
    """Eq. 20."""
    return ce + balance * distill + (1 - balance) * kl
