import { render } from "svelte/server";
import Prose from "./Prose.svelte";

/** The article as HTML, without panels: for the page that is built. Runs where pages are built, never in one. */
export const articleHtml = (): string => render(Prose).body;
