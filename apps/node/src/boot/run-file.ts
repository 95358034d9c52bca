/**
 * `.node.json` and `.local-token`: how the command line finds a running node, and proves that it may command it.
 * @module
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import type { Random } from "@kinode-ts/types";
import { NodeError } from "./errors.ts";
import { type HomeFolder, writePrivateFile } from "./home-folder.ts";

export interface RunFile {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  readonly name: string;
}

/**
 * For requests to the node of this machine: its certificate is for the names of others, and the way there leads
 * through no network.
 */
export const SAME_MACHINE = { rejectUnauthorized: false } as const;

export function readRunFile(home: HomeFolder): RunFile | undefined {
  try {
    return JSON.parse(readFileSync(home.runFile, "utf8")) as RunFile;
  } catch {
    // Missing or half a file of another program: either way no node is known.
    return undefined;
  }
}

export function writeRunFile(home: HomeFolder, run: RunFile): void {
  writePrivateFile(home.runFile, `${JSON.stringify(run)}\n`);
}

export function removeRunFile(home: HomeFolder): void {
  if (readRunFile(home)?.pid === process.pid) rmSync(home.runFile, { force: true });
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as { code?: string }).code === "EPERM";
  }
}

/** The token of the local control interface, or `undefined` before the first start. */
export function readToken(home: HomeFolder): string | undefined {
  if (!existsSync(home.tokenFile)) return undefined;
  const token = readFileSync(home.tokenFile, "utf8").trim();
  return /^[0-9a-f]{64}$/.test(token) ? token : undefined;
}

/** As `readToken`; made at the first start. */
export function provideLocalToken(home: HomeFolder, random: Random): string {
  const known = readToken(home);
  if (known !== undefined) return known;
  const token = random.bytes(32).toHex();
  writePrivateFile(home.tokenFile, `${token}\n`);
  return token;
}

/** @throws {NodeError} `node.already-running` when a node with this home is alive and answers */
export async function refuseSecondNode(home: HomeFolder): Promise<void> {
  const run = readRunFile(home);
  if (run === undefined || run.pid === process.pid || !isAlive(run.pid)) return;
  // A pid may belong to another program by now; a node knows the token of its home.
  const headers = { authorization: `Bearer ${readToken(home) ?? ""}` };
  const name = await fetch(`${run.url}/~/api/node`, {
    headers,
    signal: AbortSignal.timeout(2_000),
    tls: SAME_MACHINE,
  })
    .then(async (answer) => ((await answer.json()) as { name?: string }).name)
    .catch(() => undefined);
  if (name !== run.name) return;
  throw new NodeError(
    { code: "node.already-running", home: home.path, pid: run.pid },
    `A node with the home "${home.path}" is already running at ${run.url} (process ${run.pid})`,
    { hint: 'Use it, stop it with "kinode stop", or start with another home folder' },
  );
}
