import { COMPUTE_STAGE, SLOT_BYTES } from "./constants.ts";
import type { Failure } from "./failure.ts";
import { moduleText, type ParamType, type Program, signature } from "./program.ts";

/** What a dispatch of a program needs. */
export interface Compiled {
  readonly pipeline: GPUComputePipeline;
  readonly signature: string;
  readonly layout: GPUBindGroupLayout;
  readonly params: readonly ParamType[];
}

/** The compiled programs of one device. Layouts are explicit and shared, or Dawn compiles equal shaders anew. */
class Pipelines {
  readonly #device: GPUDevice;
  readonly #compiled = new Map<string, Compiled>();
  readonly #layouts = new Map<string, readonly [GPUBindGroupLayout, GPUPipelineLayout]>();
  created = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  get(program: Program, failure: Failure): Compiled {
    const text = moduleText(program);
    let compiled = this.#compiled.get(text);
    if (!compiled) {
      compiled = this.#compile(program, text, failure);
      this.#compiled.set(text, compiled);
    }
    return compiled;
  }

  #compile(program: Program, text: string, failure: Failure): Compiled {
    const device = this.#device;
    const key = signature(program);
    const [layout, pipelineLayout] = this.#layout(key);
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label: program.name, code: text });
    const pipeline = device.createComputePipeline({
      label: program.name,
      layout: pipelineLayout,
      compute: { module, entryPoint: "main" },
    });
    failure.watch(device.popErrorScope(), async ({ message }) => {
      const { messages } = await module.getCompilationInfo();
      const errors = messages.filter(({ type }) => type === "error");
      const said = errors.map((m) => `line ${m.lineNum}: ${m.message}`).join("; ") || message;
      return new Error(
        `webgpu: kernel "${program.name}" does not compile on this device: ${said}; report it with the adapter's name`,
      );
    });
    this.created++;
    return { pipeline, layout, signature: key, params: Object.values(program.params) };
  }

  #layout(key: string): readonly [GPUBindGroupLayout, GPUPipelineLayout] {
    const known = this.#layouts.get(key);
    if (known) return known;
    const entries: GPUBindGroupLayoutEntry[] = Array.from(key, (access, binding) => ({
      binding,
      visibility: COMPUTE_STAGE,
      buffer: { type: access === "r" ? "read-only-storage" : "storage" },
    }));
    entries.push({
      binding: key.length,
      visibility: COMPUTE_STAGE,
      buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: SLOT_BYTES },
    });
    const layout = this.#device.createBindGroupLayout({ entries });
    const made = [
      layout,
      this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    ] as const;
    this.#layouts.set(key, made);
    return made;
  }
}

const byDevice = new WeakMap<GPUDevice, Pipelines>();

/** Backends that share a device share what was compiled for it. */
export function pipelinesOf(device: GPUDevice): Pipelines {
  let pipelines = byDevice.get(device);
  if (!pipelines) {
    pipelines = new Pipelines(device);
    byDevice.set(device, pipelines);
  }
  return pipelines;
}

export type { Pipelines };
