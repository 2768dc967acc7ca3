import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { serveCommand } from "../src/verbs/serve.ts";
import { muladd, type TestIO, temporaryFolder, testIO } from "./support.ts";

/** A folder as `pnpm --filter web build` makes it, with something beside it that nobody may read. */
function site(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "secret.txt"), "secret");
  const root = join(folder, "web");
  mkdirSync(join(root, "assets"), { recursive: true });
  writeFileSync(join(root, "index.html"), "<!doctype html><title>app</title>");
  writeFileSync(join(root, "assets", "app-1234.js"), "export {}");
  writeFileSync(
    join(root, "_headers"),
    "/*\n  Cross-Origin-Opener-Policy: same-origin\n  Content-Security-Policy: default-src 'self'\n",
  );
  symlinkSync(join(folder, "secret.txt"), join(root, "link.txt"));
  return root;
}

async function served(
  root: string,
  ...args: string[]
): Promise<{ io: TestIO; ended: Promise<unknown>; url: string }> {
  const io = testIO();
  const ended = serveCommand(io, root).parseAsync(["--json", ...args], { from: "user" });
  await Promise.race([
    ended,
    (async () => {
      while (io.out === "") await new Promise((resolve) => setTimeout(resolve, 2));
    })(),
  ]);
  return { io, ended, url: JSON.parse(io.out).url };
}

/** As written: `fetch` would tidy ".." away. */
function get(url: string, target: string, method = "GET") {
  const { hostname, port } = new URL(url);
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>(
    (resolve, reject) => {
      request({ hostname, port, path: target, method, agent: false }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (part) => {
          body += part;
        });
        response.on("end", () =>
          resolve({ status: response.statusCode!, headers: response.headers, body }),
        );
      })
        .on("error", reject)
        .end();
    },
  );
}

test("serve answers with the app, its types and the headers of _headers, until Ctrl-C", async () => {
  const { io, ended, url } = await served(site(), "--port", "0");
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  const page = await get(url, "/?x=1");
  expect(page).toMatchObject({
    status: 200,
    body: "<!doctype html><title>app</title>",
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cross-origin-opener-policy": "same-origin",
      "content-security-policy": "default-src 'self'",
      "cache-control": "no-cache",
    },
  });
  const script = await get(url, "/assets/app-1234.js", "HEAD");
  expect(script).toMatchObject({
    status: 200,
    body: "",
    headers: { "content-type": "text/javascript; charset=utf-8", "content-length": "9" },
  });
  expect(script.headers["cache-control"]).toContain("immutable");
  expect((await get(url, "/", "POST")).status).toBe(405);
  io.signal("SIGINT");
  await ended;
  await expect(get(url, "/")).rejects.toThrow("ECONNREFUSED");
});

test("nothing outside the app can be read, however it is asked for", async () => {
  const { io, ended, url } = await served(site(), "--port", "0");
  for (const target of [
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/..%5csecret.txt",
    "/assets/../../secret.txt",
    "//secret.txt",
    "/link.txt",
    "/_headers",
    "/%00",
    "/%",
    "/assets",
    "/C:/secret.txt",
    "/gone.js",
  ]) {
    const { status, body } = await get(url, target);
    expect([target, status, body]).toEqual([target, 404, "no such file\n"]);
  }
  io.signal("SIGINT");
  await ended;
});

test("a port that is taken is passed over, unless it was asked for", async () => {
  const other = createServer();
  await new Promise<void>((resolve) =>
    other.listen(4173, "127.0.0.1", resolve).on("error", () => resolve()),
  );
  const { io, ended, url } = await served(site());
  expect(Number(new URL(url).port)).toBeGreaterThan(4173);
  const asked = serveCommand(testIO(), site()).parseAsync(["--port", new URL(url).port], {
    from: "user",
  });
  await expect(asked).rejects.toThrow(`port ${new URL(url).port} is taken by another program`);
  io.signal("SIGINT");
  await ended;
  other.close();
});

test("an address of another machine, and a port that cannot be, are refused in words", async () => {
  const elsewhere = serveCommand(testIO(), site()).parseAsync(["--host", "192.0.2.1"], {
    from: "user",
  });
  await expect(elsewhere).rejects.toThrow("--host 192.0.2.1 is no address of this machine");
  const { code, err } = await muladd(["serve", "--port", "70000"]);
  expect(code).toBe(2);
  expect(err).toContain("0 … 65535");
});

test("an app that was not built is asked for by its command", async () => {
  const ended = serveCommand(testIO(), temporaryFolder()).parseAsync([], { from: "user" });
  await expect(ended).rejects.toThrow("the web app is not built");
});
