/**
 * A GPU whose workgroup memory is not cleared before a kernel runs: in Node, where the page has none. SwiftShader compiles
 * the clearing number by number, which takes it longer than all else; and a kernel that relies on it fails.
 */
export async function uncleared(): Promise<GPU> {
  const page: GPU | undefined = globalThis.navigator?.gpu;
  if (page) return page;
  const name = "webgpu"; // not a literal: the package's types are not those of lib.dom
  const dawn: { create(options: readonly string[]): GPU } = await import(/* @vite-ignore */ name);
  return dawn.create(["enable-dawn-features=disable_workgroup_init"]);
}
