/**
 * A local chain in a program of its own.
 * @module
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { ChainError } from "./errors.ts";
import { placeContracts } from "./place-contracts.ts";
import { httpRpc } from "./rpc-bun.ts";
import type { Rpc } from "./rpc.ts";

export interface ChainOptions {
  /** Default 8545; 0: any free one. */
  readonly port?: number | undefined;
  /** The program; default: what `findAnvil` finds. */
  readonly anvil?: string | undefined;
  /** As `PlaceOptions.commitRule`. */
  readonly commitRule?: boolean | undefined;
  /** Number of the block before the first; default 0. */
  readonly startBlock?: number | undefined;
  /** Each line that anvil prints once it runs. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export interface Chain extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:…`; web sockets are at the same place. */
  readonly url: string;
  readonly rpc: Rpc;
  /** Settles when the program has ended, for whatever reason. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export const DEFAULT_CHAIN_PORT = 8_545;
const START_TIMEOUT_MS = 20_000;

/** KINODE_ANVIL, else the package from the registry of npm, else one in the PATH. */
export function findAnvil(): string | undefined {
  const named = process.env["KINODE_ANVIL"];
  if (named !== undefined && named !== "") return existsSync(named) ? named : undefined;
  const cpu = process.arch === "x64" ? "amd64" : process.arch;
  for (const from of [import.meta.dir, process.cwd()]) {
    try {
      const folder = dirname(Bun.resolveSync("@foundry-rs/anvil/package.json", from));
      const binary = `@foundry-rs/anvil-${process.platform}-${cpu}/package.json`;
      const path = join(dirname(Bun.resolveSync(binary, folder)), "bin/anvil");
      if (existsSync(path)) return path;
    } catch {
      // Not installed there.
    }
  }
  return Bun.which("anvil") ?? undefined;
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/** Starts a chain with the registry on it. @throws {ChainError} `chain.no-anvil`, `chain.start` */
export async function startChain(options: ChainOptions = {}): Promise<Chain> {
  const anvil = options.anvil ?? findAnvil();
  if (anvil === undefined) throw new ChainError({ code: "chain.no-anvil" });
  const wanted = options.port ?? DEFAULT_CHAIN_PORT;
  const start = String(options.startBlock ?? 0);
  const child = Bun.spawn(
    [
      anvil,
      "--host",
      "127.0.0.1",
      "--port",
      String(wanted),
      "--chain-id",
      "31337",
      "--number",
      start,
    ],
    { stdout: "pipe", stderr: "pipe", stdin: "ignore" },
  );
  const stop = async (): Promise<void> => {
    child.kill();
    await child.exited;
  };
  const listening = Promise.withResolvers<number>();
  void (async () => {
    for await (const line of linesOf(child.stdout)) {
      const [, port] = /^Listening on 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
      if (port !== undefined) listening.resolve(Number(port));
      options.onLine?.(line);
    }
  })();
  const complaint = new Response(child.stderr).text();
  const fail = (why: string): void =>
    listening.reject(new ChainError({ code: "chain.start", why }));
  void child.exited.then(async (code) => {
    const why = (await complaint).trim().split("\n").at(-1);
    fail(why === undefined || why === "" ? `anvil ended with code ${code}` : why);
  });
  const timer = setTimeout(
    () => fail(`anvil is silent for ${START_TIMEOUT_MS} ms`),
    START_TIMEOUT_MS,
  );
  try {
    const port = await listening.promise;
    const url = `http://127.0.0.1:${port}`;
    const rpc = httpRpc(url);
    await placeContracts(rpc, options);
    const ended = child.exited.then(() => undefined);
    return { port, url, rpc, ended, stop, [Symbol.asyncDispose]: stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
}
