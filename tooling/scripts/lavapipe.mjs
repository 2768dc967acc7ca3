// Prints VK_DRIVER_FILES=… for Mesa's software adapter of Debian's backports, unpacked into a cache folder: it has f16 and
// subgroups of 8, which SwiftShader has not, and the lavapipe of Debian 12 itself is too old for WebGPU. Nothing is installed.
// Arguments: a command to run with it.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const base = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
const folder = join(base, "muladd", "lavapipe");
const driver = join(folder, "lvp_icd.json");

/** @param {string} program @param {string[]} args @param {string} [cwd] */
function run(program, args, cwd) {
  const { status, stderr, error } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr.trim()}`);
}

/** Where this machine's own packages come from, and the codename of its release. */
function debian() {
  const release = readFileSync("/etc/os-release", "utf8");
  const codename = /^VERSION_CODENAME=(\w+)/m.exec(release)?.[1];
  if (!/^ID=debian/m.test(release) || !codename) throw new Error("this is no Debian");
  const lists = "/etc/apt/sources.list.d";
  const files = ["/etc/apt/sources.list", ...readdirSync(lists).map((name) => join(lists, name))];
  const text = files.filter((path) => existsSync(path)).map((path) => readFileSync(path, "utf8"));
  const mirror = /^\s*(?:deb|URIs:)\s+(?:\[.*?\]\s+)?(\S+)/m.exec(text.join("\n"))?.[1];
  return { codename, mirror: mirror ?? "http://deb.debian.org/debian" };
}

function unpack() {
  const { codename, mirror } = debian();
  const work = `${folder}.part`;
  rmSync(work, { recursive: true, force: true });
  for (const path of ["lists/partial", "cache/archives/partial"])
    mkdirSync(join(work, path), { recursive: true });
  const sources = join(work, "backports.list");
  writeFileSync(sources, `deb ${mirror} ${codename}-backports main\n`);
  const options = [
    `Dir::Etc::sourcelist=${sources}`,
    "Dir::Etc::sourceparts=-",
    `Dir::State::Lists=${join(work, "lists")}`,
    `Dir::Cache=${join(work, "cache")}`,
  ].flatMap((option) => ["-o", option]);
  run("apt-get", [...options, "update"]);
  run("apt-get", [...options, "download", "mesa-vulkan-drivers"], work);
  const archive = readdirSync(work).find((name) => name.endsWith(".deb"));
  if (!archive) throw new Error("apt-get downloaded nothing");
  run("dpkg-deb", ["-x", join(work, archive), join(work, "mesa")]);
  const libraries = join("mesa", "usr", "lib");
  const triplet = readdirSync(join(work, libraries)).find((name) =>
    existsSync(join(work, libraries, name, "libvulkan_lvp.so")),
  );
  if (!triplet) throw new Error(`${archive} has no libvulkan_lvp.so`);
  const library = join(folder, libraries, triplet, "libvulkan_lvp.so");
  const icd = {
    file_format_version: "1.0.1",
    ICD: { library_path: library, api_version: "1.3.0" },
  };
  writeFileSync(join(work, "lvp_icd.json"), JSON.stringify(icd));
  for (const used of ["lists", "cache", archive]) rmSync(join(work, used), { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  renameSync(work, folder);
}

try {
  if (!existsSync(driver)) unpack();
  const [program, ...args] = process.argv.slice(2);
  if (program === undefined) console.log(`VK_DRIVER_FILES=${driver}`);
  else {
    const env = { ...process.env, VK_DRIVER_FILES: driver };
    process.exitCode = spawnSync(program, args, { stdio: "inherit", env }).status ?? 1;
  }
} catch (error) {
  console.error(`error: no lavapipe: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
