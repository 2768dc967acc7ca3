import type { StoredTensor } from "@muladd/checkpoint";
import { size } from "@muladd/tensor";
import { integer, quantity } from "../ui/format.ts";
import { columns } from "../ui/table.ts";

/** One tensor of a file, without its numbers. */
export interface TensorRow {
  readonly name: string;
  readonly shape: readonly number[];
  /** As its file calls it, in small letters. */
  readonly dtype: string;
  readonly count: number;
  readonly bytes: number;
}

/** Tensors that belong together. */
export interface Part {
  readonly part: string;
  readonly tensors: number;
  readonly count: number;
  readonly bytes: number;
}

/** The tensors of a file, in the order of a model: numbers inside names count as numbers. */
export function tensorRows(
  tensors: Iterable<Pick<StoredTensor, "name" | "shape" | "dtype" | "byteLength">>,
): TensorRow[] {
  const order = new Intl.Collator("en", { numeric: true });
  return Array.from(tensors, ({ name, shape, dtype, byteLength }) => ({
    name,
    shape,
    dtype: dtype.toLowerCase(),
    count: size(shape),
    bytes: byteLength,
  })).sort((a, b) => order.compare(a.name, b.name));
}

/** Totals by the first words of the names: "blocks.0", "tokens". The states of an optimizer are a part each. */
export function parts(rows: readonly TensorRow[]): Part[] {
  const found = new Map<string, { tensors: number; count: number; bytes: number }>();
  for (const { name, count, bytes } of rows) {
    const part =
      /^(optimizer\.\w+|(\w+\.)?(blocks|h|layers|blk)\.\d+|(model|transformer)\.\w+|\w+)/.exec(
        name,
      )?.[0] ?? name;
    const sum = found.get(part) ?? { tensors: 0, count: 0, bytes: 0 };
    found.set(part, {
      tensors: sum.tensors + 1,
      count: sum.count + count,
      bytes: sum.bytes + bytes,
    });
  }
  return Array.from(found, ([part, sum]) => ({ part, ...sum }));
}

export const total = (rows: readonly TensorRow[], of: "count" | "bytes"): number =>
  rows.reduce((sum, row) => sum + row[of], 0);

/** The tensors as a table, then the totals of the parts, then of all. */
export function describeTensors(rows: readonly TensorRow[]): string[] {
  const tensor = (r: TensorRow) => [
    r.name,
    r.shape.join(" × ") || "1",
    r.dtype,
    integer(r.count),
    quantity(r.bytes, "B"),
  ];
  const sums = parts(rows).map((p) => [
    p.part,
    `${p.tensors} tensor${p.tensors === 1 ? "" : "s"}`,
    "",
    integer(p.count),
    quantity(p.bytes, "B"),
  ]);
  const all = [
    "all",
    `${rows.length} tensors`,
    "",
    integer(total(rows, "count")),
    quantity(total(rows, "bytes"), "B"),
  ];
  const body = [["name", "shape", "dtype", "numbers", "bytes"], ...rows.map(tensor)];
  const lines = columns([...body, ["by part"], ...sums, all], "lllrr");
  const at = body.length;
  return [...lines.slice(0, at), "", ...lines.slice(at)];
}
