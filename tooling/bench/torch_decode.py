"""What transformers on PyTorch takes to write with GPT-2 124M on this machine: random weights, batch 1, float32, greedy, keys and values kept.

    python tooling/bench/torch_decode.py --threads 2 --seconds 10

Prints one line of JSON: {prefill, decode, ...} in tokens/s, measured as `muladd bench generate --preset gpt2` does: a prompt of 16
tokens and 48 after it, of which the first is not counted; and a prompt of 64.
"""

import argparse
import time

import measure  # before torch: it reads what the libraries read when they load

import torch
from transformers import GPT2Config, GPT2LMHeadModel

POSITIONS, PROMPT = 64, 16


def write(model, prompt, count):
    """Seconds until the first token, and for each one after it."""
    ids = torch.arange(prompt, device=model.device).view(1, -1) % model.config.vocab_size
    start = time.perf_counter()
    past, first = None, 0
    for _ in range(count):
        out = model(ids, past_key_values=past, use_cache=True, logits_to_keep=1)
        ids, past = out.logits[:, -1:].argmax(-1), out.past_key_values
        ids.item()
        first = first or time.perf_counter() - start
    return first, (time.perf_counter() - start - first) / max(count - 1, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args = measure.arguments(parser)
    torch.set_num_threads(args.threads)
    torch.manual_seed(1337)
    model = GPT2LMHeadModel(GPT2Config()).eval().to(args.device)
    prefill, decode = [], []
    with torch.inference_mode():
        write(model, PROMPT, POSITIONS - PROMPT)
        begun = time.perf_counter()
        while len(decode) < measure.MIN_ROUNDS or time.perf_counter() - begun < args.seconds:
            prefill.append(POSITIONS / write(model, POSITIONS, 1)[0])
            decode.append(1 / write(model, PROMPT, POSITIONS - PROMPT)[1])
    measure.report(args, dict(prefill=measure.median(prefill), decode=measure.median(decode), rounds=len(decode)))


if __name__ == "__main__":
    main()
