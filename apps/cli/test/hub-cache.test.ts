import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BLOB, files, place } from "./hub-place.ts";
import { COMMIT, type HubServer } from "./hub-server.ts";

test("main stands for the older whole model until the newer one's weights are here", async () => {
  const { get, fails, server, cache } = await place();
  const older = await get();
  const newer = "f".repeat(40);
  server.faults.commit = newer;
  const config = await get("org/tiny", { needs: "config", refresh: true });
  expect(config).toBe(join(cache, "models--org--tiny/snapshots", newer));
  expect(await get("org/tiny", { offline: true })).toBe(older);
  rmSync(join(cache, BLOB), { recursive: true });
  server.faults.ends = { path: "model.safetensors", at: 100_000 };
  expect(await fails("org/tiny", { refresh: true })).toContain("was cut at");
  delete server.faults.ends;
  expect(await get("org/tiny", { refresh: true })).toBe(config);
  expect(await get("org/tiny", { offline: true })).toBe(config);
});

/** Leaves in the cache what Python's AutoModelForCausalLM.from_pretrained fetches of `files`. */
async function weightsAlone(given?: Record<string, Uint8Array>) {
  const at = await place({}, given);
  const folder = await at.get();
  for (const name of ["tokenizer.json", "generation_config.json"])
    rmSync(join(folder, name), { force: true });
  rmSync(join(at.cache, "models--org--tiny/.no_exist"), { recursive: true, force: true });
  at.server.requests.length = 0;
  return { ...at, folder };
}
const listings = ({ requests }: HubServer) => requests.filter((r) => r.includes("/tree/")).length;

test("weights that Python fetched without their tokenizer get it, of the commit that is here", async () => {
  const { get, server, folder, cache } = await weightsAlone();
  // Copies, as where links are not allowed.
  rmSync(join(cache, BLOB), { recursive: true });
  for (const name of readdirSync(folder)) {
    rmSync(join(folder, name));
    writeFileSync(join(folder, name), files["config.json"]);
  }
  expect(await get("org/tiny", { offline: true })).toBe(folder);
  expect(listings(server)).toBe(0);
  expect(await get()).toBe(folder);
  expect(readFileSync(join(folder, "tokenizer.json"))).toEqual(Buffer.from("{}"));
  expect(readdirSync(folder)).toContain("generation_config.json");
  expect(server.requests.filter((r) => r.includes("model.safetensors"))).toEqual([]);
  expect(await get()).toBe(folder);
  expect(listings(server)).toBe(1);
});

test("a repository without a tokenizer is asked for it once", async () => {
  const { "config.json": config, "model.safetensors": model } = files;
  const { get, server, folder, cache } = await weightsAlone({
    "config.json": config,
    "model.safetensors": model,
  });
  for (const _ of [1, 2]) expect(await get()).toBe(folder);
  expect(listings(server)).toBe(1);
  expect(readdirSync(join(cache, "models--org--tiny/.no_exist", COMMIT))).toEqual([
    "generation_config.json",
    "merges.txt",
    "tokenizer.json",
    "vocab.json",
  ]);
});

test("without network, or without leave, weights without a tokenizer are what there is", async () => {
  const { get, server, folder, io } = await weightsAlone();
  server.faults.refuse = [403, "GatedRepo"];
  expect(await get()).toBe(folder);
  expect(io.err).toContain("does not give org/tiny to you\n");
  await server.close();
  expect(await get()).toBe(folder);
  expect(io.err).toMatch(
    /note: org\/tiny is in the cache without generation_config\.json, tokenizer\.json, .*; not fetched: ECONNREFUSED/,
  );
});
