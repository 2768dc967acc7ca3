import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { headersFile, policy } from "./headers.ts";

// The page itself is kept as "./"; kernels of 64-bit memory and of V8's revectorizer are for Node, no page asks for them.
const NOT_KEPT =
  /^(_headers|sw\.js|index\.html|\.vite\/.*|assets\/(engine\/)?(wide|relaxed64|simd64).*)$|\.map$/;

/** What a static host needs beside the app: its headers, the policy in the page itself, and the worker that keeps it offline. */
export function shipping(): Plugin {
  let out = "";
  return {
    name: "shipping",
    apply: "build",
    configResolved(config) {
      out = resolve(config.root, config.build.outDir);
    },
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: policy },
        injectTo: "head-prepend",
      },
    ],
    closeBundle() {
      if (!existsSync(`${out}/index.html`)) return; // the build failed, and says why
      writeFileSync(`${out}/_headers`, headersFile);
      const files = readdirSync(out, { recursive: true, withFileTypes: true })
        .filter((file) => file.isFile())
        .map((file) => `${file.parentPath}/${file.name}`.slice(out.length + 1))
        .filter((path) => !NOT_KEPT.test(path))
        .sort();
      const hash = createHash("sha256").update(headersFile);
      for (const path of ["index.html", ...files])
        hash.update(path).update(readFileSync(`${out}/${path}`));
      const code = readFileSync(
        fileURLToPath(new URL("service-worker/sw.js", import.meta.url)),
        "utf8",
      );
      const version = hash.update(code).digest("hex").slice(0, 16);
      const list = JSON.stringify(["./", ...files], undefined, 1);
      writeFileSync(
        `${out}/sw.js`,
        `const VERSION = "${version}";\nconst FILES = ${list};\n${code}`,
      );
    },
  };
}
