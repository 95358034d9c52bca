/**
 * `kinode doctor`: what may be wrong on this machine, and what to do about it.
 * @module
 */
import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import type { ControlNode } from "@kinode-ts/types";
import { homeFolder, type HomeFolder } from "../boot/home-folder.ts";
import { chooseHttpPort } from "../boot/ports.ts";
import { isAlive, readRunFile } from "../boot/run-file.ts";
import { connectToNode } from "./control-client.ts";
import { formatBytes, type Output } from "./output.ts";

export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

const MIN_FREE_BYTES = 200 * 1024 * 1024;
const NEEDED_BUN = [1, 4, 5] as const;

function checkBun(): Finding {
  const version = Bun.version.split(".").map(Number);
  const difference = NEEDED_BUN.map((part, i) => (version[i] ?? 0) - part).find(
    (each) => each !== 0,
  );
  const ok = (difference ?? 0) >= 0;
  const detail = ok
    ? Bun.version
    : `${Bun.version}; ${NEEDED_BUN.join(".")} or newer is needed: bun upgrade`;
  return { name: "Bun", ok, detail };
}

function checkSuspension(): Finding {
  const ok = "Suspending" in WebAssembly;
  return {
    name: "WebAssembly suspension",
    ok,
    detail: ok ? "available" : "missing: WebAssembly processes cannot run with this Bun",
  };
}

/** docs/decisions/0002-bounds-checked-memories.md */
function checkMemories(): Finding {
  const ok = process.env["BUN_JSC_useWasmFastMemory"] === "0";
  const missing =
    "not set in this terminal: processes start slowly when many run. Start the node with " +
    '"bun start" or "kinode", or set BUN_JSC_useWasmFastMemory=0';
  // Slow is not wrong: no reason for a failing exit code.
  return { name: "Many processes", ok: true, detail: ok ? "start fast" : missing };
}

function checkHome(home: HomeFolder): Finding[] {
  if (!existsSync(home.path)) {
    return [
      {
        name: "Home folder",
        ok: true,
        detail: `${home.path} does not exist yet; the first start makes it`,
      },
    ];
  }
  const findings: Finding[] = [];
  try {
    accessSync(home.path, constants.R_OK | constants.W_OK);
    findings.push({ name: "Home folder", ok: true, detail: home.path });
  } catch {
    findings.push({
      name: "Home folder",
      ok: false,
      detail: `${home.path} may not be written by this user`,
    });
  }
  const free = statfsSync(home.path);
  const freeBytes = free.bavail * free.bsize;
  findings.push({
    name: "Free space",
    ok: freeBytes >= MIN_FREE_BYTES,
    detail: `${formatBytes(freeBytes)}${freeBytes < MIN_FREE_BYTES ? "; make room" : ""}`,
  });
  for (const [name, file] of [
    ["Key", home.keyfile],
    ["Unlock file", home.unlockFile],
    ["Local token", home.tokenFile],
  ] as const) {
    if (!existsSync(file)) continue;
    const isOpen = (statSync(file).mode & 0o077) !== 0;
    const detail = isOpen ? `others may read ${file}: chmod 600 it` : "closed to other users";
    findings.push({ name, ok: !isOpen, detail });
  }
  return findings;
}

async function checkNode(home: HomeFolder): Promise<Finding> {
  const run = readRunFile(home);
  if (run === undefined || !isAlive(run.pid)) {
    const detail =
      run === undefined
        ? "not running"
        : "not running; it did not stop cleanly, which does no harm";
    return { name: "Node", ok: true, detail };
  }
  try {
    const node = await connectToNode(home.path).get<ControlNode>("node");
    const detail = `${node.name} ${node.version} at ${run.url}, ${node.processCount} processes`;
    return { name: "Node", ok: true, detail };
  } catch (thrown) {
    return { name: "Node", ok: false, detail: (thrown as Error).message };
  }
}

function checkPort(home: HomeFolder): Finding {
  const run = readRunFile(home);
  if (run !== undefined && isAlive(run.pid))
    return { name: "Port", ok: true, detail: `${run.port} is used by the node` };
  try {
    return { name: "Port", ok: true, detail: `${chooseHttpPort(undefined, "127.0.0.1")} is free` };
  } catch (thrown) {
    return { name: "Port", ok: false, detail: (thrown as Error).message };
  }
}

export async function examine(homePath: string): Promise<Finding[]> {
  const home = homeFolder(homePath);
  return [
    checkBun(),
    checkSuspension(),
    checkMemories(),
    ...checkHome(home),
    checkPort(home),
    await checkNode(home),
  ];
}

/** Returns whether all is well. */
export async function doctorCommand(
  flags: { readonly home: string; readonly json?: boolean },
  output: Output,
): Promise<boolean> {
  const findings = await examine(flags.home);
  const ok = findings.every((finding) => finding.ok);
  if (flags.json === true) output.line(JSON.stringify({ ok, findings }));
  else {
    for (const finding of findings) {
      output.line(`${finding.ok ? "ok     " : "wrong  "} ${finding.name}: ${finding.detail}`);
    }
  }
  return ok;
}
