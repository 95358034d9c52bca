/** The terminal of a browser at its web socket: who gets one, what it shows, and what becomes of one that does not read. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CONTROL_TERMINAL_CLOSE, type ControlTerminalInput } from "@kinode-ts/types";
import headless from "@xterm/headless";
import { type DetachedNode, killAllDetached, startDetached } from "./detached-node.ts";

const folder = mkdtempSync(join(tmpdir(), "kinode-web-terminal-"));
const DEADLINE_MS = 60_000;
// A loaded machine is slow; each wait has a deadline of its own.
setDefaultTimeout(120_000);
let node: DetachedNode;
let pages: string;
let cookie: string;

beforeAll(async () => {
  node = await startDetached(join(folder, "home"), ["--name", "web.local"]);
  const { url } = await node.post<{ url: string }>("login-link");
  pages = new URL(url).origin;
  const answer = await fetch(url, { redirect: "manual" });
  cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
}, 120_000);
afterAll(async () => {
  await node?.stop();
  killAllDetached();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

const upgrade = (headers: Record<string, string>, origin = pages) =>
  fetch(`${origin}/~/api/terminal`, {
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-version": "13",
      ...headers,
    },
  });

/** A browser's terminal; `reads: false` never says that it has drawn anything. */
async function open({ columns = 80, reads = true } = {}) {
  const screen = new headless.Terminal({ cols: columns, rows: 24, allowProposedApi: true });
  const socket = new WebSocket(
    `${pages.replace("http", "ws")}/~/api/terminal?columns=${columns}&rows=24`,
    { headers: { cookie, origin: pages } } as never,
  );
  const closed = Promise.withResolvers<number>();
  let arrived = Promise.withResolvers<void>();
  let received = 0;
  const send = (input: ControlTerminalInput): void => socket.send(JSON.stringify(input));
  socket.onmessage = ({ data }: MessageEvent<string>) => {
    received += data.length;
    screen.write(data, () => {
      if (reads && socket.readyState === WebSocket.OPEN) send({ read: data.length });
      arrived.resolve();
      arrived = Promise.withResolvers();
    });
  };
  socket.onclose = ({ code }) => closed.resolve(code);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const text = (): string => {
    const { active } = screen.buffer;
    return Array.from({ length: active.length }, (_, y) =>
      active.getLine(y)!.translateToString(true),
    )
      .filter(Boolean)
      .join("\n");
  };
  const shows = async (pattern: RegExp): Promise<void> => {
    const deadline = performance.now() + DEADLINE_MS;
    while (!pattern.test(text())) {
      const rest = deadline - performance.now();
      if (rest <= 0) throw new Error(`never saw ${String(pattern)} in:\n${text()}`);
      await Promise.race([arrived.promise, Bun.sleep(rest)]);
    }
  };
  return { socket, send, shows, text, closed: closed.promise, received: () => received };
}

test("without a login there is no terminal", async () => {
  expect((await upgrade({ origin: pages })).status).toBe(401);
  expect((await upgrade({ origin: pages, cookie: "kinode-auth_web.local=x" })).status).toBe(401);
});

test("a page of an app cannot open one with the person's cookie, and neither can a page from elsewhere", async () => {
  const apps = new URL(node.url).origin;
  for (const origin of [apps, "http://evil.example", "null"]) {
    expect((await upgrade({ cookie, origin })).status).toBe(403);
  }
  expect((await upgrade({ cookie, origin: pages, "sec-fetch-site": "same-site" })).status).toBe(
    403,
  );
  // A browser always names its origin here.
  expect((await upgrade({ cookie })).status).toBe(403);
  // On the origin of the apps there is none, even when it names itself.
  expect((await upgrade({ cookie, origin: apps }, apps)).status).toBe(401);
});

test("a request that is no web socket is told so", async () => {
  const answer = await fetch(`${pages}/~/api/terminal`, { headers: { cookie, origin: pages } });
  expect(answer.status).toBe(426);
});

test("it shows what was printed before, runs commands, and keeps its input line below what is printed", async () => {
  const { socket, send, shows, text } = await open();
  await shows(/web\.local is running[^]*web\.local >/);
  send({ keys: "echo hello web\r" });
  await shows(/web\.local > echo hello web\n[^\n]* terminal:sys: hello web\nweb\.local >/);
  send({ keys: "half a li" });
  await node.post("send", { target: "our@nobody:not:there", body: "x", timeout: null });
  await shows(/web\.local > half a li$/);
  expect(text()).not.toContain("\u001b");
  socket.close();
});

test("two terminals have input lines of their own and one history, and see each other's output", async () => {
  const [one, two] = await Promise.all([open(), open()]);
  one.send({ keys: "typing in one" });
  two.send({ keys: "echo from two\r" });
  await one.shows(/terminal:sys: from two\nweb\.local > typing in one$/);
  one.send({ keys: "\u0003" });
  await one.shows(/typing in one\^C\nweb\.local >/);
  one.send({ keys: "\u001b[A" });
  await one.shows(/web\.local > echo from two$/);
  one.socket.close();
  two.socket.close();
});

test("Ctrl+C and Ctrl+D give up the line and never stop the node", async () => {
  const { socket, send, shows } = await open();
  send({ keys: "\u0003\u0003\u0004" });
  await shows(/does not stop the node/);
  send({ keys: "echo still here\r" });
  await shows(/terminal:sys: still here/);
  socket.close();
});

test("with the connection end the commands that run in it, and no others", async () => {
  const [one, two] = await Promise.all([open(), open()]);
  // Answered after a minute.
  for (const each of [one, two]) {
    each.send({ keys: `m our@timer:distro:sys '{"SetTimer":60000}' -a 60\r` });
    // oxlint-disable-next-line no-await-in-loop -- then both have been sent
    await each.shows(/-a 60\n/);
  }
  one.send({ keys: "echo sent\r" });
  await two.shows(/terminal:sys: sent\n/);
  one.socket.close();
  await two.shows(/terminal:sys: interrupted\nweb\.local >/);
  two.send({ keys: "\u0003" });
  await two.shows(/terminal:sys: interrupted\n[^]*terminal:sys: interrupted\nweb\.local >/);
  two.socket.close();
});

test("Tab completes", async () => {
  const { socket, send, shows } = await open();
  send({ keys: "net-d\t" });
  await shows(/web\.local > net-diagnostics\s*$/);
  socket.close();
});

test("lines follow the width of the window", async () => {
  const { socket, send, shows } = await open({ columns: 40 });
  const word = "x".repeat(60);
  send({ keys: `echo ${word}\r` });
  await shows(/ terminal:sys: x+\n {2}terminal:sys \| x+\n/);
  send({ columns: 100, rows: 24 });
  send({ keys: `echo ${word}\r` });
  await shows(/web\.local >/);
  socket.close();
});

test("a browser that does not read gets no more lines, and then a count of them", async () => {
  const slow = await open({ reads: false });
  const other = await open();
  const line = "y".repeat(8_000);
  for (let round = 0; round < 60; round += 1) {
    other.send({ keys: `echo ${line}${round}.\r` });
    // oxlint-disable-next-line no-await-in-loop -- this one reads, and must not fall behind
    await other.shows(new RegExp(`  terminal:sys \\| y+${round}\\.`));
  }
  // The bound, one line more, and what was shown at first.
  expect(slow.received()).toBeLessThan(262_144 + 40_000);
  slow.send({ read: slow.received() });
  await slow.shows(/\d+ lines are not shown: this screen did not read them in time/);
  slow.socket.close();
  other.socket.close();
}, 120_000);

test("one that goes on pressing keys without reading is cut off", async () => {
  const { send, closed, received } = await open({ reads: false });
  let isClosed = false;
  void closed.then(() => (isClosed = true));
  const keys = "z\b".repeat(2_000);
  for (let round = 0; round < 100 && !isClosed; round += 1) {
    send({ keys });
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await closed).toBe(CONTROL_TERMINAL_CLOSE.unread);
  expect(received()).toBeLessThan(1_100_000);
});

test("a frame that is not understood ends the connection and nothing else", async () => {
  for (const frame of ["{", "[]", '{"keys":1}', '{"read":-1}', '{"columns":1}', '{"x":1}']) {
    const { socket, closed } = await open();
    socket.send(frame);
    expect(await closed).toBe(CONTROL_TERMINAL_CLOSE.malformed);
  }
  const binary = await open();
  binary.socket.send(new Uint8Array([1, 2, 3]));
  expect(await binary.closed).toBe(CONTROL_TERMINAL_CLOSE.malformed);
  for (const columns of [0, 1, 3, 1e15]) {
    const { socket, send, shows } = await open();
    send({ columns, rows: columns });
    send({ keys: "echo ok\r" });
    send({ columns: 80, rows: 24 });
    await shows(/terminal:sys: ok|ok/);
    socket.close();
  }
});

test("the node's end closes it, and the same login opens it again at the next start", async () => {
  const { closed } = await open();
  await node.stop();
  // The frame that says so may be lost with the connection.
  expect([CONTROL_TERMINAL_CLOSE.stopping, 1006]).toContain(await closed);
  node = await startDetached(join(folder, "home"));
  pages = new URL((await node.post<{ url: string }>("login-link")).url).origin;
  const { socket, shows } = await open();
  await shows(/web\.local >/);
  socket.close();
}, 120_000);
