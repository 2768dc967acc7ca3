import { here, run } from "./children.mjs";

const PROBE = `
import json, importlib.util, torch
print(json.dumps(dict(torch=torch.__version__, capability=torch.backends.cpu.get_cpu_capability(),
    transformers=importlib.util.find_spec("transformers") is not None,
    cuda=torch.cuda.get_device_name() if torch.cuda.is_available() else None)))`;

/**
 * @typedef {object} Python
 * @property {string} program
 * @property {string} torch its version
 * @property {string} capability the widest vectors that PyTorch uses by itself, such as "AVX512"
 * @property {string | null} cuda the GPU that PyTorch sees
 * @property {boolean} transformers whether it is installed
 */

/**
 * A Python with PyTorch: MULADD_PYTHON, else python3.
 * @returns {Promise<Python | undefined>}
 */
export async function findPython() {
  const program = process.env.MULADD_PYTHON || "python3";
  try {
    const { code, out } = await run(program, ["-c", PROBE], "pipe");
    return code === 0 ? { program, ...JSON.parse(out) } : undefined;
  } catch {
    return undefined; // there is no such program
  }
}

const VENV = `python3 -m venv .venv && .venv/bin/pip install -r tooling/bench/requirements.txt`;

export const missingTorch = `no Python with PyTorch: ${VENV}, then set MULADD_PYTHON=.venv/bin/python`;
export const missingTransformers = `no transformers in that Python: ${VENV}, then set MULADD_PYTHON=.venv/bin/python`;

/** @param {string} name */
export const script = (name) => `${here}/${name}`;
