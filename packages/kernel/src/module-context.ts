/**
 * What a runtime module sees of the kernel.
 * Source: spec/runtime-modules.md §1.2; packages/types/src/module.ts is the contract.
 * @module
 */
import type {
  Address,
  Answer,
  KernelMessage,
  ModuleContext,
  ModuleRequest,
  U64,
} from "@kinode-ts/types";
import type { KernelCore } from "./core.ts";
import type { ProcessEntry } from "./process-entry.ts";

export function createModuleContext(core: KernelCore, entry: ProcessEntry): ModuleContext {
  const { our, router, capabilities, table, supervisor } = core;

  const resolve = (target: Address): Address =>
    target.node === "our" ? router.addressOf(target.process) : target;

  function send(request: ModuleRequest): U64 {
    const id = request.id ?? core.freshId();
    const expectsResponse = request.expectsResponse;
    const ownRsvp = expectsResponse === undefined ? undefined : entry.address;
    const message: KernelMessage = {
      id,
      source: entry.address,
      target: resolve(request.target),
      rsvp: "rsvp" in request ? request.rsvp : ownRsvp,
      message: {
        kind: "request",
        inherit: false,
        expectsResponse,
        body: request.body,
        metadata: request.metadata,
        capabilities:
          request.capabilities === undefined || request.capabilities.length === 0
            ? []
            : capabilities.filter(entry.id, request.capabilities),
      },
      blob: request.blob,
    };
    router.fromProcess(entry, message, false);
    return id;
  }

  function respondTo(target: Address, id: U64, answer: Answer): void {
    core.scheduler.worked();
    const message: KernelMessage = {
      id,
      source: entry.address,
      target: resolve(target),
      rsvp: undefined,
      message: {
        kind: "response",
        inherit: false,
        body: answer.body,
        metadata: answer.metadata,
        capabilities: [],
      },
      blob: answer.blob,
    };
    router.fromProcess(entry, message, false);
  }

  return Object.freeze<ModuleContext>({
    our,
    address: entry.address,
    send,
    respondTo,
    respond: (request, answer) => respondTo(request.rsvp ?? request.source, request.id, answer),
    holds: (process, capability) => table.find(process)?.holder.has(capability) ?? false,
    exists: (process) => table.find(process) !== undefined,
    grant: async (process, granted) => {
      const own = granted.filter(({ issuer }) => issuer.process === entry.id);
      if (!supervisor.grant(process, own)) return false;
      await core.journal.settled();
      return true;
    },
    print: (verbosity, text) => core.powers.printer.print(verbosity, entry.id, text),
  });
}
