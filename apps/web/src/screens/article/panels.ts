/** A live panel of the article: each ends a section. */
export type PanelName =
  | "tokens"
  | "embedding"
  | "positions"
  | "matrix"
  | "block"
  | "output"
  | "loss"
  | "descent"
  | "scale";
