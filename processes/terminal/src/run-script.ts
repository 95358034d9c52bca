/**
 * Starting a script as a process of its own package.
 * Source: spec/packages-and-tools.md §19.2, spec/runtime-modules.md §10.2.
 * @module
 */
import type { IncomingResponse, SendOptions } from "@kinode-ts/stdlib";
import {
  capabilities,
  Capability,
  decodeUtf8,
  encodeUtf8,
  our,
  parseJson,
  ProcessId,
  request,
  send,
  SendError,
} from "@kinode-ts/stdlib";
import type { DotScriptsEntry, ManifestCapability } from "@kinode-ts/stdlib/kernel-types";
import { KERNEL, kernelCommand } from "@kinode-ts/stdlib/kernel-types";
import { file, VfsError, vfsRequest } from "@kinode-ts/stdlib/vfs";

/** Why a script could not be started, in the words of the specification. */
export class ScriptError extends Error {
  override name = "ScriptError";
}

interface FoundScript {
  readonly path: string;
  readonly entry: DotScriptsEntry;
}

async function readManifest(script: ProcessId): Promise<Readonly<Record<string, DotScriptsEntry>>> {
  let text: string;
  try {
    text = await file(`/${script.packageId().toString()}/pkg/scripts.json`).text();
  } catch (thrown) {
    if (thrown instanceof VfsError) throw new ScriptError("no scripts manifest in package");
    throw thrown;
  }
  try {
    const manifest = parseJson(text);
    if (typeof manifest === "object" && manifest !== null) {
      return manifest as Readonly<Record<string, DotScriptsEntry>>;
    }
  } catch {
    // Reported like any other shape it must not have.
  }
  throw new ScriptError("could not parse scripts.json file");
}

async function findScript(script: ProcessId): Promise<FoundScript> {
  const manifest = await readManifest(script);
  for (const name of [`${script.process}.wasm`, `${script.process}.js`]) {
    const entry = Object.hasOwn(manifest, name) ? manifest[name] : undefined;
    if (entry !== undefined)
      return { path: `/${script.packageId().toString()}/pkg/${name}`, entry };
  }
  throw new ScriptError("script not in scripts.json file");
}

/** A string means messaging, an object brings its own params. */
function entryCapability(entry: ManifestCapability): { process: string; params: unknown } {
  return typeof entry === "string" ? { process: entry, params: "messaging" } : entry;
}

async function grant(entry: DotScriptsEntry, id: ProcessId): Promise<void> {
  const issuer = `${our().node}@${id.toString()}`;
  for (const one of entry.grant_capabilities ?? []) {
    const { process, params } = entryCapability(one);
    const capability = Capability.withJson(issuer, params);
    const change = { target: process, capabilities: [capability] };
    await send(KERNEL, kernelCommand({ GrantCapabilities: change }));
  }
}

function initialCapabilities(entry: DotScriptsEntry): Capability[] {
  const { node } = our();
  const requested = (entry.request_capabilities ?? []).map((one) => {
    const { process, params } = entryCapability(one);
    return Capability.withJson(`${node}@${process}`, params);
  });
  const network = entry.request_networking
    ? [Capability.withJson(`${node}@kernel:distro:sys`, "network")]
    : [];
  const all = entry.root ? capabilities.list() : [];
  return [...requested, Capability.messaging(our()), ...network, ...all];
}

async function readProgram(path: string): Promise<IncomingResponse> {
  try {
    return (await vfsRequest(path, "Read")).message;
  } catch (thrown) {
    if (thrown instanceof VfsError) throw new ScriptError("failed to read script Wasm from VFS");
    throw thrown;
  }
}

/** Asks the kernel and compares its answer. */
async function command(
  body: Parameters<typeof kernelCommand>[0],
  expected: string,
  program?: IncomingResponse,
): Promise<void> {
  let answer: unknown;
  try {
    answer = (await request(KERNEL, kernelCommand(body), { inherit: program ?? false })).json();
  } catch (thrown) {
    if (thrown instanceof SendError) throw new ScriptError("kernel unresponsive");
    throw thrown;
  }
  if (answer !== expected) throw new ScriptError(`the kernel answered ${JSON.stringify(answer)}`);
}

/** A script that waits for its arguments. */
export interface Started {
  readonly id: ProcessId;
  /** It can give its output in parts. */
  readonly givesParts: boolean;
}

/** Starts the script as a new process, which then waits for its arguments. Rejects with a `ScriptError`. */
export async function startScript(script: ProcessId): Promise<Started> {
  const { path, entry } = await findScript(script);
  const id = new ProcessId(undefined, script.package, script.publisher);
  await grant(entry, id);
  const initialize = {
    id: id.toString(),
    wasm_bytes_handle: path,
    wit_version: entry.wit_version ?? null,
    on_exit: "None",
    initial_capabilities: initialCapabilities(entry),
    public: entry.public,
  } as const;
  const program = await readProgram(path);
  await command({ InitializeProcess: initialize }, "InitializedProcess", program);
  await command({ RunProcess: id.toString() }, "StartedProcess");
  return { id, givesParts: entry.parts === true };
}

/** What a script was asked for and has left: output, errors, exit status. */
export interface Outcome {
  readonly output: string;
  /** For the person; never goes down a pipe. */
  readonly errors: string;
  /** 0 is success. */
  readonly status: number;
  /** The script has left nothing; the errors are what this process says about it. */
  readonly isOurs?: true;
}

/** How a script is called. */
export interface Call {
  readonly args: string;
  /** What is piped in. */
  readonly stdin?: string | undefined;
  /** Where its relative paths start. */
  readonly folder: string;
  /** How long its answer may take. */
  readonly seconds?: number;
  /** Whether it may give its output in parts. */
  readonly parts?: boolean;
}

/** A command that others wait for may take this long, in seconds. */
export const MAX_RUN_SECONDS = 600;
/** One in a pipe or list that a person typed, who can end it, in seconds. */
export const MAX_TYPED_SECONDS = 86_400;

const PIPED = "text/plain";
const STATUS = /^[1-9]\d{0,2}$/;

// A script of the reference sees its arguments and nothing else unless the person has changed folder.
function callOptions({ stdin, folder, parts }: Call): Pick<SendOptions, "blob" | "metadata"> {
  const said = { ...(folder === "/" ? {} : { folder }), ...(parts === true ? { parts } : {}) };
  return {
    blob: stdin === undefined ? undefined : { mime: PIPED, bytes: encodeUtf8(stdin) },
    metadata: Object.keys(said).length === 0 ? undefined : JSON.stringify(said),
  };
}

/** Gives a started script its arguments; it prints its result itself. */
export async function tellScript(id: ProcessId, call: Call): Promise<void> {
  await send(id, call.args, callOptions(call));
}

/** Gives a started script its arguments and waits for what it leaves (docs/modules/scripts.md). */
export async function askScript(id: ProcessId, call: Call): Promise<Outcome> {
  const { seconds = MAX_RUN_SECONDS } = call;
  const options = { ...callOptions(call), timeout: seconds * 1_000 };
  try {
    const answer = await request(id, call.args, options);
    const { metadata = "" } = answer;
    const blob = answer.blob();
    return {
      output: answer.text(),
      errors: blob?.mime?.startsWith(PIPED) === true ? decodeUtf8(blob.bytes) : "",
      status: STATUS.test(metadata) ? Number(metadata) : 0,
    };
  } catch (thrown) {
    if (!(thrown instanceof SendError)) throw thrown;
    const errors = `${id.toString()} did not answer within ${seconds} seconds`;
    return { output: "", errors, status: 1, isOurs: true };
  }
}

/** Whether a process is there. */
export async function isAlive(id: ProcessId): Promise<boolean> {
  const answer = await request(KERNEL, kernelCommand({ Debug: { Process: id.toString() } }));
  return (answer.json() as { Debug: { Process: unknown } }).Debug.Process !== null;
}

/** Ends a process; nothing happens when it is not there. */
export async function killScript(id: ProcessId): Promise<void> {
  await send(KERNEL, kernelCommand({ KillProcess: id.toString() }));
}
