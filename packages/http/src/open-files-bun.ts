/**
 * Open files of this program, by the calls of the system's C library: the host's server tells nothing of connections
 * before their first request, and has no way to end them.
 * @module
 */
import { dlopen, ptr } from "bun:ffi";
import { closeSync, fstatSync, openSync } from "node:fs";
import type { InboundConnection, OpenFiles } from "./connection-guard.ts";

/** Of glibc, musl on both kinds of processors, and macOS. */
const LIBRARIES: readonly string[] = [
  "libc.so.6",
  "libc.musl-x86_64.so.1",
  "libc.musl-aarch64.so.1",
  "libSystem.B.dylib",
];
const SHUT_BOTH = 2;
/** Larger than any address of a socket that is of interest here. */
const ADDRESS_BYTES = 128;
const isLinux = process.platform === "linux";
const AF_INET = 2;
const AF_INET6 = isLinux ? 10 : 30;

const NAMES = { args: ["i32", "ptr", "ptr"], returns: "i32" } as const;
const SYMBOLS = {
  getsockname: NAMES,
  getpeername: NAMES,
  shutdown: { args: ["i32", "i32"], returns: "i32" },
} as const;

/** @returns `undefined` where the library is another one */
export function openFilesOfHost(): OpenFiles | undefined {
  const calls = loadCalls();
  return calls && new HostFiles(calls);
}

type Calls = ReturnType<typeof dlopen<typeof SYMBOLS>>["symbols"];

function loadCalls(): Calls | undefined {
  for (const name of LIBRARIES) {
    try {
      return dlopen(name, SYMBOLS).symbols;
    } catch {
      // Another system.
    }
  }
  return undefined;
}

class HostFiles implements OpenFiles {
  readonly #calls: Calls;
  readonly #address = new DataView(new ArrayBuffer(ADDRESS_BYTES));
  readonly #length = new Uint32Array(1);

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  lowestFree(): number {
    try {
      const file = openSync("/dev/null", "r");
      closeSync(file);
      return file;
    } catch (thrown) {
      // Any other fault says nothing about this program.
      return (thrown as { code?: string }).code === "EMFILE" ? Infinity : 0;
    }
  }

  inbound(ports: readonly number[], below: number): InboundConnection[] {
    const found: InboundConnection[] = [];
    for (let file = 3; file < below; file++) {
      if (!this.#read("getsockname", file) || !ports.includes(this.#port())) continue;
      // One that listens has no other side.
      if (!this.#read("getpeername", file)) continue;
      found.push({ file, network: this.#network(), order: fstatSync(file).ino });
    }
    return found;
  }

  end({ file }: InboundConnection): void {
    this.#calls.shutdown(file, SHUT_BOTH);
  }

  /** Reads one end's address; false for what is no connection by IP. */
  #read(name: "getsockname" | "getpeername", file: number): boolean {
    this.#length[0] = ADDRESS_BYTES;
    if (this.#calls[name](file, ptr(this.#address), ptr(this.#length)) !== 0) return false;
    const family = this.#family();
    return family === AF_INET || family === AF_INET6;
  }

  #family(): number {
    return isLinux ? this.#address.getUint16(0, true) : this.#address.getUint8(1);
  }

  #port(): number {
    return this.#address.getUint16(2);
  }

  /** IPv4 is told as such inside IPv6; of other IPv6 the first half is the network. */
  #network(): string {
    const address = this.#address;
    if (this.#family() === AF_INET) return address.getUint32(4).toString(16);
    const isMapped = address.getBigUint64(8) === 0n && address.getUint32(16) === 0xffff;
    return isMapped
      ? address.getUint32(20).toString(16)
      : `${address.getBigUint64(8).toString(16)}::`;
  }
}
