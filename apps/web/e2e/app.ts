import type { Locator, Page } from "playwright-core";
import { vi } from "vitest";

/** The screens as their names stand in the address. */
export const SCREENS = [
  "article",
  "train",
  "look",
  "backprop",
  "write",
  "scale",
  "runs",
  "self-test",
] as const;

export interface Watched {
  readonly page: Page;
  /** What the console and the page itself complain of, and requests to anyone but the app. */
  readonly complaints: string[];
}

/** Opens the app at `url` on one of its screens. */
export async function watch(page: Page, url: string, screen = "runs"): Promise<Watched> {
  const complaints: string[] = [];
  page.on("console", (m) => {
    if (["error", "warning"].includes(m.type())) complaints.push(m.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (r) => {
    if (!r.url().startsWith(url) && !/^(blob|data):/.test(r.url())) complaints.push(r.url());
  });
  await page.goto(`${url}#/${screen}`);
  return { page, complaints };
}

export const bar = (page: Page): Locator =>
  page.getByRole("region", { name: "Model", exact: true });
export const button = (page: Page, name: string): Locator =>
  page.getByRole("button", { name, exact: true });

const numberIn = async (page: Page, pattern: RegExp): Promise<number | undefined> => {
  const [, text] = pattern.exec(await bar(page).innerText()) ?? [];
  return text === undefined ? undefined : Number(text.replaceAll(",", ""));
};
/** The step that the bar tells; −1 before there is a model. */
export const stepOf = async (page: Page): Promise<number> =>
  (await numberIn(page, /step ([\d,]+)/)) ?? -1;
/** The loss that the bar tells. */
export const lossOf = async (page: Page): Promise<number> =>
  (await numberIn(page, /loss ([\d.]+)/)) ?? Number.POSITIVE_INFINITY;

/** Waits until the step that the bar tells is as wanted. */
export async function until(page: Page, reached: (step: number) => boolean): Promise<void> {
  const look = async () => {
    const step = await stepOf(page);
    if (!reached(step)) throw new Error(`the bar tells step ${step}`);
  };
  await vi.waitFor(look, { timeout: 60_000, interval: 50 });
}

/** Presses Train, and waits until it did more than `steps` steps. */
export async function train(page: Page, steps: number): Promise<void> {
  await button(page, "Train").click();
  await until(page, (step) => step > steps);
}

/** Presses Pause, and waits until training stands. */
export async function pause(page: Page): Promise<void> {
  await button(page, "Pause").click();
  await button(page, "Go on").waitFor();
}

/** Goes to a screen as a link does: the page stays, and its model. */
export async function goTo(page: Page, screen: string): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/${screen}`);
  await page.locator("main h1").first().waitFor();
}

/** Chooses the smallest preset on the Train screen. */
export async function takeTiny(page: Page): Promise<void> {
  await page.getByLabel("Sizes and recipe").selectOption("tiny");
}
