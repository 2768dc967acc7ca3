// Keeps this version's files, so that the app works without a network. VERSION and FILES are written before this text by
// the build. A new version waits until no page of the old one is open, then takes its place and removes its files.
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

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(self.registration.scope)) return;
  const answer = async () => {
    const cache = await caches.open(CACHE);
    const page = request.mode === "navigate" ? "./" : request;
    return (
      (await cache.match(page, { ignoreSearch: request.mode === "navigate" })) ?? fetch(request)
    );
  };
  event.respondWith(answer());
});
