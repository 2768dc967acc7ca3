import { BackendUnavailable } from "@muladd/tensor";

/** What an adapter is and offers. Sizes in bytes. */
export interface Facts {
  readonly vendor: string;
  readonly architecture: string;
  /** The driver's words; browsers leave it empty. */
  readonly description: string;
  /** A CPU posing as a GPU (SwiftShader, lavapipe, WARP): barriers are dear there, so kernels without any are chosen. */
  readonly software: boolean;
  readonly f16: boolean;
  readonly subgroups: boolean;
  readonly timestamps: boolean;
  /** Of a subgroup; 0 where it is not told. */
  readonly minSubgroup: number;
  readonly maxSubgroup: number;
  readonly maxBufferBytes: number;
  readonly maxBindingBytes: number;
  readonly maxWorkgroupBytes: number;
  readonly maxWorkgroupLanes: number;
}

/** A device with all that its adapter has to give. `gpu` is held because a Dawn device dies with what made it. */
export interface Opened {
  readonly gpu: GPU | undefined;
  readonly device: GPUDevice;
  readonly facts: Facts;
}

const FEATURES = ["shader-f16", "subgroups", "timestamp-query"] as const;
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
] as const;

/**
 * What the adapter that webgpu() would take is and offers; opens no device. Throws BackendUnavailable, with the reason and the
 * remedy, where there is no WebGPU or no adapter.
 */
export async function adapterFacts(
  options: { readonly gpu?: GPU; readonly powerPreference?: GPUPowerPreference } = {},
): Promise<Facts> {
  const { gpu, adapter } = await findAdapter(options.gpu, options.powerPreference ?? PREFERRED);
  return factsOf(adapter, gpu, adapter.info);
}

export const PREFERRED: GPUPowerPreference = "high-performance";

async function findAdapter(
  given: GPU | undefined,
  powerPreference: GPUPowerPreference,
): Promise<{ gpu: GPU; adapter: GPUAdapter }> {
  const gpu = given ?? pageGPU() ?? (await nodeGPU());
  const adapter = await gpu.requestAdapter({ powerPreference });
  if (!adapter) throw new BackendUnavailable("webgpu", "there is no adapter", adapterRemedy());
  return { gpu, adapter };
}

const opened = new WeakMap<GPUDevice, Opened>();

/** What is known of a device that another backend opened, or a page. */
export const openedWith = (device: GPUDevice, gpu: GPU | undefined): Opened =>
  opened.get(device) ?? {
    gpu,
    device,
    facts: factsOf(device, gpu ?? pageGPU(), device.adapterInfo),
  };

/** Throws BackendUnavailable, with the reason and the remedy, where there is no WebGPU, no adapter or no device. */
export async function openDevice(
  given: GPU | undefined,
  powerPreference: GPUPowerPreference,
): Promise<Opened> {
  const { gpu, adapter } = await findAdapter(given, powerPreference);
  const features: ReadonlySet<string> = adapter.features;
  try {
    const device = await adapter.requestDevice({
      label: "muladd",
      // lib.dom lags behind the features that engines have
      requiredFeatures: FEATURES.filter((f) => features.has(f)) as GPUFeatureName[],
      requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
    });
    const made: Opened = { gpu, device, facts: factsOf(device, gpu, adapter.info) };
    opened.set(device, made);
    return made;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BackendUnavailable(
      "webgpu",
      `the adapter gave no device (${reason})`,
      "close other programs that use the GPU, update its driver, or use another backend",
    );
  }
}

/** The facts of an adapter, or of a device as it was granted, which may be less than its adapter has. */
function factsOf(
  device: Pick<GPUDevice, "features" | "limits">,
  gpu: GPU | undefined,
  info: GPUAdapterInfo,
): Facts {
  const features: ReadonlySet<string> = device.features;
  const language: ReadonlySet<string> = gpu?.wgslLanguageFeatures ?? new Set();
  const { limits } = device;
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    description: info.description,
    software: info.isFallbackAdapter,
    f16: features.has("shader-f16"),
    // Without the subgroup's number in the language, which lanes form one is anybody's guess.
    subgroups: features.has("subgroups") && language.has("subgroup_id"),
    timestamps: features.has("timestamp-query"),
    minSubgroup: info.subgroupMinSize ?? 0,
    maxSubgroup: info.subgroupMaxSize ?? 0,
    maxBufferBytes: limits.maxBufferSize,
    maxBindingBytes: limits.maxStorageBufferBindingSize,
    maxWorkgroupBytes: limits.maxComputeWorkgroupStorageSize,
    maxWorkgroupLanes: Math.min(
      limits.maxComputeInvocationsPerWorkgroup,
      limits.maxComputeWorkgroupSizeX,
    ),
  };
}

const pageGPU = (): GPU | undefined => globalThis.navigator?.gpu;

// One for the process: a device dies with the instance that made it.
let instance: Promise<GPU> | undefined;

const inNode = (): boolean => typeof process === "object" && Boolean(process.versions?.node);

function nodeGPU(): Promise<GPU> {
  if (!inNode())
    throw new BackendUnavailable(
      "webgpu",
      globalThis.isSecureContext === false
        ? "a page that is not served over https has no WebGPU"
        : "this browser has no WebGPU",
      globalThis.isSecureContext === false
        ? "serve it over https, or from localhost"
        : "use Chrome or Edge 113, Safari 26 or Firefox 141 or later, or another backend",
    );
  instance ??= loadDawn();
  instance.catch(() => {
    instance = undefined;
  });
  return instance;
}

async function loadDawn(): Promise<GPU> {
  const name = "webgpu"; // not a literal, so that bundlers for browsers leave it alone
  let dawn: { create(options: readonly string[]): GPU };
  try {
    dawn = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  } catch (cause) {
    const { code, message } = cause as { code?: string; message?: string };
    throw new BackendUnavailable(
      "webgpu",
      code === "ERR_MODULE_NOT_FOUND"
        ? "Node has no WebGPU of its own, and the npm package webgpu is not installed"
        : `the npm package webgpu did not load (${message})`,
      "run `npm install webgpu`, or use another backend",
    );
  }
  return dawn.create([
    // Else the profiler's times are rounded to 0.1 ms.
    "disable-dawn-features=timestamp_quantization",
    // Kernels write workgroup memory before they read it; clearing it first takes SwiftShader 0.6 s to compile for 8 KB.
    "enable-dawn-features=disable_workgroup_init",
  ]);
}

function adapterRemedy(): string {
  if (!inNode())
    return "turn hardware acceleration on in the browser's settings, or use another backend";
  if (process.platform !== "linux") return "update the graphics driver, or use another backend";
  return (
    "install the GPU's Vulkan driver and libvulkan1, or for a software adapter point VK_DRIVER_FILES at its " +
    "ICD file (Debian's chromium has /usr/lib/chromium/vk_swiftshader_icd.json), or use another backend"
  );
}
