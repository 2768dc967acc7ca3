import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
// `prepack` copies it; left there, it would be served in place of a newer build.
afterAll(() => rmSync(at("../web"), { recursive: true, force: true }));

// What `pnpm run build` makes, as before a release; `npm test` makes it first.
test("the packed command holds the web app, with its headers and nothing of the repository", () => {
  if (!existsSync(at("../../web/dist/index.html")))
    throw new Error("the web app is not built; run: pnpm --filter web build");
  const json = execFileSync("npm", ["pack", "--dry-run", "--json", "--loglevel=silent"], {
    cwd: at(".."),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [{ files }] = JSON.parse(json.slice(json.indexOf("["))) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path);
  for (const path of ["bin/muladd.js", "web/index.html", "web/_headers", "web/sw.js"])
    expect(paths).toContain(path);
  expect(paths.filter((path) => /^web\/assets\/engine\/.*\.js$/.test(path)).length).toBeGreaterThan(
    5,
  );
  expect(paths.filter((path) => /\.vite|^src|^test/.test(path))).toEqual([]);
});
