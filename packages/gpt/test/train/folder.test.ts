import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeFolder } from "../../src/train/index.ts";
import { temporary } from "./tiny.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("nodeFolder", () => {
  test("is made when it is first written to", async () => {
    await using place = await temporary();
    const { folder, root } = place;
    expect(await folder.read("a/b.txt")).toBeUndefined();
    expect(await folder.list("")).toEqual([]);
    await expect(stat(root)).rejects.toThrow("ENOENT");
    await folder.write("a/b.txt", bytes("hello"));
    expect(await readFile(join(root, "a", "b.txt"), "utf8")).toBe("hello");
    expect(new TextDecoder().decode(await folder.read("a/b.txt"))).toBe("hello");
  });

  test("replaces a file whole, and leaves no other behind", async () => {
    await using place = await temporary();
    const { folder, root } = place;
    await folder.write("a.txt", bytes("a long text"));
    await folder.write("a.txt", bytes("short"));
    expect(await readFile(join(root, "a.txt"), "utf8")).toBe("short");
    expect(await readdir(root)).toEqual(["a.txt"]);
  });

  test("lists files in order, without those that a killed write left", async () => {
    await using place = await temporary();
    const { folder, root } = place;
    for (const name of ["b", "c", "a"]) await folder.write(`x/${name}`, bytes(name));
    await writeFile(join(root, "x", "d.tmp"), "half");
    expect(await folder.list("x")).toEqual(["a", "b", "c"]);
  });

  test("a write that fails leaves the old file, and nothing else", async () => {
    await using place = await temporary();
    const { folder, root } = place;
    await mkdir(join(root, "x", "full"), { recursive: true }); // a rename onto a folder that is not empty fails
    await writeFile(join(root, "x", "full", "inside"), "");
    await expect(folder.write("x/full", bytes("new"))).rejects.toThrow();
    expect(await readdir(join(root, "x"))).toEqual(["full"]);
  });

  test("writes over what a killed write left", async () => {
    await using place = await temporary();
    const { folder, root } = place;
    await folder.write("a", bytes("old"));
    await writeFile(join(root, "a.tmp"), "half of something longer");
    await folder.write("a", bytes("new"));
    expect(await readFile(join(root, "a"), "utf8")).toBe("new");
    expect(await readdir(root)).toEqual(["a"]);
  });

  test("removes a file, and does not mind when there is none", async () => {
    await using place = await temporary();
    const { folder } = place;
    await folder.write("a", bytes("a"));
    await folder.remove("a");
    await folder.remove("a");
    expect(await folder.list("")).toEqual([]);
  });

  test("of a path that is a file has nothing in it", async () => {
    await using place = await temporary();
    await place.folder.write("file", bytes("text"));
    const inside = nodeFolder(join(place.root, "file"));
    expect(await inside.read("config.json")).toBeUndefined();
    expect(await inside.list("checkpoints")).toEqual([]);
    await expect(inside.write("config.json", bytes("x"))).rejects.toThrow();
  });
});
