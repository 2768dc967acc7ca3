const waiting: (() => void)[] = [];
let asked = false;
/** Time for everything else between two drawings, in ms: what is typed and scrolled comes first. */
const REST = 60;

/** Runs `draw` in a coming frame, one drawing a frame, so that several never make one long task. Returns how to call it off. */
export function inTurn(draw: () => void): () => void {
  waiting.push(draw);
  ask();
  return () => {
    const i = waiting.indexOf(draw);
    if (i >= 0) waiting.splice(i, 1);
  };
}

function ask(): void {
  if (asked || waiting.length === 0) return;
  asked = true;
  requestAnimationFrame(() => {
    waiting.shift()?.();
    setTimeout(() => {
      asked = false;
      ask();
    }, REST);
  });
}
