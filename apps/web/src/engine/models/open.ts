import type { ByteSource, FileSet, StoredType, TensorStore } from "@muladd/checkpoint";
import { countParameters, type GPTConfig } from "@muladd/gpt";
import { type Family, type ModelConfig, openPretrained, readConfig } from "@muladd/gpt/huggingface";
import { size } from "@muladd/tensor";
import { failureOf } from "../failures.ts";
import type { Failure } from "../protocol.ts";
import { openWeights } from "./files.ts";

/** A stored tensor, as it is listed. */
export interface TensorFacts {
  readonly name: string;
  readonly dtype: StoredType;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly numbers: number;
  /** Its share of all numbers, 0 … 1. */
  readonly share: number;
  /** That its family computes it and does not read it: a mask, a table. */
  readonly ignored: boolean;
}

/** What is told of a model before any of its numbers is read. */
export interface ModelFacts {
  readonly name: string;
  readonly tensors: readonly TensorFacts[];
  readonly numbers: number;
  readonly bytes: number;
  /** What its files say of themselves, such as GGUF's values; long ones are cut. */
  readonly metadata: readonly (readonly [key: string, value: string])[];
  /** Absent without a configuration that is understood: a config.json, or GGUF's values. */
  readonly known?: {
    /** `model_type` of transformers. */
    readonly family: string;
    readonly config: GPTConfig;
    readonly parameters: number;
  };
  /** Why its configuration is not understood. */
  readonly problem?: Failure;
}

/** A model that is looked into. */
export interface HeldModel {
  readonly files: FileSet;
  /** The one file of tensors, where it has no usual name. */
  readonly file: string | undefined;
  readonly store: TensorStore;
  readonly facts: ModelFacts;
}

const MOST_METADATA = 200;
const MOST_CHARACTERS = 300;

/** Opens a model: its headers alone. Throws FormatError when there are no tensors, or a file is damaged. */
export async function openModel(files: FileSet): Promise<HeldModel> {
  const { store, file } = await openWeights(files);
  const config = await readConfigOf(files, file);
  const [only, ...more] = await files.list();
  const name = only !== undefined && more.length === 0 ? only : files.name;
  return { files, file, store, facts: { ...factsOf(store, name, config), ...config.told } };
}

interface ConfigRead {
  readonly family?: Family;
  readonly told: Pick<ModelFacts, "known" | "problem">;
}

/** Whoever looks inside of a model that cannot be run here is told why, and sees its tensors. */
async function readConfigOf(files: FileSet, file: string | undefined): Promise<ConfigRead> {
  const isGGUF = file?.endsWith(".gguf");
  const source = await files.open("config.json");
  if (!isGGUF && !source) return { told: {} };
  try {
    const { family, config } =
      isGGUF || !source
        ? await readGGUF(files, file)
        : readConfig(await textOf(source), source.name);
    const parameters = countParameters(config).total;
    return { family, told: { known: { family: family.modelType, config, parameters } } };
  } catch (error) {
    return { told: { problem: failureOf(error) } };
  }
}

const textOf = async (source: ByteSource): Promise<string> =>
  new TextDecoder().decode(await source.read(0, source.size));

async function readGGUF(files: FileSet, file: string | undefined): Promise<ModelConfig> {
  const pretrained = await openPretrained(files, { file });
  await pretrained.close();
  return pretrained;
}

function factsOf(store: TensorStore, name: string, { family }: ConfigRead): ModelFacts {
  const all = [...store.tensors.values()];
  const numbers = all.reduce((sum, { shape }) => sum + size(shape), 0);
  return {
    name,
    numbers,
    bytes: all.reduce((sum, { byteLength }) => sum + byteLength, 0),
    tensors: all.map(({ name, dtype, shape, byteLength }) => ({
      name,
      dtype,
      shape,
      bytes: byteLength,
      numbers: size(shape),
      share: numbers > 0 ? size(shape) / numbers : 0,
      ignored: family?.ignored.test(name) ?? false,
    })),
    metadata: Object.entries(store.metadata)
      .slice(0, MOST_METADATA)
      .map(([key, value]) => [
        key,
        value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)} …` : value,
      ]),
  };
}
