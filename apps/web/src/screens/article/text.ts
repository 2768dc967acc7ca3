import { render } from "svelte/server";
import StillArticle from "./StillArticle.svelte";

/** The article as HTML, with figures that stand still: for the page that is built. Runs where pages are built, never in one. */
export const articleHtml = (): string => render(StillArticle).body;
