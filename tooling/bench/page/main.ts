import type { Answer, Question } from "./worker.ts";

declare global {
  interface Window {
    /** Measures in a new worker. Rejects with what went wrong there. */
    measure(question: Question): Promise<Answer>;
  }
}

window.measure = (question) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message || "the worker did not start"));
    worker.postMessage(question);
  });
