/**
 * A kernel with the real modules on a real folder, with files beside and above the drives that nobody may read or change.
 *
 * root/canary.txt, root/outside/secret.txt          above the home
 * root/home/canary.txt                              beside the modules' folders
 * root/home/{vfs,kv,sqlite}/canary.txt              beside the packages
 * root/home/vfs/z:z.os/d/canary.txt                  of a package that takes no part
 * root/home/vfs/p:x.os/d/{out,outfile,up,loop}      links to all of them, as a person might have made
 * @module
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createNodeSigner } from "@kinode-ts/crypto";
import { openFolderKv, openFolderSqlite } from "@kinode-ts/data";
import { createEth } from "@kinode-ts/eth";
import {
  createBunTransport,
  createHttpClient,
  createHttpServer,
  type HttpTransport,
} from "@kinode-ts/http";
import { createKernel, type Kernel } from "@kinode-ts/kernel";
import { openSqliteStore } from "@kinode-ts/store/sqlite";
import {
  createFdManager,
  createScheduler,
  createState,
  createTimer,
  createUnavailableModule,
} from "@kinode-ts/system";
import { createLogReader } from "@kinode-ts/terminal";
import { createSeededRandom } from "@kinode-ts/testing";
import {
  ETH_PROCESS,
  type KernelMessage,
  messagingCapability,
  NET_PROCESS,
  type NetworkEvents,
  type ProcessId,
  type RuntimeModule,
} from "@kinode-ts/types";
import { openFolderDisk, openFolderVfs, type PackageDisk } from "@kinode-ts/vfs";
import { createSystemClock } from "../../src/boot/system-clock.ts";
import { type LyingRpc, startLyingRpc } from "./lying-rpc.ts";
import { type Outcome, type Puppet, PuppetExecutor } from "./puppets.ts";

export const OUR = "alice.os";
/** In every file that must not be read. */
export const SECRET = "this-canary-must-not-be-read";
/** Part of every path of the host that an answer could show. */
export const ROOT_NAME = "kinode-fuzz-root-";

/** Who sends: its own package, one without rights, strangers, and names that look like the system's. */
export const SOURCES = [
  "main:p:x.os",
  "other:p:x.os",
  "main:q:y.os",
  "kernel:distro:sys.os",
  "kernel:kernel:kernel",
  "script:terminal:sys",
  "helper:distro:sys",
] as const;

/** Of each package: four gigabytes of nothing (`SetLen`) take long to copy. */
const DISK_BYTES = 256 * 1024 * 1024;

export interface SlowCall {
  /** Of the processor. */
  readonly ms: number;
  readonly message: KernelMessage;
}

export class World {
  readonly root: string;
  readonly home: string;
  /** Everything that must not happen and was seen from outside of an answer. */
  readonly faults: string[] = [];
  slowest: SlowCall | undefined;
  readonly #executor: PuppetExecutor;
  readonly #disk: PackageDisk;
  readonly #modules: readonly RuntimeModule[];
  readonly #server: Bun.Server<undefined>;
  readonly #rpc: LyingRpc = startLyingRpc(3);
  /** Modules that have something to say to other nodes. */
  readonly #speakers: ReadonlySet<ProcessId>;
  #kernel!: Kernel;
  #network!: NetworkEvents;
  #close: () => Promise<void> = async () => {};
  #before: ReadonlyMap<string, string> = new Map();

  private constructor(
    server: Bun.Server<undefined>,
    onOutcome: (token: number, outcome: Outcome) => void,
    replacement: RuntimeModule | undefined,
  ) {
    this.root = mkdtempSync(join(tmpdir(), ROOT_NAME));
    this.home = join(this.root, "home");
    this.#executor = new PuppetExecutor(onOutcome);
    this.#server = server;
    for (const folder of ["vfs", "kv", "sqlite"])
      mkdirSync(join(this.home, folder), { recursive: true });
    const folders = ["vfs", "kv", "sqlite"].map((name) => join(this.home, name));
    this.#disk = openFolderDisk({ folders });
    this.#disk.load(PACKAGES.map((key) => ({ key, value: JSON.stringify({ bytes: DISK_BYTES }) })));
    this.#speakers = new Set(replacement?.id === ETH_PROCESS ? [] : [ETH_PROCESS]);
    this.#modules = this.#createModules().map((module) =>
      module.id === replacement?.id ? replacement : module,
    );
  }

  /** @param replacement - takes the place of the module with its id */
  static async create(
    onOutcome: (token: number, outcome: Outcome) => void,
    replacement?: RuntimeModule,
  ): Promise<World> {
    const world = new World(startServer(), onOutcome, replacement);
    await world.#boot();
    return world;
  }

  get port(): number {
    return this.#server.port!;
  }

  puppet(process: string): Puppet {
    return this.#executor.puppets.get(process as ProcessId)!;
  }

  /** A message from another node. */
  receive(message: KernelMessage): void {
    void this.#network.received(message);
  }

  /** Puts back what cases may have removed. Only while nothing is under way. */
  restock(): void {
    const drive = join(this.home, "vfs/p:x.os/d");
    const put = (path: string, text: string): void => {
      mkdirSync(join(path, ".."), { recursive: true });
      if (!existsSync(path)) writeFileSync(path, text);
    };
    const link = (name: string, target: string): void => {
      rmSync(join(drive, name), { force: true, recursive: true });
      symlinkSync(target, join(drive, name));
    };
    for (const name of ["d", "e"])
      rmSync(join(this.home, "vfs", "p:x.os", name), { force: true, recursive: true });
    put(join(drive, "f"), "0123456789");
    put(join(drive, "sub/g"), "in a folder");
    put(join(this.home, "vfs/q:y.os/e/f"), "of another package");
    link("out", join(this.root, "outside"));
    link("outfile", join(this.root, "canary.txt"));
    link("up", "../..");
    link("loop", ".");
    // What was removed here was removed behind the node's back.
    for (const owner of PACKAGES) {
      const account = this.#disk.account(owner);
      if (!(account instanceof Promise)) account.book(-Number.MAX_SAFE_INTEGER);
    }
  }

  /** What is different outside of the folders that the packages own. */
  changes(): string[] {
    const after = this.#look();
    const all = new Set([...this.#before.keys(), ...after.keys()]);
    return [...all].filter((path) => this.#before.get(path) !== after.get(path));
  }

  async stop(): Promise<void> {
    await this.#close();
    await this.#server.stop(true);
    await this.#rpc.stop();
    rmSync(this.root, { recursive: true, force: true });
  }

  async #boot(): Promise<void> {
    const store = await openSqliteStore({ path: join(this.home, "store.sqlite") });
    const parts = {
      store,
      commit: (changes: Parameters<Kernel["commit"]>[0]) => this.#kernel.commit(changes),
    };
    const clock = createSystemClock();
    const modules = [
      ...this.#modules,
      createScheduler({ clock, ...parts }),
      createState({ ...parts, backup: () => Promise.resolve() }),
    ].map((module) => this.#watched(module));
    this.#kernel = createKernel(
      {
        store,
        clock,
        random: createSeededRandom(1),
        printer: {
          print: (_verbosity, source, text) => {
            if (/failed on a message|internal fault|Nobody handled/.test(text)) {
              this.faults.push(`${source} printed: ${text}`);
            }
          },
        },
        signer: createNodeSigner(new Uint8Array(32).fill(7)),
        network: {
          connect: (events) => (this.#network = events),
          send: ({ source: { process } }) => {
            if (!this.#speakers.has(process)) this.faults.push(`${process} answered another node`);
          },
        },
        programs: { read: () => Promise.resolve(new Uint8Array(1)) },
        executors: [this.#executor],
        modules,
      },
      { our: OUR },
    );
    await this.#kernel.boot();
    const ids = SOURCES as readonly string[] as readonly ProcessId[];
    await this.#kernel.register(
      ids.map((id) => ({
        id,
        wasmBytesHandle: "/x:y/pkg/x.puppet",
        witVersion: 1,
        onExit: { kind: "none" },
        public: true,
        capabilities: modules.map((module) => messagingCapability(OUR, module.id)),
      })),
    );
    for (const [id, reason] of await this.#kernel.run(ids)) {
      if (reason !== undefined) throw new Error(`${id} did not start: ${reason}`);
    }
    this.restock();
    this.#plantCanaries();
    this.#close = async () => {
      await this.#kernel.shutdown();
      await store[Symbol.asyncDispose]();
    };
    this.#before = this.#look();
  }

  #createModules(): RuntimeModule[] {
    const clock = createSystemClock();
    const random = createSeededRandom(2);
    const accounts = this.#disk;
    const folder = (name: string): string => join(this.home, name);
    const http = createHttpServer({
      our: OUR,
      port: 0,
      secret: new Uint8Array(32),
      verifyPassword: () => Promise.resolve(undefined),
      localToken: "local-token",
      dev: false,
      clock,
      random,
      hostRoutes: [],
    });
    return [
      createFdManager({ budget: { kind: "static", count: 300 } }),
      http,
      createTimer({ clock }),
      createLogReader({
        clock,
        version: "1.2.3",
        watch: () => () => {},
        recentLines: () => [
          { timeMs: 0, verbosity: 0, origin: "p:x.os", text: "p:x.os: hello" },
          { timeMs: 0, verbosity: 1, origin: "q:y.os", text: "q:y.os: a detail" },
        ],
      }),
      createHttpClient({
        clock,
        ownPorts: () => [],
        wrapTransport: (transport) => onlyTo(this.#server.port!, transport),
      }),
      openFolderVfs({ folder: folder("vfs"), accounts }),
      openFolderKv({ folder: folder("kv"), clock, random, accounts }),
      openFolderSqlite({
        folder: folder("sqlite"),
        clock,
        random,
        accounts,
        maxStatementMs: 2_000,
      }),
      createUnavailableModule(NET_PROCESS),
      this.#createEth(),
    ];
  }

  /** With servers that lie, open to every node, and quick to give up. */
  #createEth(): RuntimeModule {
    const { httpUrl, wsUrl } = this.#rpc;
    const provider = (url: string): object => ({
      chain_id: 1,
      trusted: true,
      provider: { RpcUrl: url },
    });
    const network = createBunTransport({
      refusalOf: () => undefined,
      maxSocketBufferedBytes: 1 << 20,
    });
    const saved = new Map<string, string>([
      [".eth_providers", JSON.stringify([provider(wsUrl), provider(httpUrl)])],
      [".eth_access_settings", JSON.stringify({ public: true, allow: [], deny: [] })],
    ]);
    return createEth({
      clock: createSystemClock(),
      random: createSeededRandom(4),
      transport: onlyTo(Number(new URL(httpUrl).port), network),
      files: { read: async (name) => saved.get(name), write: async () => {} },
      limits: {
        cacheMs: 5,
        retryAfterMs: 5,
        attemptTimeoutMs: 100,
        coolDownMs: 10,
        maxCoolDownMs: 50,
        rateLimitedMs: 20,
        methodMemoryMs: 50,
        subscribeTimeoutMs: 200,
        resubscribeMs: 500,
        nodeTimeoutMs: 100,
      },
    });
  }

  /** Notes what a module throws, and how long it holds the thread for one message. */
  #watched(module: RuntimeModule): RuntimeModule {
    const handle = (message: KernelMessage): void => {
      const started = process.cpuUsage();
      try {
        module.handle(message);
      } finally {
        // Not by the clock: others use this machine, too.
        const { user, system } = process.cpuUsage(started);
        const ms = (user + system) / 1_000;
        if (ms > (this.slowest?.ms ?? 0)) this.slowest = { ms, message };
      }
    };
    return {
      id: module.id,
      public: module.public ?? false,
      start: (context) => module.start?.(context),
      handle,
      sendError: (message, kind) => module.sendError?.(message, kind),
      processEnded: (process) => module.processEnded?.(process),
      stop: () => module.stop?.(),
    };
  }

  #plantCanaries(): void {
    const places = [
      "canary.txt",
      "outside/secret.txt",
      "home/canary.txt",
      "home/vfs/canary.txt",
      "home/kv/canary.txt",
      "home/sqlite/canary.txt",
      "home/vfs/z:z.os/d/canary.txt",
    ];
    for (const place of places) {
      mkdirSync(join(this.root, place, ".."), { recursive: true });
      writeFileSync(join(this.root, place), SECRET);
    }
  }

  /** Paths and content of what no package owns. Folders of packages may appear and hold drives or databases. */
  #look(): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    const walk = (folder: string): void => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        const name = relative(this.root, path);
        if (isOwned(name) || name.startsWith("home/store.sqlite")) continue;
        found.set(name, entry.isFile() ? readFileSync(path, "latin1") : "");
        if (entry.isDirectory()) walk(path);
      }
    };
    walk(this.root);
    return found;
  }
}

const PACKAGES = [...new Set(SOURCES.map((source) => source.slice(source.indexOf(":") + 1)))];

/** Folders of those who send, with their drives and databases. */
function isOwned(name: string): boolean {
  const [home, module, owner] = name.split("/");
  if (home !== "home" || owner === undefined || !PACKAGES.includes(owner)) return false;
  return ["vfs", "kv", "sqlite"].includes(module ?? "");
}

/** Refuses everything but the server of this test. */
function onlyTo(port: number, transport: HttpTransport): HttpTransport {
  const check = (url: URL | string): void => {
    const { hostname, port: found } = new URL(url);
    if (hostname !== "localhost" || found !== `${port}`) throw new Error("connection refused");
  };
  return {
    exchange: async (request, ...rest) => (
      check(request.url),
      await transport.exchange(request, ...rest)
    ),
    open: async (request, ...rest) => (check(request.url), await transport.open(request, ...rest)),
    openSocket: async (url, ...rest) => (check(url), await transport.openSocket(url, ...rest)),
    close: () => transport.close(),
  };
}

function startServer(): Bun.Server<undefined> {
  return Bun.serve({
    port: 0,
    hostname: "localhost",
    fetch(request, server) {
      const { pathname } = new URL(request.url);
      if (pathname === "/ws" && server.upgrade(request)) return undefined;
      if (pathname === "/redirect")
        return new Response(null, { status: 302, headers: { location: "/page" } });
      return new Response("page", { headers: { "x-name": "value" } });
    },
    websocket: { message: (socket, message) => void socket.send(message) },
  });
}
