// Keeps this version's files, so that the app works without a network. VERSION and FILES are written before this text by
// the build. A new version waits while pages of the old one are open: none mixes the two. The next page that is opened, or the
// only one when it is reloaded, lets it take its place; then the old one's files are removed.
const CACHE = `muladd ${self.registration.scope} ${VERSION}`;
const ours = (name) => name.startsWith(`muladd ${self.registration.scope} `);

self.addEventListener("install", (event) => {
  const fresh = FILES.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => {
  const clean = async () => {
    for (const name of await caches.keys())
      if (ours(name) && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(clean());
});

self.addEventListener("message", ({ data }) => {
  if (data === "take over") void self.skipWaiting();
});

/** Whether a newer version waits, and nobody but the page that is asked for, or reloaded, would see the change. */
async function isOver() {
  if (!self.registration.waiting) return false;
  const pages = await self.clients.matchAll({ type: "window" });
  return pages.length < 2;
}

// Not a Refresh header, which does nothing with a "#" in the address.
const CHANGE = `<!doctype html><link rel="icon" href="data:,"><script>
  navigator.serviceWorker.oncontrollerchange = () => location.reload();
  navigator.serviceWorker.getRegistration().then((registration) => {
    if (registration?.waiting) registration.waiting.postMessage("take over");
    else location.reload();
  });
</script>`;

/** A page that lets the newer version take over, then loads itself anew; isolated as `page` is. */
function changeover({ headers: of }) {
  const headers = new Headers({ "Content-Type": "text/html" });
  for (const name of ["Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy"])
    if (of.has(name)) headers.set(name, of.get(name));
  return new Response(CHANGE, { headers });
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(self.registration.scope)) return;
  const answer = async () => {
    const cache = await caches.open(CACHE);
    if (request.mode !== "navigate") return (await cache.match(request)) ?? fetch(request);
    const page = (await cache.match("./")) ?? (await fetch(request));
    if (!(await isOver())) return page;
    return changeover(page); // a reload alone would never do it: the old page leaves only when the new one is there
  };
  event.respondWith(answer());
});
