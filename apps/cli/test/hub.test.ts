import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { hubName, hubPlace } from "../src/hub/place.ts";
import { BLOB, files, place, SNAPSHOT, text, weights } from "./hub-place.ts";
import { COMMIT } from "./hub-server.ts";
import { temporaryFolder } from "./support.ts";

test("names of the hub, with and without revision", () => {
  expect(hubName("hf:org/tiny@v1")).toEqual({ name: "org/tiny", revision: "v1" });
  expect(hubName("openai-community/gpt2")).toEqual({
    name: "openai-community/gpt2",
    revision: "main",
  });
  expect(hubName("hf:gpt2")?.name).toBe("gpt2");
  expect(hubName("hf:org/tiny@refs/pr/1")?.revision).toBe("refs/pr/1");
  for (const no of [
    "gpt2",
    "./org/tiny",
    "../x",
    "hf:../x",
    "a/b/c",
    "hf:org/tiny@../../x",
    "hf:",
    "a b/c",
  ])
    expect(hubName(no), no).toBeUndefined();
});

test("the cache is where Hugging Face's own tools have it", () => {
  const cache = (env: Record<string, string>) => hubPlace({ env }).cache;
  expect(cache({ HOME: "/u" })).toBe("/u/.cache/huggingface/hub");
  expect(cache({ HOME: "/u", XDG_CACHE_HOME: "/x" })).toBe("/x/huggingface/hub");
  expect(cache({ HOME: "/u", HF_HOME: "/h" })).toBe("/h/hub");
  expect(cache({ HOME: "/u", HF_HOME: "/h", HF_HUB_CACHE: "/c" })).toBe("/c");
});

test("a token is HF_TOKEN's, else what a login left", () => {
  const HF_HOME = temporaryFolder();
  expect(hubPlace({ env: { HF_HOME } }).token).toBeUndefined();
  writeFileSync(join(HF_HOME, "token"), "hf_file\n");
  expect(hubPlace({ env: { HF_HOME } }).token).toBe("hf_file");
  expect(hubPlace({ env: { HF_HOME, HF_TOKEN: "hf_env" } }).token).toBe("hf_env");
});

test("a model comes into the cache: what it needs, each blob by its hash, linked from the snapshot", async () => {
  const { get, cache, server } = await place();
  const folder = await get();
  expect(folder).toBe(join(cache, SNAPSHOT));
  const names = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json"];
  expect(readdirSync(folder)).toEqual(names);
  expect(readFileSync(join(folder, "model.safetensors"))).toEqual(Buffer.from(weights));
  expect(lstatSync(join(folder, "config.json")).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(cache, "models--org--tiny/refs/main"), "utf8")).toBe(COMMIT);
  // What git and sha256sum say of these files.
  expect(readdirSync(join(cache, BLOB))).toHaveLength(names.length);
  expect(
    readdirSync(join(cache, BLOB)).every((name) => /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(name)),
  ).toBe(true);
  const asked = server.requests.length;
  expect(await get()).toBe(folder);
  expect(server.requests).toHaveLength(asked);
});

test("without safetensors, the pickle is taken; of shards, all", async () => {
  const { "model.safetensors": _, ...pickled } = files;
  const one = await place({}, pickled);
  expect(readdirSync(await one.get())).toContain("pytorch_model.bin");
  const shards = {
    "config.json": files["config.json"],
    "model.safetensors.index.json": text("{}"),
    "model-00001-of-00002.safetensors": weights.slice(0, 2000),
    "model-00002-of-00002.safetensors": weights.slice(2000, 4000),
    "pytorch_model.bin": weights,
  };
  const two = await place({}, shards);
  expect(readdirSync(await two.get())).toEqual(Object.keys(shards).slice(0, 4).sort());
  const { "model-00002-of-00002.safetensors": gone, ...lacking } = shards;
  const { "pytorch_model.bin": __, ...bare } = lacking;
  expect(await (await place({}, bare)).fails()).toContain(
    "org/tiny holds no model that can be read\n",
  );
});

test("for a plan, config.json alone is fetched", async () => {
  const { get, server } = await place();
  const folder = await get("hf:org/tiny@v1", { needs: "config" });
  expect(readdirSync(folder)).toEqual(["config.json"]);
  expect(server.requests.filter((r) => r.includes("resolve"))).toHaveLength(1);
});

test("a cut is mended at once, from where it came", async () => {
  const { get, server } = await place();
  server.faults.cut = { path: "model.safetensors", after: 100_000, times: 2 };
  const folder = await get();
  expect(readFileSync(join(folder, "model.safetensors"))).toEqual(Buffer.from(weights));
  const ranges = server.requests.filter((r) => r.includes("model.safetensors"));
  const starts = ranges.map((r) => Number(/bytes=(\d+)-/.exec(r)?.[1]));
  expect(starts[0]).toBe(0);
  expect(starts.at(-1)).toBeGreaterThan(0);
  // Of what was sent before a cut, all that had arrived.
  for (const [i, start] of starts.entries())
    expect(start - (starts[i - 1] ?? 0)).toSatisfy((came: number) => came >= 0 && came <= 100_000);
});

test("what was cut for good is gone on with by the next command", async () => {
  const { get, fails, server, cache } = await place();
  server.faults.ends = { path: "model.safetensors", at: 100_000 };
  expect(await fails()).toMatch(
    /^model\.safetensors was cut at 100 kB of 300 kB\n.*\nwhat has come is kept\nthe same command again: it goes on from there$/,
  );
  const partial = readdirSync(join(cache, BLOB)).filter((name) => name.endsWith(".incomplete"));
  expect(partial).toHaveLength(1);
  expect(await fails("org/tiny", { offline: true })).toContain("org/tiny (in part)");
  delete server.faults.ends;
  server.requests.length = 0;
  const folder = await get();
  expect(readFileSync(join(folder, "model.safetensors"))).toEqual(Buffer.from(weights));
  expect(server.requests.filter((r) => r.includes("resolve"))).toEqual([
    `GET /org/tiny/resolve/${COMMIT}/model.safetensors bytes=100000-`,
  ]);
});

test("a server without ranges is begun with anew, and a partial file that is too long as well", async () => {
  const { get, server, cache } = await place();
  server.faults.cut = { path: "model.safetensors", after: 100_000, times: 1 };
  server.faults.noRanges = true;
  expect(readFileSync(join(await get(), "model.safetensors"))).toEqual(Buffer.from(weights));
  const other = await place();
  const [blob] = readdirSync(join(cache, BLOB)).filter((name) => name.length === 64);
  mkdirSync(join(other.cache, BLOB), { recursive: true });
  writeFileSync(join(other.cache, BLOB, `${blob}.incomplete`), new Uint8Array(400_000));
  expect(readFileSync(join(await other.get(), "model.safetensors"))).toEqual(Buffer.from(weights));
});

test.each(["model.safetensors", "config.json"])(
  "%s with another checksum is thrown away",
  async (path) => {
    const { fails, get, server, cache } = await place();
    server.faults.tampered = path;
    const kind = path === "config.json" ? "git" : "sha256";
    expect(await fails()).toMatch(
      new RegExp(
        `^${path} is damaged: its ${kind} checksum differs\nexpected [0-9a-f]+\nfound    [0-9a-f]+\nfrom     http`,
      ),
    );
    expect(readdirSync(join(cache, BLOB)).filter((name) => name.endsWith(".incomplete"))).toEqual(
      [],
    );
    expect(existsSync(join(cache, SNAPSHOT, path))).toBe(false);
    delete server.faults.tampered;
    expect(readdirSync(await get())).toContain(path);
  },
);

test("a token goes to the hub, and to no other host", async () => {
  const { get, server } = await place({ HF_TOKEN: "hf_secret" });
  server.faults.token = "hf_secret";
  expect(readdirSync(await get())).toContain("model.safetensors");
  expect(server.leaked).toEqual([]);
});

test("401, 403, 404 and 503 say what to do", async () => {
  const plain = await place();
  plain.server.faults.token = "hf_secret";
  const anonymous = await plain.fails();
  expect(anonymous).toContain("does not show org/tiny to everyone\n");
  expect(anonymous).toContain("HF_TOKEN with a token of http");
  const known = await place({ HF_TOKEN: "hf_wrong" });
  known.server.faults.token = "hf_secret";
  expect(await known.fails()).toContain("does not accept the token for org/tiny\n");
  known.server.faults.refuse = [403, "GatedRepo"];
  expect(await known.fails()).toMatch(
    /its licence must be accepted first\naccept it at http.*\/org\/tiny$/,
  );

  delete plain.server.faults.token;
  expect(await plain.fails("hf:org/other")).toMatch(/^there is no model org\/other at http/);
  expect(await plain.fails("hf:org/tiny@v9")).toMatch(/^org\/tiny has no revision v9\n/);
  plain.server.faults.refuse = [503, ""];
  expect(await plain.fails()).toContain("answers 503");
});

test("without network, the cache serves what it has, and says what that is", async () => {
  const { get, fails, server, io, cache } = await place();
  const folder = await get();
  await server.close();
  expect(await get()).toBe(folder);
  expect(await get("org/tiny", { offline: true })).toBe(folder);
  expect(await get("org/tiny", { refresh: true })).toBe(folder);
  expect(io.err).toContain("cannot be reached; the cache has org/tiny\n");
  const other = await fails("org/other");
  expect(other).toContain(
    `org/other is not in the cache, and ${server.endpoint} cannot be reached\nECONNREFUSED`,
  );
  expect(other).toContain(`${cache} has org/tiny\n`);
  expect(await fails("org/other", { offline: true })).toContain("--offline is given\n");
  const empty = await place({ HF_HUB_OFFLINE: "1" });
  expect(await empty.fails()).toContain(`HF_HUB_OFFLINE is set\n${empty.cache} has no model\n`);
  expect(empty.server.requests).toEqual([]);
});

test("Ctrl-C keeps what has come", async () => {
  const { io, fails, server, cache } = await place();
  server.faults.ends = { path: "model.safetensors", at: 100_000 };
  const failed = fails();
  while (!server.requests.some((r) => r.includes("model.safetensors")))
    await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 10));
  io.signal("SIGINT");
  expect(await failed).toMatch(/^org\/tiny is here in part\nwhat has come is kept\n/);
  const [partial] = readdirSync(join(cache, BLOB)).filter((name) => name.endsWith(".incomplete"));
  expect(lstatSync(join(cache, BLOB, partial!)).size).toBeGreaterThan(0);
});

const oid = "a".repeat(40);
test.each([
  [{ commit: "../../../../project" }, "the commit of org/tiny@main"],
  [{ entry: { oid: "../../x" } }, "the git hash of org/tiny/config.json"],
  [{ entry: { oid, lfs: { oid } } }, "the sha256 hash of org/tiny/config.json"],
  [{ entry: { size: -1 } }, "the size of org/tiny/config.json"],
  [{ entry: { size: 2 ** 53 } }, "the size of org/tiny/config.json"],
  [{ entry: { path: "../../../../project/config.json" } }, "the name of a file of org/tiny"],
  [{ entry: { path: "/config.json" } }, "the name of a file of org/tiny"],
])("a server that answers %j is not believed, and nothing is written", async (faults, what) => {
  const { fails, server, cache } = await place();
  Object.assign(server.faults, faults);
  const [message, why, remedy] = (await fails()).split("\n");
  expect(message).toBe(`${server.endpoint} does not answer as a hub does`);
  expect(why).toContain(`${what} cannot be `);
  expect(remedy).toBe("HF_ENDPOINT with another mirror, or without it");
  expect(existsSync(cache)).toBe(false);
});

test("what came before a cut needs no room on the disk again", async () => {
  const { get, fails, server, cache } = await place();
  server.faults.ends = { path: "model.safetensors", at: 100_000 };
  await fails();
  delete server.faults.ends;
  let room = 199_999;
  const { statfs } = promises;
  const free = { bsize: 1, bavail: 0 };
  vi.spyOn(promises, "statfs").mockImplementation(async (path) => {
    return Object.assign(await statfs(path), { ...free, bavail: room });
  });
  syncBuiltinESMExports();
  onTestFinished(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  });
  expect(await fails()).toContain("org/tiny needs 200 kB more on the disk of");
  room = 200_000;
  expect(readdirSync(await get())).toContain("model.safetensors");
  // What is too long is begun anew, and takes no room from the other files.
  const blobs = join(cache, BLOB);
  const [blob] = readdirSync(blobs).filter((name) => name.length === 64);
  rmSync(blobs, { recursive: true });
  mkdirSync(blobs);
  writeFileSync(join(blobs, `${blob}.incomplete`), new Uint8Array(400_000));
  room = 0;
  expect(await fails()).toContain("org/tiny needs 43 B more on the disk of");
});

test("progress tells bytes, speed and the time left", async () => {
  const { io, get } = await place();
  await get();
  expect(io.err).toMatch(/^fetching org\/tiny: /);
});
