import { expect, test } from "bun:test";
import { createSeededRandom, createVirtualClock } from "@kinode-ts/testing";
import { DEFAULT_HTTP_LIMITS } from "@kinode-ts/http";
import { History, PrintFilter, Terminal } from "@kinode-ts/terminal";
import { CONTROL_TERMINAL_CLOSE, type NodeId } from "@kinode-ts/types";
import { serveSystemPages } from "./system-pages.ts";

function serve() {
  const clock = createVirtualClock();
  let openCount = 0;
  const pages = serveSystemPages({
    our: "test.local" as NodeId,
    hostname: "127.0.0.1",
    port: 0,
    secret: new Uint8Array(32).fill(3),
    clock,
    random: createSeededRandom(1),
    files: new Map(),
    appsPort: 1,
    control: () => Promise.resolve(new Response(null)),
    openTerminal: (screen) => {
      openCount += 1;
      const terminal = new Terminal({
        node: "test.local",
        screen,
        filter: new PrintFilter(),
        history: new History(),
        handlers: {
          line() {},
          quit() {},
          levelsChanged() {},
          toggleStepThrough: () => false,
          step() {},
          toggleLogging: () => false,
        },
      });
      return { terminal, close: () => (openCount -= 1) };
    },
  });
  return { clock, pages, openCount: () => openCount };
}

const connect = (url: string, cookie: string): WebSocket =>
  new WebSocket(`${url.replace("http", "ws")}/~/api/terminal`, {
    headers: { cookie, origin: url },
  } as never);

async function logIn(link: string): Promise<string> {
  const answer = await fetch(link, { redirect: "manual" });
  return answer.headers.get("set-cookie")?.split(";")[0] ?? "";
}

test("the end of the login closes a terminal that is open", async () => {
  const { clock, pages, openCount } = serve();
  const cookie = await logIn(pages.issueLoginLink());
  const socket = connect(pages.url, cookie);
  const closed = new Promise<number>((resolve) => (socket.onclose = ({ code }) => resolve(code)));
  await new Promise((resolve) => (socket.onopen = resolve));
  await clock.advance(DEFAULT_HTTP_LIMITS.tokenLifeMs - 1_000);
  expect(socket.readyState).toBe(WebSocket.OPEN);
  await clock.advance(600_000);
  expect(await closed).toBe(CONTROL_TERMINAL_CLOSE.loggedOut);
  expect(openCount()).toBe(0);
  await pages.stop();
}, 120_000);

test("more terminals than a node takes are refused, and a closed one makes room", async () => {
  const { pages, openCount } = serve();
  const cookie = await logIn(pages.issueLoginLink());
  const opened = (socket: WebSocket): Promise<boolean> =>
    new Promise((resolve) => {
      socket.onopen = () => resolve(true);
      socket.onerror = () => resolve(false);
    });
  const sockets = Array.from({ length: 32 }, () => connect(pages.url, cookie));
  expect(await Promise.all(sockets.map(opened))).not.toContain(false);
  expect(await opened(connect(pages.url, cookie))).toBe(false);
  const gone = new Promise((resolve) => (sockets[0]!.onclose = resolve));
  sockets[0]!.close();
  await gone;
  while (openCount() === 32) await new Promise((resolve) => setImmediate(resolve));
  expect(await opened(connect(pages.url, cookie))).toBe(true);
  await pages.stop();
});
