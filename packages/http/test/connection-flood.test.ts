/** More connections than files: others keep theirs, and there are files left. */
import { afterEach, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { guardConnections } from "../src/index.ts";
import { APP, pageOf, startWebNode, type WebNode } from "./web-node.ts";

const DEADLINE_MS = 60_000;
/** Other addresses of this machine are there without asking on Linux alone. */
const hasAddresses = process.platform === "linux";

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

interface Client {
  readonly socket: Socket;
  readonly isEnded: () => boolean;
  received: string;
}

function open(port: number, localAddress: string, text: string): Promise<Client> {
  return new Promise((resolve, reject) => {
    let isEnded = false;
    const socket = connect({ port, host: "127.0.0.1", localAddress }, () => {
      socket.write(text);
      resolve(client);
    });
    const client: Client = { socket, isEnded: () => isEnded, received: "" };
    sockets.push(socket);
    socket.on("data", (data) => (client.received += data.toString("latin1")));
    socket.on("close", () => (isEnded = true));
    socket.on("error", reject);
  });
}

async function until(fits: () => boolean): Promise<void> {
  const dueMs = performance.now() + DEADLINE_MS;
  while (!fits()) {
    if (performance.now() > dueMs) throw new Error("It did not happen in time");
    await Bun.sleep(2);
  }
}

/** With room for 60 connections. */
async function startGuarded(): Promise<{ node: WebNode; said: string[] }> {
  const node = await startWebNode();
  node.serve(pageOf);
  await node.bind(APP, "/");
  const said: string[] = [];
  guardConnections({
    clock: node.clock,
    openFileLimit: 240,
    ports: () => [node.port],
    closeIdle: () => node.server.closeIdle(),
    say: (text) => void said.push(text),
  });
  return { node, said };
}

const GET = `GET /${APP} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

test.skipIf(!hasAddresses)(
  "of too many connections those of the greedy client end, others go on",
  async () => {
    const { node, said } = await startGuarded();
    await using _ = node;
    const others = await Promise.all(
      Array.from({ length: 10 }, () => open(node.port, "127.0.0.2", GET.slice(0, 20))),
    );
    const greedy: Client[] = [];
    for (let i = 0; i < 100; i++) greedy.push(await open(node.port, "127.0.0.1", "GET / HTTP/1.1"));
    // All of them have arrived when one behind them has its answer.
    expect((await node.get(`/${APP}`, { headers: { connection: "close" } })).status).toBe(200);
    await node.clock.advance(250);
    await until(() => greedy.filter(({ isEnded }) => isEnded()).length >= 64);
    for (const { socket } of others) socket.write(GET.slice(20));
    await until(() => others.every(({ received }) => received.startsWith("HTTP/1.1 200")));
    expect(others.some(({ isEnded }) => isEnded())).toBe(false);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("connections");
  },
);

test("connections that wait for nothing end first", async () => {
  const { node, said } = await startGuarded();
  await using _ = node;
  const idle: Client[] = [];
  for (let i = 0; i < 70; i++) idle.push(await open(node.port, "127.0.0.1", GET));
  await until(() => idle.every(({ received }) => received.includes("page of")));
  const half = await open(node.port, "127.0.0.1", GET.slice(0, 20));
  await node.clock.advance(250);
  await until(() => idle.every(({ isEnded }) => isEnded()));
  half.socket.write(GET.slice(20));
  await until(() => half.received.startsWith("HTTP/1.1 200"));
  expect(said).toEqual([]);
});
