import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

// From src/ and from dist/ the package's own folder is one level up. A published package holds the app (`prepack` copies
// it); in the repository it is where it was built.
const places = ["../web/", "../../web/dist/"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** The folder of the built web app; `undefined` when it was not built. */
export const webApp = (): string | undefined =>
  places.find((place) => existsSync(`${place}index.html`));
