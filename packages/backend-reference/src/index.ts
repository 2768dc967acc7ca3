export { type ReferenceOptions, reference } from "./reference.ts";
