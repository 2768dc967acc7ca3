import {
  type ByteSource,
  blobFiles,
  type FileSet,
  openGGUF,
  openSafetensors,
  openTensors,
  openTorch,
  type TensorStore,
} from "@muladd/checkpoint";
import { FormatError } from "@muladd/tensor";

/** A file that was given, read when it is wanted; the path within what was dropped or chosen. */
export interface GivenBlob {
  readonly path: string;
  readonly file: Blob;
}

const WEIGHTS = /\.(safetensors|bin|pt|pth|gguf)$/i;
/** What transformers and its like call a model's tensors, besides any one `.gguf`. */
const STANDARD = /^(model\.safetensors|pytorch_model\.bin)(\.index\.json)?$/;
const KINDS = "a .safetensors, a .bin or .pt of PyTorch, or a .gguf";

/** The model among files: the outermost folder that has weights or a config.json. Its paths begin there. */
export function modelAmong(given: readonly GivenBlob[]): FileSet {
  const folders = given
    .filter(({ path }) => WEIGHTS.test(path) || /(^|\/)(config|[^/]*\.index)\.json$/.test(path))
    .map(({ path }) => path.slice(0, path.lastIndexOf("/") + 1))
    .sort((a, b) => a.split("/").length - b.split("/").length);
  const root = folders[0] ?? "";
  const inside = given.filter(({ path }) => path.startsWith(root));
  const files = new Map(inside.map(({ path, file }) => [path.slice(root.length), file]));
  return blobFiles(files, root.split("/").at(-2));
}

export interface Weights {
  readonly store: TensorStore;
  /** The one file that they are in, where it has no usual name. */
  readonly file?: string;
}

/**
 * Opens the tensors of a model's files: by their usual names, or the one file that holds tensors, whatever its name. Throws
 * FormatError, with the remedy, when there are none or several.
 */
export async function openWeights(files: FileSet): Promise<Weights> {
  const names = (await files.list()).filter((path) => !path.includes("/"));
  const weights = names.filter((path) => WEIGHTS.test(path));
  for (const path of weights) await refusePointer(files, path);
  if (names.some((path) => STANDARD.test(path))) return { store: await openTensors(files) };
  if (weights.length > 1)
    throw new FormatError(
      `${files.name}: ${weights.join(", ")}: several files of tensors and no index; give one of them, or their .index.json too`,
    );
  // A lone file may have any name.
  const lone = names.length === 1 && !names[0]!.endsWith(".json") ? names[0] : undefined;
  const path = weights[0] ?? lone;
  const source = path === undefined ? undefined : await files.open(path);
  if (path === undefined || !source)
    throw new FormatError(`${files.name}: no tensors among ${list(names)}; give ${KINDS}`);
  return { store: await openLone(source), file: path };
}

const list = (names: readonly string[]): string =>
  names.length === 0
    ? "no files"
    : [...names.slice(0, 5), ...(names.length > 5 ? [`${names.length - 5} more`] : [])].join(", ");

/** By how it begins: names lie. */
async function openLone(source: ByteSource): Promise<TensorStore> {
  const head = await source.read(0, Math.min(9, source.size));
  const text = String.fromCharCode(...head);
  if (text.startsWith("GGUF")) return openGGUF(source);
  if (text.startsWith("PK") || head[0] === 0x80) return openTorch(source); // a zip, or a pickle
  if (text[8] === "{") return openSafetensors(source);
  throw new FormatError(
    `${source.name} is neither safetensors nor PyTorch nor GGUF, or its beginning is lost; give ${KINDS}`,
  );
}

/** What Git leaves in the place of a large file. */
async function refusePointer(files: FileSet, path: string): Promise<void> {
  const source = await files.open(path);
  if (!source || source.size > 1024) return;
  const text = new TextDecoder().decode(await source.read(0, source.size));
  if (text.startsWith("version https://git-lfs"))
    throw new FormatError(
      `${source.name} is a pointer to a large file, which is not there; fetch it with git lfs pull`,
    );
}
