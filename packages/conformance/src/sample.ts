import type { DType, FusedName, Shape } from "@muladd/tensor";

/** One operand of a sample. */
export interface Input {
  readonly shape: Shape;
  /** Default "f32". Integers are whole numbers of the domain, and not differentiated. */
  readonly dtype?: DType;
  /** From and to. Default [−2, 2]. Clear of kinks and poles: those have exact cases. */
  readonly domain?: readonly [number, number];
  /** Whole numbers in f32, such as a mask: not differentiated. */
  readonly whole?: boolean;
  /** A table that the op takes as given: not differentiated. */
  readonly constant?: boolean;
}

/** Operands that pin an op down. */
export interface Sample<A> {
  readonly inputs: readonly Input[];
  readonly attrs: A;
  /** How many products are summed into one element: the tolerance grows with its root. */
  readonly terms?: number;
  /** Why there is no gradient to compare: the values are too large or too flat for differences. */
  readonly forwardOnly?: string;
}

/** The ops that are the derivative of another: their samples are those of the other, with its results. */
export type GradName = Extract<FusedName, `${string}Grad`>;
/** The fused ops with cases of their own: one writes its inputs, the others read words that a random draw would not give. */
export type CasedFused = "adamW" | "linearPacked" | "gatherPacked";
/** The fused ops with samples. */
export type SampledFused = Exclude<FusedName, GradName | CasedFused>;

export const f32 = (shape: Shape, domain?: readonly [number, number]): Input =>
  domain ? { shape, domain } : { shape };
export const i32 = (shape: Shape, domain: readonly [number, number] = [-9, 9]): Input => ({
  shape,
  dtype: "i32",
  domain,
});
export const none = {} as const;

type Domain = readonly [number, number];
export type Plain = Sample<Record<never, never>>;

const LARGE = "values or slopes too large for differences to resolve";

/** What every elementwise op is tried on. `wide` reaches beyond where differences resolve its slope. */
export const elementwise = (domain?: Domain, wide?: Domain): Plain[] => [
  ...[[], [0], [1], [2, 3], [257]].map((shape) => ({ inputs: [f32(shape, domain)], attrs: none })),
  ...(wide ? [{ inputs: [f32([257], wide)], attrs: none, forwardOnly: LARGE }] : []),
];
