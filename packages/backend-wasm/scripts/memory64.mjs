// asc's compiler knows 64-bit addresses, but asc cannot ask for them, and declares the memory as one of 32 bits. A kernel
// that takes an address as i64 would have to be called with a BigInt, so each is exported with float64 in its place.
import binaryen from "assemblyscript/binaryen";

const WASM64 = 2; // Target.Wasm64 of the compiler
/** 16 GiB: the most that V8 grants one memory. */
const PAGES = 262144;

/** A transform of asc: addresses of 64 bits, which kernels take as float64, exact up to 2^53. */
export class Memory64 {
  afterParse() {
    // set by asc before the first file is parsed; nothing has read them yet
    this.program.options.target = WASM64;
    this.program.module.sizeType = binaryen.i64;
  }

  /** @param {binaryen.Module} module before it is optimized */
  afterCompile(module) {
    declareMemory(module);
    const exports = Array.from({ length: module.getNumExports() }, (_, i) =>
      binaryen.getExportInfo(module.getExportByIndex(i)),
    );
    for (const { name, value, kind } of exports)
      if (kind === binaryen.ExternalFunction) takeNumbers(module, name, value);
  }
}

/** Declares the memory again, with its data, but of 64 bits. */
function declareMemory(module) {
  const { module: from, base, initial, shared } = module.getMemoryInfo();
  const segments = Array.from({ length: module.getNumDataSegments() }, (_, i) => {
    const { name, offset, data } = module.getDataSegmentInfo(module.getDataSegmentByIndex(i));
    const at = module.i64.const(BigInt(offset));
    return { name, offset: at, data: new Uint8Array(data), passive: false };
  });
  module.setMemory(initial, PAGES, null, segments, shared, true, "0");
  module.addMemoryImport("0", from, base, shared);
}

/** Exports a function, under the name it had, with float64 in place of each i64. */
function takeNumbers(module, name, inner) {
  const { params, results } = binaryen.getFunctionInfo(module.getFunction(inner));
  const types = binaryen.expandType(params);
  if (!types.includes(binaryen.i64)) return;
  const outer = types.map((type) => (type === binaryen.i64 ? binaryen.f64 : type));
  const values = types.map((type, i) =>
    type === binaryen.i64
      ? module.i64.trunc_u_sat.f64(module.local.get(i, binaryen.f64))
      : module.local.get(i, type),
  );
  const body = module.call(inner, values, results);
  module.addFunction(`${name}#numbers`, binaryen.createType(outer), results, [], body);
  module.removeExport(name);
  module.addFunctionExport(`${name}#numbers`, name);
}
