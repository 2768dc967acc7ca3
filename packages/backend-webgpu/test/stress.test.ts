import { stress } from "@muladd/conformance";
import { expect, it } from "vitest";
import { onShared } from "./harness.ts";

/** MULADD_STRESS_SEED=7 tries other shapes. */
const seed = Number(process.env.MULADD_STRESS_SEED ?? 1);
const CASES = 250;

it(`250 random shapes: every form as the float64 oracle (seed ${seed})`, async () => {
  using serial = await onShared({ serial: true });
  using barriers = await onShared({ serial: false, subgroups: false });
  using subgroups = await onShared({ serial: false, subgroups: true });
  // Each a group of its own: their sums have different orders.
  const groups = [
    { "without barriers": serial },
    { "with barriers": barriers },
    { "with subgroups": subgroups },
  ];
  await stress(groups, { seed, cases: CASES, finite: true });
  for (const group of groups)
    for (const backend of Object.values(group)) expect(backend.memory.buffers).toBe(0);
}, 300_000);
