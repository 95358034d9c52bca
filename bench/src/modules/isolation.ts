/**
 * Pages of one process while another gets in the way: each neighbour on a node of its own, beside the same load without it.
 * @module
 */
import { guestBytes } from "@kinode-ts/testing/guests";
import { type Figure, figure, type Scenario } from "../figure.ts";
import { load, type LoadResult } from "../http-load.ts";
import { connectControl, type NodeControl } from "../node-control.ts";
import { type ServerProgram, startNode, temporaryFolder } from "../node-program.ts";
import { packProcesses } from "../pack-processes.ts";

const PACKAGE = "isolation:example.os";
const PAGES = `web-pages:${PACKAGE}`;
const BAD = ["web-bad-1", "web-bad-2"].map((name) => `${name}:${PACKAGE}`);
const CONNECTIONS = 32;
const LOAD_MS = 2_500;
const SETTLE_MS = 500;
/** More than one sender may have waiting in a mailbox. */
const UNREAD_REQUESTS = 6_000;
/** A neighbour that takes its share of the processor costs others their turn's wait; one that only waits costs nothing. */
const SHARING = { maxRatio: 4 };
const WAITING = { maxRatio: 2 };

interface Neighbour {
  readonly name: string;
  readonly target: { readonly maxRatio: number };
  begin(node: ServerProgram, control: NodeControl): Promise<unknown>;
}

/** Requests that nobody answers, from clients that leave at once: they wait in the mailbox. */
async function abandonRequests(port: number, path: string, count: number): Promise<void> {
  const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  let left = count;
  const client = async (): Promise<void> => {
    while (left-- > 0) {
      const done = Promise.withResolvers<void>();
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: { data: () => {}, close: () => done.resolve(), error: () => done.resolve() },
      });
      socket.write(request);
      socket.flush();
      await Bun.sleep(1);
      socket.end();
      await done.promise;
    }
  };
  await Promise.all(Array.from({ length: 50 }, client));
}

/** A web socket whose client never reads what is pushed to it. */
async function openDeafSocket(port: number, path: string): Promise<void> {
  const opened = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(from) {
        from.pause();
        opened.resolve();
      },
      close: () => opened.resolve(),
      error: () => opened.resolve(),
    },
  });
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  await opened.promise;
}

const harm = (control: NodeControl, kind: string, processes: readonly string[]) =>
  Promise.all(processes.map((process) => control.send(process, { harm: kind })));

const NEIGHBOURS: readonly Neighbour[] = [
  {
    name: "deaf",
    target: WAITING,
    async begin({ port }, control) {
      await harm(control, "deaf", BAD.slice(0, 1));
      await abandonRequests(port, `/${BAD[0]}/`, UNREAD_REQUESTS);
    },
  },
  {
    name: "two-spinning",
    target: SHARING,
    begin: (_, control) => harm(control, "spin", BAD),
  },
  {
    name: "deaf-socket",
    target: WAITING,
    begin: ({ port }) => openDeafSocket(port, `/${BAD[0]}/pushed`),
  },
  {
    name: "endless-sql",
    target: SHARING,
    begin: (_, control) => harm(control, "sql", BAD.slice(0, 1)),
  },
  {
    name: "endless-writing",
    target: SHARING,
    begin: (_, control) => harm(control, "write", BAD.slice(0, 1)),
  },
];

const loadPages = (node: ServerProgram): Promise<LoadResult> =>
  load(node.port, `/${PAGES}/?n=1`, CONNECTIONS, LOAD_MS);

async function measure(neighbour: Neighbour): Promise<Figure[]> {
  using folder = temporaryFolder();
  const processes = [PAGES, ...BAD].map((id) => ({ name: id.split(":")[0]!, file: "m.wasm" }));
  const files = { "m.wasm": guestBytes("rust-modules") };
  const zip = await packProcesses("isolation", processes, files, folder.path);
  const home = `${folder.path}/home`;
  await using node = await startNode(home, ["--package", zip, "--port", "0"]);
  const control = connectControl(home, node.port);
  for (const process of [PAGES, ...BAD]) {
    // It answers once it has bound its page.
    await control.send(process, { serve: false }, 20);
  }
  await loadPages(node); // warm-up
  const alone = await loadPages(node);
  await neighbour.begin(node, control);
  await Bun.sleep(SETTLE_MS);
  const beside = await loadPages(node);
  if (beside.failedCount > 0) {
    throw new Error(`${beside.failedCount} pages failed beside ${neighbour.name}`);
  }
  const name = `beside-${neighbour.name}`;
  const base = (value: number) => ({ name: "the same node before", value });
  return [
    figure(name, beside.requestsPerSecond, "requests/s", base(alone.requestsPerSecond)),
    figure(`${name}-p50`, beside.p50Ms, "ms", base(alone.p50Ms)),
    figure(`${name}-p99`, beside.p99Ms, "ms", base(alone.p99Ms), neighbour.target),
  ];
}

export const ISOLATION: readonly Scenario[] = NEIGHBOURS.map((neighbour) => ({
  name: `pages beside ${neighbour.name}`,
  figures: ["", "-p50", "-p99"].map((suffix) => `beside-${neighbour.name}${suffix}`),
  run: () => measure(neighbour),
}));
