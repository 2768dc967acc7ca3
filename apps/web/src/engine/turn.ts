const waiting: (() => void)[] = [];
let channel: MessageChannel | undefined;

/** Made when it is wanted: an open channel keeps Node alive, and with it the build that reads this. */
function opened(): MessageChannel {
  const made = new MessageChannel();
  made.port1.onmessage = () => waiting.shift()?.();
  return made;
}

/** Lets messages in. Not by a timer: browsers slow those down in tabs that nobody sees. */
export const turn = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.push(resolve);
    channel ??= opened();
    channel.port2.postMessage(undefined);
  });
