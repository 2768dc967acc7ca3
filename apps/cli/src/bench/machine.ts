/** What a measurement was taken on. */
export interface Machine {
  readonly cpu: string;
  /** Logical processors that this process may use. */
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  readonly platform: string;
  readonly node: string;
  readonly v8: string;
}

/** This machine and this runtime. */
export function machine(): Machine {
  const os = process.getBuiltinModule("node:os");
  const model = os.cpus()[0]?.model.replace(/\s+/g, " ").trim();
  return {
    cpu: model || process.arch,
    cores: os.availableParallelism(),
    memory: os.totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    v8: process.versions.v8,
  };
}

/** "AMD EPYC 7543 · 2 cores · linux x64 · Node 20.20.2". */
export const describeMachine = ({ cpu, cores, platform, node }: Machine): string =>
  `${cpu} · ${cores} core${cores === 1 ? "" : "s"} · ${platform} · Node ${node}`;
