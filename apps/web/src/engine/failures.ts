import type { Failure } from "./protocol.ts";

/** By its name: backend-webgpu is loaded only where it is tried. */
export const isDeviceLost = (error: unknown): boolean =>
  error instanceof Error && error.name === "DeviceLostError";

/** An error of any package as a page shows it. Their messages end in "; " and the remedy. */
export function failureOf(error: unknown, savedStep?: number): Failure {
  const e = error instanceof Error ? error : new Error(String(error));
  const { remedy, largestBatch } = e as { remedy?: unknown; largestBatch?: unknown };
  const cut = e.message.lastIndexOf("; ");
  const told = typeof remedy === "string" ? remedy : cut > 0 ? e.message.slice(cut + 2) : undefined;
  const message =
    told && e.message.endsWith(`; ${told}`) ? e.message.slice(0, -told.length - 2) : e.message;
  return {
    name: e.name,
    message,
    ...(told ? { remedy: told } : {}),
    ...(typeof largestBatch === "number" ? { largestBatch } : {}),
    ...(savedStep === undefined ? {} : { savedStep }),
  };
}
