export const screens = [
  { id: "article", title: "Article" },
  { id: "train", title: "Train" },
  { id: "look", title: "Look inside" },
  { id: "backprop", title: "Backprop" },
  { id: "write", title: "Write" },
  { id: "scale", title: "Scale" },
] as const;

export type ScreenId = (typeof screens)[number]["id"] | "runs" | "self-test";

const known = new Set<string>([...screens.map(({ id }) => id), "runs", "self-test"]);

/** The screen that the address names: #/train; what follows a "?" is that screen's own. */
class Route {
  screen = $state<ScreenId>("article");
  query = $state("");

  constructor() {
    this.read();
    addEventListener("hashchange", () => this.read());
  }

  read(): void {
    const [name = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
    this.screen = known.has(name) ? (name as ScreenId) : "article";
    this.query = query;
  }
}

export const route = new Route();
export const href = (id: ScreenId): string => `#/${id}`;
