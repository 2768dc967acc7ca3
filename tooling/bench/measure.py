"""How the scripts beside this one measure and report: as `muladd bench` does (apps/cli/src/bench/rounds.ts)."""

import json
import math
import os
import resource
import sys
import time

if "--avx2" in sys.argv:  # read when the libraries load
    os.environ.update(MKL_ENABLE_INSTRUCTIONS="AVX2", ONEDNN_MAX_CPU_ISA="AVX2", ATEN_CPU_CAPABILITY="avx2")

WARM_UP, MIN_ROUNDS, MAX_ROUNDS, SHORTEST = 3, 3, 200, 0.004


def median(values):
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def rounds(bodies, seconds, settle=lambda: None, shortest=SHORTEST):
    """Milliseconds of each body in interleaved rounds, after a warm-up; short ones are repeated until a clock can tell.
    `settle` waits for a device."""
    repeats = []
    for body in bodies:
        begun, runs, took = time.perf_counter(), 0, math.inf
        while runs == 0 or (runs < WARM_UP and time.perf_counter() - begun < 1):
            start = time.perf_counter()
            body()
            settle()
            took = time.perf_counter() - start
            runs += 1
        repeats.append(max(1, math.ceil(shortest / max(took, 1e-6))))
    times = [[] for _ in bodies]
    started = time.perf_counter()
    for done in range(MAX_ROUNDS):
        if done >= MIN_ROUNDS and time.perf_counter() - started > seconds:
            break
        for body, repeat, seen in zip(bodies, repeats, times):
            start = time.perf_counter()
            for _ in range(repeat):
                body()
            settle()
            seen.append((time.perf_counter() - start) / repeat * 1000)
    return times


def arguments(parser):
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seconds", type=float, default=10, help="time for all rounds, warm-up not counted")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--avx2", action="store_true", help="keep PyTorch to 256-bit vectors, which is what WebAssembly can reach")
    return parser.parse_args()


def report(args, result):
    import torch

    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    about = dict(
        torch=torch.__version__,
        capability=torch.backends.cpu.get_cpu_capability(),
        threads=args.threads,
        residentBytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
    )
    print(json.dumps({**about, **result}))
