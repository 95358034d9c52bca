/**
 * Pages of one process while another gets in the way: each neighbour on a node of its own, beside the same load without it.
 * @module
 */
import { guestBytes } from "@kinode-ts/testing/guests";
import { type Figure, figure, type Scenario, type Target } from "../figure.ts";
import { load, type LoadResult } from "../http-load.ts";
import { connectControl, type NodeControl } from "../node-control.ts";
import { type ServerProgram, startNode, temporaryFolder } from "../node-program.ts";
import { packProcesses } from "../pack-processes.ts";

const PACKAGE = "isolation:example.os";
const PAGES = `web-pages:${PACKAGE}`;
const BAD = ["web-bad-1", "web-bad-2"].map((name) => `${name}:${PACKAGE}`);
const CONNECTIONS = 32;
const LOAD_MS = 1_500;
const ROUNDS = 4;
const SETTLE_MS = 500;
/** More than one sender may have waiting in a mailbox. */
const UNREAD_REQUESTS = 6_000;
/** Of the paced load: what a few visitors of a page make. */
const VISITORS = 8;
const VISITS_PER_SECOND = 1_000;
/** A neighbour that takes its share of the processor costs others the wait for its slice; one that only waits costs nothing. */
const SHARING = { max: 10 };
const WAITING = { maxRatio: 2 };

const LOADS =
  `${CONNECTIONS} connections without a pause, which take as much of the processor as they get; visits are ` +
  `${VISITS_PER_SECOND.toLocaleString("en-US")} requests per second over ${VISITORS} connections. Processes that compute take turns of ` +
  "one slice each. The calmest of four rounds.";

interface Neighbour {
  readonly name: string;
  /** For the last percent of the visits. */
  readonly target: Target;
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

interface Loads {
  /** As much as the node can answer. */
  readonly full: LoadResult;
  /** Far less than that. */
  readonly paced: LoadResult;
}

function calmer(a: LoadResult | undefined, b: LoadResult): LoadResult {
  if (a === undefined) return b;
  const failedCount = a.failedCount + b.failedCount;
  return { ...(b.p99Ms < a.p99Ms ? b : a), failedCount };
}

/** Of a few rounds the one with the shortest waits: what other programs do on the machine only makes them longer. */
async function loadPages(node: ServerProgram, rounds: number): Promise<Loads> {
  const path = `/${PAGES}/?n=1`;
  let full: LoadResult | undefined;
  let paced: LoadResult | undefined;
  for (let round = 0; round < rounds; round++) {
    full = calmer(full, await load(node.port, path, CONNECTIONS, LOAD_MS));
    paced = calmer(paced, await load(node.port, path, VISITORS, LOAD_MS, "", VISITS_PER_SECOND));
  }
  return { full: full!, paced: paced! };
}

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
  await loadPages(node, 1); // warm-up
  const alone = await loadPages(node, ROUNDS);
  await neighbour.begin(node, control);
  await Bun.sleep(SETTLE_MS);
  const beside = await loadPages(node, ROUNDS);
  const failedCount = beside.full.failedCount + beside.paced.failedCount;
  if (failedCount > 0) throw new Error(`${failedCount} pages failed beside ${neighbour.name}`);
  return besideFigures(`beside-${neighbour.name}`, alone, beside, neighbour.target);
}

function besideFigures(name: string, alone: Loads, beside: Loads, target: Target): Figure[] {
  const base = (value: number) => ({ name: "the same node before", value });
  const { full, paced } = beside;
  return [
    figure(name, full.requestsPerSecond, "requests/s", base(alone.full.requestsPerSecond)),
    figure(`${name}-p50`, full.p50Ms, "ms", base(alone.full.p50Ms)),
    figure(`${name}-p99`, full.p99Ms, "ms", base(alone.full.p99Ms)),
    figure(`${name}-visit-p50`, paced.p50Ms, "ms", base(alone.paced.p50Ms)),
    figure(`${name}-visit-p99`, paced.p99Ms, "ms", base(alone.paced.p99Ms), target),
  ].map((made) => ({ ...made, note: LOADS }));
}

const SUFFIXES = ["", "-p50", "-p99", "-visit-p50", "-visit-p99"];

export const ISOLATION: readonly Scenario[] = NEIGHBOURS.map((neighbour) => ({
  name: `pages beside ${neighbour.name}`,
  figures: SUFFIXES.map((suffix) => `beside-${neighbour.name}${suffix}`),
  run: () => measure(neighbour),
}));
