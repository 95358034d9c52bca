/**
 * The commands that look at a running node and steer it.
 * @module
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type {
  ControlAnswer,
  ControlApp,
  ControlGrant,
  ControlNode,
  ControlProcess,
} from "@kinode-ts/types";
import { DEFAULT_CPU_LIMIT, TERMINAL_PROCESS } from "@kinode-ts/types";
import { NodeError } from "../boot/errors.ts";
import { homeFolder } from "../boot/home-folder.ts";
import { isAlive } from "../boot/run-file.ts";
import { connectToNode } from "./control-client.ts";
import { formatBytes, formatTable, type Output, plain, plainText } from "./output.ts";

export interface CommandFlags {
  readonly home: string;
  readonly json?: boolean;
}

/** Processor time: `12 ms`, `3.4 s`, `5 min 20 s`; nothing for what was too little to be measured. */
function showTime(ms: number): string {
  if (ms < 0.5) return "";
  if (ms < 1_000) return `${ms.toFixed(0)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1_000)} s`;
}

/** Only what a person has changed. */
function showLimit({ cpuShares, cpuBurstMs }: ControlProcess): string {
  const shares = cpuShares === DEFAULT_CPU_LIMIT.shares ? [] : [`${cpuShares} shares`];
  return [
    ...shares,
    ...(cpuBurstMs === DEFAULT_CPU_LIMIT.burstMs ? [] : [`burst ${cpuBurstMs} ms`]),
  ].join(", ");
}

export async function psCommand(flags: CommandFlags, output: Output): Promise<void> {
  const node = connectToNode(flags.home);
  const [apps, processes] = await Promise.all([
    node.get<ControlApp[]>("apps"),
    node.get<ControlProcess[]>("processes"),
  ]);
  if (flags.json === true) return output.line(JSON.stringify({ apps, processes }));
  const appRows = apps.map((app) => [app.id, app.version, app.state, app.path ?? ""]);
  output.line(formatTable(["APP", "VERSION", "STATE", "PAGE"], appRows));
  output.line("");
  const rows = processes.map((each) => [
    each.id,
    each.state,
    each.onExit,
    String(each.mailboxCount),
    each.memoryBytes === 0 ? "" : formatBytes(each.memoryBytes),
    showTime(each.cpuMs),
    showLimit(each),
    String(each.capabilityCount),
  ]);
  output.line(
    formatTable(["PROCESS", "STATE", "ON EXIT", "WAITING", "MEMORY", "CPU", "LIMIT", "CAPS"], rows),
  );
}

export async function killCommand(id: string, flags: CommandFlags, output: Output): Promise<void> {
  const node = connectToNode(flags.home);
  const apps = await node.get<ControlApp[]>("apps");
  await node.post(`processes/${encodeURIComponent(id)}/kill`);
  if (flags.json === true) return output.line(JSON.stringify({ killed: id }));
  const app = apps.find(({ processes }) => processes.includes(id));
  if (app === undefined) return output.line(`Ended ${id}.`);
  const next = app.bundled ? "when the node starts again" : "when its package is installed again";
  output.line(`Ended ${id}; it comes back ${next}.`);
}

export interface SendFlags extends CommandFlags {
  /** Seconds as text. */
  readonly timeout: string;
  readonly wait: boolean;
}

export async function sendCommand(
  target: string,
  body: string,
  flags: SendFlags,
  output: Output,
): Promise<void> {
  const timeout = /^\d{1,5}$/.test(flags.timeout) ? Number(flags.timeout) : Number.NaN;
  if (Number.isNaN(timeout)) {
    throw new NodeError(
      { code: "node.bad-flag", flag: "--timeout", value: flags.timeout },
      `"${flags.timeout}" is not a number of seconds`,
    );
  }
  const node = connectToNode(flags.home);
  const answer = await node.post<ControlAnswer>("send", {
    target,
    body,
    timeout: flags.wait ? timeout : null,
  });
  if (flags.json === true) {
    output.line(JSON.stringify(answer));
    if (answer.kind === "send-error") output.exitCode = 1;
    return;
  }
  if (answer.kind === "sent") return output.line(`Sent to ${target}.`);
  if (answer.kind === "send-error") {
    throw new NodeError(
      { code: "node.answer", status: 0, reason: answer.error },
      answer.error === "offline"
        ? `The node of ${target} is not reachable`
        : `No answer from ${target} (timeout)`,
      {
        hint: "Either it does not exist, or the terminal may not message it, or it is slow: see kinode ps and kinode caps ls",
      },
    );
  }
  const isScript = new RegExp(`^[^@]*@${TERMINAL_PROCESS}$`).test(target);
  // A script without output says nothing; an empty answer of anything else is one.
  if (answer.body !== "" || !isScript) output.line(plainText(answer.body));
  // As scripts leave their errors and exit status: docs/modules/scripts.md.
  if (isScript && answer.blobText !== null) output.error(plainText(answer.blobText));
  else if (answer.blobBytes !== null) output.line(`(and a blob of ${answer.blobBytes} bytes)`);
  if (isScript && /^[1-9]\d{0,2}$/.test(answer.metadata ?? "")) {
    output.exitCode = Math.min(Number(answer.metadata), 255);
  }
}

export async function capsListCommand(
  filter: string | undefined,
  flags: CommandFlags,
  output: Output,
): Promise<void> {
  const all = await connectToNode(flags.home).get<ControlGrant[]>("capabilities");
  const shown = all.filter(
    ({ holder }) => filter === undefined || holder === filter || holder.endsWith(`:${filter}`),
  );
  if (flags.json === true) return output.line(JSON.stringify(shown));
  if (shown.length === 0) {
    const of = filter === undefined ? "" : ` of a process or package "${plain(filter)}"`;
    return output.line(`No capabilities${of}. "kinode ps" lists what there is.`);
  }
  const rows = shown.map((each) => [
    each.granted ? "yes" : "no",
    each.holder,
    each.description,
    `${each.issuer} ${each.params}`,
  ]);
  output.line(formatTable(["MAY", "PROCESS", "WHAT", "ISSUER AND PARAMS"], rows));
}

/** `messaging` without quotes means the JSON text `"messaging"`. */
function paramsText(params: string): string {
  try {
    JSON.parse(params);
    return params;
  } catch {
    return JSON.stringify(params);
  }
}

export async function capsChangeCommand(
  action: "grant" | "revoke",
  change: { readonly holder: string; readonly issuer: string; readonly params: string },
  flags: CommandFlags,
  output: Output,
): Promise<void> {
  const issuer = change.issuer.includes("@") ? change.issuer : `our@${change.issuer}`;
  const body = { holder: change.holder, issuer, params: paramsText(change.params) };
  const grant = await connectToNode(flags.home).post<ControlGrant>(`capabilities/${action}`, body);
  if (flags.json === true) return output.line(JSON.stringify(grant));
  const may = grant.granted ? "may" : "may no longer";
  output.line(`${grant.holder} ${may} ${plain(grant.description)}.`);
}

function newestLogLines(home: string, count: number): string[] {
  const folder = homeFolder(home).logs;
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const newest = files.toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
  if (newest === undefined) return [];
  return readFileSync(newest, "utf8").trimEnd().split("\n").slice(-count);
}

export interface LogFlags extends CommandFlags {
  readonly lines: string;
  readonly follow?: boolean;
}

/** Calls back with the data of each server-sent event, until the stream ends. */
export async function readServerEvents(
  response: Response,
  onData: (data: string) => void,
): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: ")) onData(line.slice("data: ".length));
    }
  }
}

export async function logsCommand(flags: LogFlags, output: Output): Promise<void> {
  const count = Number(flags.lines);
  if (!Number.isInteger(count) || count < 1) {
    throw new NodeError(
      { code: "node.bad-flag", flag: "--lines", value: flags.lines },
      `"${flags.lines}" is not a number of lines`,
    );
  }
  let lines: readonly string[];
  try {
    const node = connectToNode(flags.home);
    ({ lines } = await node.get<{ lines: string[] }>(`logs?lines=${count}`));
  } catch (thrown) {
    if (flags.follow === true || !(thrown instanceof NodeError)) throw thrown;
    lines = newestLogLines(flags.home, count);
  }
  for (const line of lines) output.line(flags.json === true ? JSON.stringify(line) : line);
  if (flags.follow !== true) return;
  const node = connectToNode(flags.home);
  await readServerEvents(await node.open("logs/follow"), (text) =>
    output.line(flags.json === true ? text : (JSON.parse(text) as string)),
  ).catch(() => {});
  throw new NodeError(
    { code: "node.unreachable", url: node.run.url },
    `The node at ${node.run.url} has ended, and its log with it`,
    { hint: 'Start it again with "kinode start"; "kinode logs" shows the last lines' },
  );
}

export async function linkCommand(flags: CommandFlags, output: Output): Promise<void> {
  const { url } = await connectToNode(flags.home).post<{ url: string }>("login-link");
  output.line(flags.json === true ? JSON.stringify({ url }) : url);
}

const STOP_DEADLINE_MS = 30_000;

export async function stopCommand(flags: CommandFlags, output: Output): Promise<void> {
  const node = connectToNode(flags.home);
  const { name } = await node.get<ControlNode>("node");
  await node.post("shutdown");
  const deadline = performance.now() + STOP_DEADLINE_MS;
  while (isAlive(node.run.pid)) {
    if (performance.now() > deadline) {
      throw new NodeError(
        { code: "node.unreachable", url: node.run.url },
        `The node (process ${node.run.pid}) did not stop within ${STOP_DEADLINE_MS / 1000} s`,
        { hint: `End it with: kill -9 ${node.run.pid}. Nothing that was confirmed is lost` },
      );
    }
    // oxlint-disable-next-line no-await-in-loop -- waiting is the point
    await Bun.sleep(20);
  }
  output.line(flags.json === true ? JSON.stringify({ stopped: name }) : `Stopped ${name}.`);
}
