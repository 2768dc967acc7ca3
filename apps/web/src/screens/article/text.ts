import { render } from "svelte/server";
import StillArticle from "./StillArticle.svelte";
import { stillNumbers } from "./still/numbers.ts";

/** The article as HTML, with figures that stand still: for the page that is built. Runs where pages are built, never in one. */
export const html = render(StillArticle, { props: { numbers: await stillNumbers() } }).body;
