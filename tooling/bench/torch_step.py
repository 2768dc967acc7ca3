"""What PyTorch takes on this machine: training steps of nanoGPT's model, and products of the shapes they have.

    python tooling/bench/torch_step.py --config nanogpt-cpu --threads 2 --seconds 4
    python tooling/bench/torch_step.py --sgemm --threads 1

Measures as `muladd bench` does: three runs to warm up, or one second of them, then rounds until the time is over, three at least.
Prints one line of JSON: {config, threads, medianMs, minMs, ...}, or {matmul: [{m, n, k, mode, gflops, bestGflops}], threads, ...}.
The model is nanoGPT's (https://github.com/karpathy/nanoGPT, MIT), rewritten: no biases, exact GELU, no dropout, tied head.
"""

import argparse
import json
import pathlib

import measure  # before torch: it reads what the libraries read when they load

import torch
import torch.nn as nn
from torch.nn import functional as F

CONFIGS = {
    "nanogpt-cpu": dict(layers=4, width=128, heads=4, context=64, batch=12, vocabulary=65),
    "baby-gpt": dict(layers=6, width=384, heads=6, context=256, batch=8, vocabulary=65),
    "gpt2-124m": dict(layers=12, width=768, heads=12, context=64, batch=4, vocabulary=50257),
}
SHAPES = json.loads(pathlib.Path(__file__).with_name("shapes.json").read_text())  # of `muladd bench matmul`


class LayerNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, None, 1e-5)


class CausalSelfAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = (y.view(b, t, self.heads, c // self.heads).transpose(1, 2) for y in self.qkv(x).split(c, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).contiguous().view(b, t, c))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = LayerNorm(width)
        self.attention = CausalSelfAttention(width, heads)
        self.norm2 = LayerNorm(width)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    def __init__(self, layers, width, heads, context, vocabulary):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.tokens.weight = self.head.weight
        for p in self.parameters():
            if p.dim() >= 2:
                nn.init.normal_(p, std=0.02)

    def forward(self, ids, targets):
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1], device=ids.device))
        for block in self.blocks:
            x = block(x)
        logits = self.head(self.norm(x))
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))


def step(name, seconds, fused, device, sizes):
    config = {**CONFIGS[name], **sizes}
    batch = config.pop("batch")
    model = GPT(**config).to(device)
    decayed = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), **({"fused": True} if fused else {}))

    def advance():
        ids = torch.randint(config["vocabulary"], (batch, config["context"] + 1), device=device)
        loss = model(ids[:, :-1], ids[:, 1:].contiguous())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss.item()

    (times,) = measure.rounds([advance], seconds)
    return dict(config=name, medianMs=measure.median(times), minMs=min(times), rounds=len(times))


def products(seconds, device, cubes):
    rows, bodies = [], []
    for m, n, k in [(n, n, n) for n in cubes] or SHAPES:
        for mode in ("NN", "NT", "TN"):
            a = torch.randn(k, m, device=device).t() if mode == "TN" else torch.randn(m, k, device=device)
            b = torch.randn(n, k, device=device).t() if mode == "NT" else torch.randn(k, n, device=device)
            out = torch.empty(m, n, device=device)
            bodies.append(lambda a=a, b=b, out=out: torch.mm(a, b, out=out))
            rows.append(dict(m=m, n=n, k=k, mode=mode))
    gpu = dict(settle=torch.cuda.synchronize, shortest=0.05) if device == "cuda" else {}  # as muladd on webgpu
    for row, times in zip(rows, measure.rounds(bodies, seconds, **gpu)):
        speed = lambda ms: 2 * row["m"] * row["n"] * row["k"] / ms / 1e6
        row.update(gflops=speed(measure.median(times)), bestGflops=speed(min(times)))
    return dict(matmul=rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", choices=CONFIGS, default="nanogpt-cpu")
    parser.add_argument("--sgemm", action="store_true", help="products instead of a step")
    parser.add_argument("--cubes", type=int, nargs="*", default=[], help="with --sgemm: products of these sizes")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--context", type=int)
    parser.add_argument("--fused", action="store_true", help="PyTorch's fused AdamW (default: its own default)")
    args = measure.arguments(parser)
    torch.set_num_threads(args.threads)
    torch.manual_seed(1337)
    with torch.set_grad_enabled(not args.sgemm):
        sizes = {name: value for name in ("batch", "context") if (value := getattr(args, name))}
        result = (
            products(args.seconds, args.device, args.cubes)
            if args.sgemm
            else step(args.config, args.seconds, args.fused, args.device, sizes)
        )
    measure.report(args, result)


if __name__ == "__main__":
    main()
