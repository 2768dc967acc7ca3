import { existsSync } from "node:fs";

const candidates = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
];

/**
 * The browser that the browser tests drive: MULADD_CHROMIUM if set, else the first one installed.
 * Throws when MULADD_CHROMIUM names a file that does not exist.
 * @returns {string | undefined}
 */
export function findChromium() {
  const chosen = process.env.MULADD_CHROMIUM;
  if (!chosen) return candidates.find((path) => existsSync(path));
  if (!existsSync(chosen)) throw new Error(`MULADD_CHROMIUM names no file: ${chosen}`);
  return chosen;
}

export const missingChromium =
  "no Chromium found: install one (Debian: apt-get install chromium) or set MULADD_CHROMIUM to its path";
