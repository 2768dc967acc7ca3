/** Counts the changes between light and dark: what is painted in the page's colours reads it, to be painted anew. */
class Theme {
  changes = $state(0);

  constructor() {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.changes++);
  }
}

export const theme = new Theme();
