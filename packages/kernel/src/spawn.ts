/**
 * `spawn`: a process makes a child with some of its own rights.
 * Source: spec/kernel.md §3.12, in its order with step 8 before 7; W22, W25.
 * @module
 */
import {
  formatProcessId,
  isNameSafeProcessId,
  messagingCapability,
  ProcessFault,
  type ProcessId,
  processIdParts,
  type Result,
  type SpawnError,
  type SpawnRequest,
  VFS_PROCESS,
} from "@kinode-ts/types";
import type { KernelCore } from "./core.ts";
import type { KernelProcessHost } from "./process-host.ts";

const READ_TIMEOUT_SECONDS = 5;
const encoder = new TextEncoder();
const ERROR_ANSWER = encoder.encode('{"Err"');

const failure = (error: SpawnError): Result<ProcessId, SpawnError> => ({ ok: false, error });

export async function spawn(
  core: KernelCore,
  parent: KernelProcessHost,
  request: SpawnRequest,
): Promise<Result<ProcessId, SpawnError>> {
  const { supervisor, capabilities, table, lines, our } = core;
  const { entry } = parent;
  const bytes = await readProgram(core, parent, request.wasmPath);
  if (parent.killed || bytes === undefined) return failure("no-file-at-path");
  const id = childId(core, entry.id, request.name);
  supervisor.assertSize(request.onExit);
  const fault = supervisor.initialize({
    id,
    wasmBytesHandle: request.wasmPath,
    witVersion: entry.witVersion,
    onExit: request.onExit,
    public: request.public,
    // Messaging the parent is step 8; it comes before the start, so that the child's first message arrives.
    capabilities: [
      ...capabilities.filter(entry.id, request.requestCapabilities),
      messagingCapability(our, entry.id),
    ],
    bytes,
    creator: entry,
  });
  if (fault !== undefined) {
    lines.about(entry, 0, () => fault);
    return failure("name-taken");
  }
  const child = table.find(id)!;
  for (const { process, params } of request.grantCapabilities) {
    supervisor.grant(process, [{ issuer: child.address, params }]);
  }
  void supervisor.run(child);
  lines.about(entry, 2, () => `${entry.id} spawned ${id}`);
  return { ok: true, value: id };
}

/** Reads the file as the process itself, so that its own capabilities decide (step 2). */
async function readProgram(
  core: KernelCore,
  parent: KernelProcessHost,
  path: string,
): Promise<Uint8Array | undefined> {
  const { answer } = await parent.exchange(core.router.addressOf(VFS_PROCESS), {
    kind: "request",
    inherit: false,
    expectsResponse: READ_TIMEOUT_SECONDS,
    body: encoder.encode(JSON.stringify({ path, action: "Read" })),
    metadata: undefined,
    capabilities: [],
  });
  if (answer === undefined || isError(answer.message.body)) return undefined;
  return answer.blob?.bytes;
}

function isError(body: Uint8Array): boolean {
  return ERROR_ANSWER.every((byte, index) => body[index] === byte);
}

/** @throws {ProcessFault} the name is not safe (K7) */
function childId(core: KernelCore, parent: ProcessId, name: string | undefined): ProcessId {
  const { packageName, publisherNode } = processIdParts(parent);
  const processName = name ?? String(core.powers.random.u64());
  const id = formatProcessId({ processName, packageName, publisherNode });
  if (name !== undefined && !isNameSafeProcessId(id)) {
    throw new ProcessFault(
      `Cannot spawn ${JSON.stringify(name)}: a process name has only a-z, 0-9 and "-"`,
    );
  }
  return id;
}
