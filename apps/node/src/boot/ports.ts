/**
 * Which port the web interface listens on. Source: spec/kernel.md §6.6.
 * @module
 */
import { HttpListenError } from "@kinode-ts/http";
import { NodeError } from "./errors.ts";

export const FIRST_HTTP_PORT = 8080;
export const LAST_HTTP_PORT = 8998;

function isFree(port: number, hostname: string): boolean {
  try {
    Bun.listen({ hostname, port, exclusive: true, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    // Taken, or not allowed to this user: either way not for us.
    return false;
  }
}

/** @throws {NodeError} `node.bad-flag`: not an address of this machine, so no port will do */
function checkHostname(hostname: string): void {
  if (isFree(0, hostname)) return;
  throw new NodeError(
    { code: "node.bad-flag", flag: "--hostname", value: hostname },
    `"${hostname}" is not an address of this machine`,
    { hint: "Give 127.0.0.1 for this machine only, or 0.0.0.0 for all its addresses" },
  );
}

/** The first free port from `first` on, for all addresses of this machine. */
export function firstFreePort(first: number): number | undefined {
  for (let port = first; port < first + 1_000; port += 1) if (isFree(port, "0.0.0.0")) return port;
  return undefined;
}

function firstFree(hostname: string): number | undefined {
  for (let port = FIRST_HTTP_PORT; port <= LAST_HTTP_PORT; port += 1) {
    if (isFree(port, hostname)) return port;
  }
  return undefined;
}

/**
 * A free port for the node's own pages: the one behind the apps' port when it is free, so that it stays the same.
 * @param appsPort - 0 lets the operating system choose
 */
export function chooseSystemPort(appsPort: number, hostname: string): number {
  if (appsPort === 0) return 0;
  for (let port = appsPort + 1; port <= LAST_HTTP_PORT + 1; port += 1) {
    if (isFree(port, hostname)) return port;
  }
  return 0;
}

/** Whether the port was taken since it was found free: two nodes that start together find the same one. */
function isTaken(thrown: unknown): boolean {
  const cause = thrown instanceof HttpListenError ? thrown.cause : thrown;
  return (cause as { code?: unknown } | undefined)?.code === "EADDRINUSE";
}

/**
 * Opens `port`, or when it was taken meanwhile what `next` finds.
 * @param next - `undefined`: a person asked for this very port
 */
export async function openFreePort<T>(
  port: number,
  next: (() => number) | undefined,
  open: (port: number) => T | Promise<T>,
): Promise<T> {
  for (let attempt = port; ; attempt = next()) {
    try {
      return await open(attempt);
    } catch (thrown) {
      if (next === undefined || !isTaken(thrown)) throw thrown;
    }
  }
}

/**
 * The wanted port if it is free, else (nothing wanted) the first free one.
 * @param wanted - 0 lets the operating system choose
 * @throws {NodeError} `node.port-taken` naming a free one, `node.no-free-port`, `node.bad-flag` for the address
 */
export function chooseHttpPort(wanted: number | undefined, hostname: string): number {
  checkHostname(hostname);
  if (wanted === 0) return 0;
  if (wanted !== undefined) {
    if (isFree(wanted, hostname)) return wanted;
    const free = firstFree(hostname);
    throw new NodeError(
      { code: "node.port-taken", port: wanted },
      `Port ${wanted} is taken or may not be used`,
      {
        hint:
          free === undefined ? "Choose another one with --port" : `${free} is free: --port ${free}`,
      },
    );
  }
  const free = firstFree(hostname);
  if (free !== undefined) return free;
  throw new NodeError(
    { code: "node.no-free-port" },
    `No port between ${FIRST_HTTP_PORT} and ${LAST_HTTP_PORT} is free`,
    { hint: "Choose one with --port" },
  );
}
