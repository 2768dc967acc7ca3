import { BackendUnavailable } from "@muladd/tensor";
import { expect, it } from "vitest";
import { adapterFacts, webgpu } from "../src/index.ts";

// A system without an adapter; wgslLanguageFeatures as every implementation has them.
const empty: GPU = {
  requestAdapter: async () => null,
  getPreferredCanvasFormat: () => "bgra8unorm",
  wgslLanguageFeatures: new Set<string>(),
};

it("says that there is no adapter, and what to install", async () => {
  for (const opening of [webgpu({ gpu: empty }), adapterFacts({ gpu: empty })]) {
    const error: unknown = await opening.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BackendUnavailable);
    expect(error).toMatchObject({ backend: "webgpu", remedy: expect.stringContaining("driver") });
    expect(String(error)).toContain("webgpu: there is no adapter; ");
  }
});

it.each([0, -1, Number.NaN])("refuses maxBytes %d", async (maxBytes) => {
  await expect(webgpu({ gpu: empty, maxBytes })).rejects.toThrow(
    `webgpu: maxBytes ${maxBytes} is not a positive number`,
  );
});
