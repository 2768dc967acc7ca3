import { webgpu } from "../src/index.ts";
import { sumOfRows } from "./sum.ts";

using backend = await webgpu();
postMessage([...(await sumOfRows(backend))]);
