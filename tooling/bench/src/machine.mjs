import { availableParallelism, cpus } from "node:os";
import { bench } from "./contestants.mjs";

/** The processor. */
export const cpu = () => cpus()[0]?.model.replace(/\s+/g, " ").trim() || process.arch;

/**
 * What runs here: the machine, Node, and how muladd computes on them.
 * @param {import("./options.mjs").Options} options
 */
export async function machine({ threads, wide }) {
  const { backend } = await bench("step", { seconds: 1e-9, threads, wide }, "tiny");
  return {
    title: `muladd ${backend.variant} on ${cpu()}, ${availableParallelism()} cores, Node ${process.versions.node}`,
    node: process.versions.node,
    variant: backend.variant,
    notes: backend.notes,
  };
}
