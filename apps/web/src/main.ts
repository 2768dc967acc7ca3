import { mount } from "svelte";
import App from "./App.svelte";
import "./style/base.css";
import "./style/prose.css";
import { app } from "./client/app.svelte.ts";

const target = document.getElementById("app")!;
target.replaceChildren(); // the text of the article, for readers without scripts
mount(App, { target });
void app.start();

// Without it the app needs the network at each visit, and nothing else changes: a failure is not worth a word.
if (import.meta.env.PROD && "serviceWorker" in navigator)
  navigator.serviceWorker.register(new URL("sw.js", document.baseURI)).catch(() => {});
