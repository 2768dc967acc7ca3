// The specification's numbers: outside of browsers there are no such globals. https://www.w3.org/TR/webgpu/#buffer-usage
export const usage = {
  mapRead: 0x1,
  copyFrom: 0x4,
  copyTo: 0x8,
  uniform: 0x40,
  storage: 0x80,
  queryResolve: 0x200,
} as const;

export const MAP_READ = 0x1;
export const COMPUTE_STAGE = 0x4;
/** Workgroups in one dimension of a dispatch that every device takes. */
export const MAX_GROUPS = 65_535;
/** Every device binds uniforms at multiples of this many bytes. */
export const SLOT_BYTES = 256;
