/**
 * An HTTP/1.1 load generator, run as a program of its own so that it does not share a thread with the server:
 * `bun http-load.ts <port> <path> <connections> <milliseconds> [cookie] [requests per second]` prints `LoadResult` as JSON.
 * Each connection sends its next request when the answer to the last one is complete; with a rate, not before its time, and
 * what it then waits for the last answer counts as part of the next one's time.
 * @module
 */
import { percentile } from "./figure.ts";

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers with a status other than 200. */
  readonly failedCount: number;
}

/** Runs the generator against a server on this machine and gives its result back. */
export async function load(
  port: number,
  path: string,
  connections: number,
  durationMs: number,
  cookie = "",
  requestsPerSecond = Infinity,
): Promise<LoadResult> {
  const child = Bun.spawn(
    [
      process.execPath,
      import.meta.path,
      String(port),
      path,
      String(connections),
      String(durationMs),
      cookie,
      String(requestsPerSecond),
    ],
    { stdout: "pipe", stderr: "inherit" },
  );
  return JSON.parse(await new Response(child.stdout).text()) as LoadResult;
}

interface Connection {
  /** When the request was sent; with a rate, when it was due. */
  sentAtMs: number;
  /** When the next is due; before that nothing is sent. */
  nextAtMs: number;
  /** Bytes of the answer that are still to come; −1 while its head is incomplete. */
  missing: number;
  head: string;
}

async function generate(
  port: number,
  path: string,
  connections: number,
  durationMs: number,
  cookie: string,
  requestsPerSecond: number,
): Promise<LoadResult> {
  const intervalMs = (connections / requestsPerSecond) * 1_000;
  const request = Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\n${cookie === "" ? "" : `Cookie: ${cookie}\r\n`}\r\n`,
  );
  const latencies: number[] = [];
  let failedCount = 0;
  let counting = false;
  let over = false;

  const send = (socket: Bun.Socket<Connection>) => {
    const state = socket.data;
    state.sentAtMs = intervalMs === 0 ? performance.now() : state.nextAtMs;
    state.nextAtMs += intervalMs;
    socket.data.missing = -1;
    socket.data.head = "";
    socket.write(request);
  };
  const data = (socket: Bun.Socket<Connection>, chunk: Buffer) => {
    const state = socket.data;
    if (state.missing < 0) {
      state.head += chunk.toString("latin1");
      const end = state.head.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = /content-length: (\d+)/i.exec(state.head);
      state.missing = Number(length?.[1] ?? 0) - (state.head.length - end - 4);
      if (!state.head.startsWith("HTTP/1.1 200")) failedCount++;
    } else {
      state.missing -= chunk.length;
    }
    if (state.missing > 0) return;
    if (counting) latencies.push(performance.now() - state.sentAtMs);
    if (!over && intervalMs === 0) send(socket);
  };
  /** Looks every millisecond who is due and has its last answer. */
  const pace = (): void => {
    const nowMs = performance.now();
    for (const socket of sockets) {
      if (socket.data.missing === 0 && socket.data.nextAtMs <= nowMs) send(socket);
    }
    if (!over) setTimeout(pace, 1);
  };
  const sockets = await Promise.all(
    Array.from({ length: connections }, () =>
      Bun.connect<Connection>({
        hostname: "127.0.0.1",
        port,
        data: { sentAtMs: 0, nextAtMs: 0, missing: 0, head: "" },
        socket: { data, close: () => {}, error: () => {} },
      }),
    ),
  );
  if (intervalMs === 0) for (const socket of sockets) send(socket);
  else {
    const nowMs = performance.now();
    for (const [at, socket] of sockets.entries()) {
      socket.data.nextAtMs = nowMs + (at / connections) * intervalMs;
    }
    pace();
  }
  await Bun.sleep(durationMs / 4); // warm-up
  counting = true;
  const startedMs = performance.now();
  await Bun.sleep(durationMs);
  counting = false;
  over = true;
  const seconds = (performance.now() - startedMs) / 1000;
  for (const socket of sockets) socket.end();
  return {
    requestsPerSecond: latencies.length / seconds,
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
    failedCount,
  };
}

if (import.meta.main) {
  const [port, path = "/", connections, durationMs, cookie = "", rate] = process.argv.slice(2);
  const result = await generate(
    Number(port),
    path,
    Number(connections),
    Number(durationMs),
    cookie,
    Number(rate ?? Infinity),
  );
  await Bun.write(Bun.stdout, JSON.stringify(result));
  process.exit(0);
}
