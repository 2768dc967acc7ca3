import { formatInteger } from "@muladd/gpt";

/** A loss as people can picture it: as unsure as between so many equal choices. */
export function guessWords(loss: number): string {
  const choices = Math.exp(loss);
  if (!Number.isFinite(choices) || choices > 1e6) return "lost";
  const words = choices < 10 ? choices.toFixed(1) : formatInteger(choices);
  const article = /^(8|1[18](\D|$))/.test(words) ? "an" : "a";
  return `as unsure as ${article} ${words}-way guess`;
}

/** At most two units: "2 min 45 s". */
export function clockWords(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  const [hours, minutes] = [Math.floor(s / 3600), Math.floor((s % 3600) / 60)];
  return hours > 0 ? `${formatInteger(hours)} h ${minutes} min` : `${minutes} min ${s % 60} s`;
}
