// Which module is compiled. asc has no way to define a constant: scripts/build-kernels.mjs serves another text in place of
// this file; what stands here is for editors.

/** Laid out for V8's revectorizer, which makes 256-bit code of stores, loads and arithmetic 16 bytes apart. */
export const WIDE: bool = false;
