/**
 * Puts a node together: the only file that knows every concrete part.
 * Boot order: spec/kernel.md §6.3. Nothing here waits for a network.
 * @module
 */
import { totalmem } from "node:os";
import { join } from "node:path";
import { signCapability } from "@kinode-ts/caps";
import {
  createComponentExecutor,
  MemoryBudget,
  type MeteredModuleStore,
} from "@kinode-ts/component";
import { createNodeSigner, primitives } from "@kinode-ts/crypto";
import { createSystemRandom } from "@kinode-ts/crypto/random";
import { createNativeExecutor, createScriptExecutor } from "@kinode-ts/engine";
import { openFolderKv, openFolderSqlite } from "@kinode-ts/data";
import {
  createHttpClient,
  createHttpServer,
  type HostRouteInfo,
  isBearer,
  loginPageResponse,
  TlsIdentityError,
} from "@kinode-ts/http";
import { createKernel, type Kernel } from "@kinode-ts/kernel";
import { type Package, readPackage } from "@kinode-ts/kit";
import { openSqliteStore } from "@kinode-ts/store/sqlite";
import {
  createFdManager,
  createScheduler,
  createState,
  createTimer,
  createUnavailableModule,
  withOldName,
} from "@kinode-ts/system";
import { createLogReader, type NodePrinter, type Screen } from "@kinode-ts/terminal";
import {
  type Clock,
  type DiskAccounts,
  ETH_PROCESS,
  HTTP_SERVER_PROCESS,
  TERMINAL_PROCESS,
  KERNEL_PROCESS,
  NET_PROCESS,
  type NodeSigner,
  packageOf,
  type ProcessId,
  type ProgramFiles,
  type Random,
  type Store,
} from "@kinode-ts/types";
import { DISK_LIMITS_SPACE, openFolderDisk, openFolderVfs, type Vfs } from "@kinode-ts/vfs";
import manifest from "../../package.json" with { type: "json" };
import { readPackageSource } from "../commands/package-source.ts";
import { CONTROL_PREFIX, handleControl } from "../control/control.ts";
import type { ControlPowers } from "../control/control-powers.ts";
import { serveSystemPages, type SystemPages } from "../control/system-pages.ts";
import { Uploads } from "../control/uploads.ts";
import { type BundledPackage, putBundledFiles, registerBundled } from "../packages/bundled.ts";
import { recoverInstallations } from "../packages/install-journal.ts";
import { Installer } from "../packages/installer.ts";
import { PackageRecords } from "../packages/package-records.ts";
import { Permissions } from "../packages/permissions.ts";
import { loadBundledPackages, systemPages, trustedPrograms } from "./bundled-packages.ts";
import type { HomeFolder } from "./home-folder.ts";
import type { Identity } from "./identity.ts";
import { waitForFirstPage } from "./first-page.ts";
import { createMeteredModules } from "./metered-modules.ts";
import { createNoNetwork } from "./no-network.ts";
import { readOpenFileLimit } from "./open-file-limit.ts";
import { chooseSystemPort } from "./ports.ts";
import { provideLocalToken } from "./run-file.ts";
import type { StartConfig } from "./start-config.ts";
import { readTlsFiles, tlsFault, watchTlsFiles } from "./tls-files.ts";
import type { OpenTerminal } from "./terminals.ts";

/** Parts of the documented set that come in later versions: they say so to whoever asks. */
const MISSING_MODULES: readonly ProcessId[] = [NET_PROCESS, ETH_PROCESS];

export interface RunningNode {
  readonly kernel: Kernel;
  readonly port: number;
  /** Where apps are, on this machine. */
  readonly url: string;
  /** Where browsers find them. */
  readonly appsUrl: string;
  /** Where the node's own pages are. */
  readonly pagesUrl: string;
  readonly issueLoginLink: () => string;
  /** Writes everything and releases everything. Idempotent. */
  stop(): Promise<void>;
}

export interface ComposeOptions {
  readonly config: StartConfig;
  readonly home: HomeFolder;
  readonly identity: Identity;
  readonly packages: readonly BundledPackage[];
  readonly port: number;
  readonly clock: Clock;
  /** Default: the system's. */
  readonly random?: Random;
  readonly printer: NodePrinter;
  /** Opens a terminal in a browser; without it there is none. */
  readonly openTerminal?: (kernel: Kernel, screen: Screen, session: string) => OpenTerminal;
  /** Asked for over the control interface. */
  readonly onShutdown: () => void;
  /** Called before the kernel boots, so that events of the boot can be seen. */
  readonly onKernel: (kernel: Kernel) => void;
}

async function loadExtraPackages(paths: readonly string[]): Promise<Package[]> {
  return await Promise.all(
    paths.map(async (path) => {
      const { zip, id, metadata } = await readPackageSource(path);
      return await readPackage(zip, { id, metadata });
    }),
  );
}

/**
 * The packages of the release and of `--package`, read and checked.
 * @throws {KinodeError} one of them is missing or is no package
 */
export async function loadPackages(paths: readonly string[]): Promise<BundledPackage[]> {
  const [release, extra] = await Promise.all([loadBundledPackages(), loadExtraPackages(paths)]);
  return [
    ...release.map((each): BundledPackage => ({ package: each, by: "release" })),
    ...extra.map((each): BundledPackage => ({ package: each, by: "start --package" })),
  ];
}

function createExecutors(
  packages: readonly BundledPackage[],
  files: ProgramFiles,
  clock: Clock,
  random: Random,
  meteredModules: MeteredModuleStore,
) {
  const release = packages.filter(({ by }) => by === "release").map((each) => each.package);
  const trusted = trustedPrograms(release);
  // Half of the machine: a process that spawns many must not take the memory of everything else.
  const memory = new MemoryBudget(totalmem() / 2);
  const isTrusted = (bytes: Uint8Array): boolean => trusted.has(primitives.sha256(bytes).toHex());
  return [
    createNativeExecutor({ trusted: (source) => isTrusted(source.bytes) }),
    createScriptExecutor({
      clock,
      random,
      memory,
      meteredModules,
      readFile: (path) => files.read(path),
    }),
    createComponentExecutor({ clock, random, memory, meteredModules }),
  ];
}

/** Tells the home page to forget a process that was removed. */
function forgetEntry(kernel: Kernel, signer: NodeSigner, random: Random, process: ProcessId): void {
  const homepage = { node: kernel.our, process: "homepage:homepage:sys" as ProcessId };
  const right = signCapability(signer, { issuer: homepage, params: '"RemoveOther"' });
  kernel.inject({
    id: random.u64(),
    source: { node: kernel.our, process: TERMINAL_PROCESS },
    target: homepage,
    rsvp: undefined,
    message: {
      kind: "request",
      inherit: false,
      expectsResponse: undefined,
      body: new TextEncoder().encode(JSON.stringify({ RemoveOther: process })),
      metadata: undefined,
      capabilities: [right],
    },
    blob: undefined,
  });
}

function createModules(
  options: ComposeOptions,
  parts: {
    readonly store: Store;
    readonly vfs: Vfs;
    /** For every module that keeps files of packages. */
    readonly accounts: DiskAccounts;
    readonly random: Random;
    readonly kernel: () => Kernel;
    readonly ownPorts: () => readonly number[];
  },
) {
  const { clock, home, config } = options;
  const { store, kernel, random, ownPorts, accounts } = parts;
  return [
    // First: the vfs asks it for its share when it starts.
    createFdManager({
      budget:
        config.softUlimit === undefined
          ? { kind: "ulimit", softLimit: readOpenFileLimit() }
          : { kind: "static", count: config.softUlimit },
      sockets: [HTTP_SERVER_PROCESS],
      clock,
    }),
    createTimer({ clock }),
    createLogReader({ recentLines: () => options.printer.recentLines() }),
    createScheduler({ clock, store, commit: (changes) => kernel().commit(changes) }),
    createHttpClient({ clock, ownPorts, proxy: config.clientProxy }),
    parts.vfs,
    openFolderKv({ folder: home.kv, clock, random, accounts }),
    openFolderSqlite({ folder: home.sqlite, clock, random, accounts }),
    ...MISSING_MODULES.map(createUnavailableModule),
    createState({
      store,
      commit: (changes) => kernel().commit(changes),
      backup: () => store.backup(`${home.path}/kernel/backup`),
    }),
  ];
}

/** From the origin of the apps to the one of the node's own pages, by the name the browser used. */
function toSystemPages(
  { protocol, host }: HostRouteInfo,
  publicUrl: string | undefined,
  pages: SystemPages | undefined,
): Response {
  if (pages === undefined) return new Response(null, { status: 503 });
  const location = `${publicUrl ?? `${protocol}://${host}:${pages.port}`}/`;
  return new Response(null, { status: 303, headers: { location } });
}

/** Builds and boots a node; settles when its first page can be served. */
export async function composeNode(options: ComposeOptions): Promise<RunningNode> {
  const { config, home, identity, packages, clock, printer } = options;
  const random = options.random ?? createSystemRandom();
  const signer = createNodeSigner(identity.networkingSeed);
  const localToken = provideLocalToken(home, random);
  const say = (text: string): void => printer.print(0, KERNEL_PROCESS, text);
  const store = await openSqliteStore({ path: home.storeFile });
  const disk = openFolderDisk({ folders: [home.vfs, home.kv, home.sqlite] });
  disk.load(await store.records(DISK_LIMITS_SPACE));
  const vfs = openFolderVfs({ folder: home.vfs, accounts: disk });
  const bundled = new Set(packages.map((each) => each.package.id));
  const kept = createMeteredModules({ folder: join(home.cache, "metered"), signer });
  const executors = createExecutors(packages, vfs.files, clock, random, kept);
  const records = new PackageRecords(clock);
  const control: { powers?: ControlPowers; pages?: SystemPages } = {};
  /** What this node listens on, once it does: apps must not come back to it through the HTTP client. */
  const ownPorts: number[] = [];
  const tls = config.tls && readTlsFiles(config.tls);
  const http = createHttpServer({
    our: identity.name,
    hostname: config.hostname,
    port: options.port,
    tls,
    trustedProxies: config.trustedProxies,
    files: {
      mayRead: (process, path) => vfs.mayRead(process, path),
      open: (path) => vfs.files.open(path),
    },
    secret: identity.jwtSecret,
    verifyPassword: identity.verifyPassword,
    localToken,
    dev: config.dev,
    clock,
    random,
    hostRoutes: [
      {
        prefix: CONTROL_PREFIX,
        // On the origin of the apps the cookie is not enough: system-pages.ts says why.
        handle: (request, { sameOrigin }) =>
          handleControl(control.powers!, request, {
            authenticated: isBearer(request.headers, localToken),
            sameOrigin,
          }),
      },
      {
        prefix: "/~/system",
        // In place: the login page loads its own address again once the person is logged in.
        handle: (_request, info) =>
          info.authenticated
            ? toSystemPages(info, config.pagesUrl, control.pages)
            : loginPageResponse(identity.name),
      },
    ],
  });
  const kernel: Kernel = createKernel(
    {
      store,
      clock,
      random,
      printer,
      signer,
      network: createNoNetwork(),
      programs: vfs.files,
      executors,
      modules: [
        http,
        ...createModules(options, {
          store,
          vfs,
          accounts: disk,
          random,
          kernel: () => kernel,
          ownPorts: () => ownPorts,
        }),
      ].flatMap(withOldName),
    },
    { our: identity.name, bundled: (process) => bundled.has(packageOf(process)) },
  );

  for (const id of await recoverInstallations(store, vfs.files)) {
    say(`The installation of ${id} was interrupted; what was there before is back`);
  }
  await records.load(store);
  await putBundledFiles(vfs.files, packages);
  const permissions = new Permissions({ our: identity.name, kernel, records });
  const installer = new Installer({
    our: identity.name,
    kernel,
    store,
    files: vfs.files,
    executors,
    clock,
    printer,
    records,
    bundled,
    forgetEntry: (process) => forgetEntry(kernel, signer, random, process),
  });
  let url = "";
  control.powers = {
    kernel,
    installer,
    permissions,
    disk,
    uploads: new Uploads(clock),
    printer,
    clock,
    random,
    version: manifest.version,
    url: () => url,
    startedAtMs: clock.nowMs(),
    appsPort: () => Number(new URL(url).port),
    missingModules: new Set(MISSING_MODULES),
    issueLoginLink: () => control.pages?.issueLoginLink() ?? "",
    shutdown: options.onShutdown,
  };
  options.onKernel(kernel);
  await kernel.boot();
  await registerBundled(
    { our: identity.name, kernel, files: vfs.files, clock, printer, records },
    packages,
  );
  // The kernel keeps in memory alone what may not be saved again from a message; the records know it for good.
  await kernel.revoke(records.withdrawn());
  const listening = await http.listen().catch((thrown: unknown) => {
    throw config.tls !== undefined && thrown instanceof TlsIdentityError
      ? tlsFault(config.tls, thrown)
      : thrown;
  });
  url = listening.url;
  ownPorts.push(listening.port);
  const pages = serveSystemPages({
    our: identity.name,
    hostname: config.hostname,
    port: chooseSystemPort(options.port, config.hostname),
    secret: identity.jwtSecret,
    clock,
    random,
    files: systemPages(packages.map((each) => each.package)),
    control: (request, access) => handleControl(control.powers!, request, access),
    openTerminal: (screen, session) => options.openTerminal?.(kernel, screen, session),
    appsPort: listening.port,
    tls,
    trustedProxies: config.trustedProxies,
    publicUrl: config.pagesUrl,
    appsUrl: config.publicUrl,
  });
  control.pages = pages;
  ownPorts.push(pages.port);
  const unwatchTls =
    config.tls === undefined
      ? undefined
      : watchTlsFiles(config.tls, { clock, say }, (renewed) => {
          http.renewCertificate(renewed);
          pages.renewCertificate(renewed);
        });
  await waitForFirstPage(listening.port, config.hostname, clock, tls !== undefined);

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    unwatchTls?.();
    await pages.stop();
    await kernel.shutdown();
    await store[Symbol.asyncDispose]();
  };
  return {
    kernel,
    port: listening.port,
    url,
    appsUrl: config.publicUrl ?? url,
    pagesUrl: pages.url,
    issueLoginLink: () => pages.issueLoginLink(),
    stop: () => (stopping ??= stop()),
  };
}
