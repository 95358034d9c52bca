/**
 * Puts a node together out of its parts.
 * Boot order: spec/kernel.md §6.3. Nothing here waits for a network.
 * @module
 */
import { join } from "node:path";
import { machineMemoryBytes } from "@kinode-ts/component";
import { createReplaceableSigner } from "@kinode-ts/crypto";
import { createSystemRandom } from "@kinode-ts/crypto/random";
import {
  createHttpServer,
  guardConnections,
  type HostRouteInfo,
  isBearer,
  limitsForMemory,
  loginPageResponse,
  TlsIdentityError,
} from "@kinode-ts/http";
import { createKernel, type Kernel } from "@kinode-ts/kernel";
import { openSqliteStore } from "@kinode-ts/store/sqlite";
import { withOldName } from "@kinode-ts/system";
import type { NodePrinter, Screen } from "@kinode-ts/terminal";
import { type Clock, KERNEL_PROCESS, packageOf, type Random } from "@kinode-ts/types";
import { DISK_LIMITS_SPACE, openFolderDisk, openFolderVfs } from "@kinode-ts/vfs";
import manifest from "../../package.json" with { type: "json" };
import { CONTROL_PREFIX, handleControl } from "../control/control.ts";
import type { ControlPowers } from "../control/control-powers.ts";
import { ENDED_LINK, serveSystemPages, type SystemPages } from "../control/system-pages.ts";
import { Uploads } from "../control/uploads.ts";
import { type BundledPackage, putBundledFiles, registerBundled } from "../packages/bundled.ts";
import { createNodeEth } from "../network/create-eth.ts";
import { createNetwork, readLocalRows } from "../network/create-network.ts";
import { createLocalNetwork } from "../network/local-network.ts";
import { forgetEntry } from "../packages/forget-entry.ts";
import { recoverInstallations } from "../packages/install-journal.ts";
import { Installer } from "../packages/installer.ts";
import { PackageRecords } from "../packages/package-records.ts";
import { Permissions } from "../packages/permissions.ts";
import { systemPages } from "./bundled-packages.ts";
import { createExecutors } from "./executors.ts";
import type { HomeFolder } from "./home-folder.ts";
import type { Identity } from "./identity.ts";
import { waitForFirstPage } from "./first-page.ts";
import { createMeteredModules } from "./metered-modules.ts";
import { createModules, MISSING_MODULES } from "./modules.ts";
import { readOpenFileLimit } from "./open-file-limit.ts";
import { chooseHttpPort, chooseSystemPort, openFreePort } from "./ports.ts";
import { provideLocalToken } from "./run-file.ts";
import type { StartConfig } from "./start-config.ts";
import { readTlsFiles, tlsFault, watchTlsFiles } from "./tls-files.ts";
import type { OpenTerminal } from "./terminals.ts";

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
  const signer = createReplaceableSigner(identity.networkingSeed);
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
    limits: limitsForMemory(machineMemoryBytes()),
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
        handle: (request, info) =>
          info.authenticated
            ? toSystemPages(info, config.pagesUrl, control.pages)
            : loginPageResponse(
                identity.name,
                request.url.endsWith(ENDED_LINK) ? "ended-link" : undefined,
              ),
      },
    ],
  });
  const { net, local } = createNetwork({
    our: identity.name,
    config: config.network,
    signer,
    clock,
    random,
    rows: await readLocalRows(store),
    commit: (changes) => kernel.commit(changes),
    chainRouting: identity.chainRouting,
  });
  const eth = createNodeEth({
    home,
    config,
    chainRouting: identity.chainRouting,
    net,
    clock,
    random,
  });
  const kernel: Kernel = createKernel(
    {
      store,
      clock,
      random,
      printer,
      signer,
      network: net,
      programs: vfs.files,
      executors,
      modules: [
        http,
        ...createModules({
          config,
          version: manifest.version,
          home,
          clock,
          printer,
          store,
          vfs,
          accounts: disk,
          random,
          net,
          eth,
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
  const localNetwork =
    local &&
    createLocalNetwork({
      identity: local,
      announceLan: config.network.announceLan && config.network.isOn,
      home,
      store,
      random,
      clock,
      say,
      commit: (changes) => kernel.commit(changes),
      keyChanged: (seed) => {
        signer.replace(seed);
        return kernel.resign();
      },
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
    network: {
      local: localNetwork,
      maxPassthroughs: config.network.maxPassthroughs,
    },
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
  const { hostname } = config;
  const listening = await openFreePort(
    options.port,
    config.port === undefined ? () => chooseHttpPort(undefined, hostname) : undefined,
    (port) => http.listen(port),
  ).catch((thrown: unknown) => {
    throw config.tls !== undefined && thrown instanceof TlsIdentityError
      ? tlsFault(config.tls, thrown)
      : thrown;
  });
  url = listening.url;
  ownPorts.push(listening.port);
  const findSystemPort = (): number =>
    chooseSystemPort(options.port === 0 ? 0 : listening.port, hostname);
  const openPages = (port: number): SystemPages =>
    serveSystemPages({
      our: identity.name,
      hostname,
      port,
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
  const pages = await openFreePort(findSystemPort(), findSystemPort, openPages);
  control.pages = pages;
  ownPorts.push(pages.port);
  const guard = guardConnections({
    clock,
    openFileLimit: Math.min(config.softUlimit ?? Infinity, readOpenFileLimit()),
    ports: () => ownPorts,
    closeIdle: () => {
      http.closeIdle();
      pages.closeIdle();
    },
    say,
  });
  const unwatchTls =
    config.tls === undefined
      ? undefined
      : watchTlsFiles(config.tls, { clock, say }, (renewed) => {
          http.renewCertificate(renewed);
          pages.renewCertificate(renewed);
        });
  localNetwork?.start();
  await waitForFirstPage(listening.port, config.hostname, clock, tls !== undefined);

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    unwatchTls?.();
    guard.stop();
    localNetwork?.stop();
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
