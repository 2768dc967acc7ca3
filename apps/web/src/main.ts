import { mount } from "svelte";
import App from "./App.svelte";
import "./style/base.css";
import { app } from "./client/app.svelte.ts";

mount(App, { target: document.getElementById("app")! });
void app.start();
