/**
 * `kinode boot-fake-node`: a throw-away node on a local chain, which is started too if none is there, or without a chain.
 * Source: spec/packages-and-tools.md §22.
 * @module
 */
import { existsSync, rmSync } from "node:fs";
import { ChainError, httpRpc, startChain } from "@kinode-ts/chain";
import { LOCAL_KIMAP } from "@kinode-ts/kimap";
import { NodeError } from "../boot/errors.ts";
import { readStartFlags } from "../boot/start-config.ts";
import { startNode } from "../boot/start-node.ts";
import type { Output } from "./output.ts";

export interface FakeNodeFlags {
  readonly port: string;
  readonly home: string;
  readonly fakeNodeName: string;
  readonly fakechainPort?: string;
  readonly persist?: boolean;
  readonly password: string;
  readonly verbosity?: string;
  readonly detached?: boolean;
}

/** @throws {NodeError} something else has the port */
export async function isChainThere(port: number): Promise<boolean> {
  try {
    const id = Number(await httpRpc(`http://127.0.0.1:${port}`)("eth_chainId", []));
    if (id === LOCAL_KIMAP.chainId) return true;
    const value = String(port);
    throw new NodeError(
      { code: "node.bad-flag", flag: "--fakechain-port", value },
      `On port ${port} is a chain with the id ${id}, not ${LOCAL_KIMAP.chainId}`,
    );
  } catch (thrown) {
    if (thrown instanceof ChainError && thrown.code === "chain.unreachable") return false;
    throw thrown;
  }
}

/** Ends with the node; a home folder that was not there before goes with it, unless it is to stay. */
export async function bootFakeNode(flags: FakeNodeFlags, output: Output): Promise<void> {
  const { home, port, password, fakeNodeName, fakechainPort } = flags;
  const { verbosity = "0", detached = false, persist = false } = flags;
  const chosen = fakechainPort === undefined ? {} : { fakechainPort };
  const started = { port, verbosity, detached, fakeNodeName, password, ...chosen };
  const config = readStartFlags(home, started, {});
  const chainPort = config.simulation?.chainPort;
  const isNew = !existsSync(home);
  if (chainPort !== undefined && !(await isChainThere(chainPort))) {
    const chain = await startChain({ port: chainPort });
    output.line(`Started a chain at ${chain.url}; it ends with this node`);
    process.on("exit", () => void chain.stop());
  }
  if (isNew && !persist) {
    process.on("exit", () => rmSync(home, { recursive: true, force: true }));
  }
  await startNode(config);
}
