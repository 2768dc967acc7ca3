import { readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterEach, expect, it, vi } from "vitest";

const generated = new URL("../src/generated/", import.meta.url);
const names = readdirSync(generated).map((file) => file.replace(/\.ts$/, ""));
const load = (name: string): Promise<{ wasm: string }> =>
  import(/* @vite-ignore */ new URL(`${name}.ts`, generated).href);

afterEach(() => {
  vi.resetModules();
});

it("the base64 of each module is below 60 kB gzip", async () => {
  const sizes: Record<string, number> = {};
  for (const name of names) sizes[name] = gzipSync((await load(name)).wasm, { level: 9 }).length;
  console.info(`backend-wasm: gzip of base64, bytes: ${JSON.stringify(sizes)}`);
  expect(Object.keys(sizes)).toContain("simd");
  for (const [name, size] of Object.entries(sizes)) expect(size, name).toBeLessThan(60_000);
});

it("a backend loads the one module that it runs", async () => {
  const loaded: string[] = [];
  for (const name of names)
    vi.doMock(`../src/generated/${name}.ts`, async (actual) => {
      loaded.push(name);
      return await actual();
    });
  vi.resetModules();
  const { features, wasm } = await import("../src/index.ts");
  const open = async (options: Parameters<typeof wasm>[0]): Promise<string[]> => {
    loaded.length = 0;
    using _ = await wasm(options);
    return loaded;
  };
  expect(await open({ variant: "simd", threads: 1 })).toEqual(["simd"]);
  expect(await open({ variant: "simd", threads: 2 })).toEqual(["simdShared"]);
  if (features().relaxedSimd) expect(await open({ threads: 1 })).toEqual(["relaxed"]);
  if (features().memory64)
    expect(await open({ variant: "simd", threads: 1, maxBytes: 5e9 })).toEqual(["simd64"]);
  for (const name of names) vi.doUnmock(`../src/generated/${name}.ts`);
});
