import { mount } from "svelte";
import App from "./App.svelte";
import "./style/base.css";
import { app } from "./client/app.svelte.ts";

mount(App, { target: document.getElementById("app")! });
void app.start();

// Without it the app needs the network at each visit, and nothing else changes: a failure is not worth a word.
if (import.meta.env.PROD && "serviceWorker" in navigator)
  navigator.serviceWorker.register(new URL("sw.js", document.baseURI)).catch(() => {});
