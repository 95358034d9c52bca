/**
 * One test: its process from start to verdict. Whatever happens to it, there is a verdict.
 * Source: spec/packages-and-tools.md §20.1.
 * @module
 */
import type { Capability, IncomingResponse, ProcessId } from "@kinode-ts/stdlib";
import {
  capabilities,
  our,
  parseJson,
  print,
  request,
  send,
  SendError,
  spawn,
} from "@kinode-ts/stdlib";
import type { KernelResponse } from "@kinode-ts/stdlib/kernel-types";
import { KERNEL, kernelCommand } from "@kinode-ts/stdlib/kernel-types";
import type { FailResponse } from "@kinode-ts/stdlib/tester";
import { sleep } from "@kinode-ts/stdlib/timer";
import type { TestRights } from "./test-rights.ts";

export interface OneTest {
  readonly name: string;
  /** Whole VFS path of its program. */
  readonly entry: string;
  readonly rights: TestRights;
  /** The `Run` request, passed on as it came. */
  readonly body: Uint8Array;
  readonly timeoutSeconds: number;
}

/** How often is looked whether the process of a test is still there, in milliseconds. */
const LOOK_MS = 200;

/** A failure that has no place in a source: what happened stands where the file would. */
export function happened(test: string, what: string): FailResponse {
  return { test, file: what, line: 0, column: 0 };
}

/** `undefined`: it passed. Never rejects. */
export async function runTest(test: OneTest): Promise<FailResponse | undefined> {
  let child: ProcessId;
  try {
    child = await spawnTest(test);
  } catch (thrown) {
    return happened(test.name, `${test.entry} did not start: ${textOf(thrown)}`);
  }
  const outcome = await verdictOf(child, test);
  if (outcome === "gone") return happened(test.name, "it ended without an answer");
  if (!(outcome instanceof SendError)) return readVerdict(test.name, outcome);
  await send(KERNEL, kernelCommand({ KillProcess: child.toString() }));
  return happened(test.name, `no answer within ${test.timeoutSeconds} s`);
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The right to give anything to anybody: ours, for `giving`, and no test's. */
const isKernelRoot = ({ issuer, params }: Capability): boolean =>
  issuer.endsWith("@kernel:distro:sys") && params !== '"messaging"' && params !== '"network"';

/** Starts the process with what it asked for and all that we hold. */
async function spawnTest({ entry, rights }: OneTest): Promise<ProcessId> {
  const held = capabilities.list();
  const wanted = rights.request.filter((each) => !held.some((other) => other.equals(each)));
  // A parent can only pass on what it holds.
  await change("GrantCapabilities", wanted);
  try {
    return await spawn({
      entry,
      request: [...wanted, ...held.filter((each) => !isKernelRoot(each))],
      grant: rights.grant,
    });
  } finally {
    await change("DropCapabilities", wanted);
  }
}

/** Gives us something, or takes it away; settles when it is done. */
async function change(
  kind: "GrantCapabilities" | "DropCapabilities",
  changed: readonly Capability[],
): Promise<void> {
  const [first] = changed;
  if (first === undefined) return;
  const target = our.processId.toString();
  const command = { target, capabilities: changed };
  await send(
    KERNEL,
    kernelCommand(
      kind === "GrantCapabilities" ? { GrantCapabilities: command } : { DropCapabilities: command },
    ),
  );
  // Commands have no answers, questions do, and they are read in order.
  await request(KERNEL, kernelCommand({ Debug: { HasCap: { on: target, cap: first } } }));
}

type Outcome = IncomingResponse | SendError | "gone";

/** What came of the request, or that the process has ended without answering it. */
async function verdictOf(child: ProcessId, test: OneTest): Promise<Outcome> {
  const { body, timeoutSeconds } = test;
  let outcome: IncomingResponse | SendError | undefined;
  const waiting = request(child, body, { timeout: timeoutSeconds * 1_000 }).then(
    (answer) => (outcome = answer),
    (thrown: SendError) => (outcome = thrown),
  );
  for (let looks = 0; outcome === undefined;) {
    await Promise.race([waiting, sleep(LOOK_MS)]);
    if (outcome !== undefined) break;
    // Twice: the last thing it sent may still be on its way when it is gone.
    looks = (await isThere(child)) ? 0 : looks + 1;
    if (looks === 2) return "gone";
  }
  if (!(outcome instanceof SendError)) return outcome;
  return (await isThere(child)) ? outcome : "gone";
}

async function isThere(child: ProcessId): Promise<boolean> {
  const answer = await request(KERNEL, kernelCommand({ Debug: { Process: child.toString() } }));
  const { Debug: shown } = answer.json() as Extract<KernelResponse, { Debug: unknown }>;
  return (shown as { readonly Process: unknown }).Process !== null;
}

/** Reads `{"Run":{"Ok":null}}` or `{"Run":{"Err":{…}}}`; anything else is a failure. */
function readVerdict(test: string, answer: IncomingResponse): FailResponse | undefined {
  const run = verdictIn(answer.text());
  if (run !== undefined && "Ok" in run) return undefined;
  const error = run?.["Err"] as Readonly<Record<string, unknown>> | null | undefined;
  const { test: name, file, line, column } = error ?? {};
  if (typeof name === "string" && typeof file === "string") {
    return { test: name, file, line: Number(line), column: Number(column) };
  }
  print(`tester: ${test} answered ${answer.text()}`, 1);
  return happened(test, 'its answer is neither {"Run":{"Ok":null}} nor {"Run":{"Err":{…}}}');
}

function verdictIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const { Run: run } = parseJson(text) as { readonly Run?: unknown };
    return typeof run === "object" && run !== null ? (run as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
