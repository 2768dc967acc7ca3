import type { ToEngine } from "./protocol.ts";
import { serve } from "./serve.ts";

const answer = serve((message, transfer = []) => self.postMessage(message, { transfer }));
self.onmessage = ({ data }: MessageEvent<ToEngine>) => void answer(data);
