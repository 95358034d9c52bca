/**
 * `kinode chain`: a local chain with the registry of names, for simulated nodes.
 * @module
 */
import { DEFAULT_CHAIN_PORT, FIRST_ACCOUNT, startChain } from "@kinode-ts/chain";
import { LOCAL_KIMAP } from "@kinode-ts/kimap";
import { NodeError } from "../boot/errors.ts";
import type { Output } from "./output.ts";

export interface ChainFlags {
  readonly port?: string;
  readonly verbose?: boolean;
  readonly commitRule?: boolean;
}

function readPort(value: string | undefined): number {
  if (value === undefined) return DEFAULT_CHAIN_PORT;
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
  throw new NodeError(
    { code: "node.bad-flag", flag: "--port", value },
    `--port takes a number from 0 to 65535, not "${value}"`,
  );
}

/** Runs until a signal ends it. @throws {NodeError | ChainError} a bad port, one that is taken, no program for it */
export async function runChain(flags: ChainFlags, output: Output): Promise<void> {
  const port = readPort(flags.port);
  const asked = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => asked.resolve());
  }
  await using chain = await startChain({
    port,
    commitRule: flags.commitRule,
    onLine: (line) => {
      if (flags.verbose === true) output.line(line);
    },
  });
  output.line(
    `A chain with the id ${LOCAL_KIMAP.chainId} runs at ${chain.url}; it ends with Ctrl+C`,
  );
  output.line(`Registry of names: ${LOCAL_KIMAP.registry}, account of everybody: ${FIRST_ACCOUNT}`);
  const start = `kinode start <home> --fake-node-name alice.dev --fakechain-port ${chain.port}`;
  output.line(`Next, in another terminal: ${start}`);
  await Promise.race([asked.promise, chain.ended]);
}
