/**
 * Old names of modules. Packages of versions 0.8 and 0.9 address three modules by names with underscores; they are answered, and
 * told what happens, under the name they use.
 * Source: spec/runtime-modules.md §1.1.
 * @module
 */
import type {
  Address,
  KernelMessage,
  ModuleContext,
  ModuleRequest,
  ProcessId,
  RuntimeModule,
} from "@kinode-ts/types";

/** Old name → today's. */
export const OLD_MODULE_NAMES: ReadonlyMap<ProcessId, ProcessId> = new Map([
  ["http_server:distro:sys", "http-server:distro:sys"],
  ["http_client:distro:sys", "http-client:distro:sys"],
  ["fd_manager:distro:sys", "fd-manager:distro:sys"],
] as [ProcessId, ProcessId][]);

/**
 * The module itself and a second one of the old name that hands everything to it. Whoever last addressed the module by its old
 * name gets requests and answers from there.
 */
export function withOldName(module: RuntimeModule): readonly RuntimeModule[] {
  const oldId = [...OLD_MODULE_NAMES].find(([, id]) => id === module.id)?.[0];
  if (oldId === undefined) return [module];
  let oldContext: ModuleContext | undefined;
  const users = new Set<ProcessId>();
  const note = (message: KernelMessage, isOld: boolean): void => {
    if (isOld) users.add(message.source.process);
    else if (users.size > 0) users.delete(message.source.process);
  };
  const contextFor = (context: ModuleContext, target: Address): ModuleContext => {
    const isLocal = target.node === context.our || target.node === "our";
    return isLocal && users.has(target.process) ? (oldContext ?? context) : context;
  };

  const today: RuntimeModule = {
    id: module.id,
    ...(module.public === undefined ? {} : { public: module.public }),
    start: (context) => module.start?.(seenAs(context, (target) => contextFor(context, target))),
    handle(message) {
      note(message, false);
      module.handle(message);
    },
    sendError: (message, kind) => module.sendError?.(message, kind),
    processEnded(process) {
      users.delete(process);
      module.processEnded?.(process);
    },
    stop: () => module.stop?.(),
  };
  const old: RuntimeModule = {
    id: oldId,
    ...(module.public === undefined ? {} : { public: module.public }),
    start(context) {
      oldContext = context;
    },
    handle(message) {
      note(message, true);
      module.handle(message);
    },
    sendError: (message, kind) => module.sendError?.(message, kind),
  };
  return [today, old];
}

/** A context whose messages leave under the name that `choose` gives for their receiver. */
function seenAs(context: ModuleContext, choose: (target: Address) => ModuleContext): ModuleContext {
  return Object.freeze<ModuleContext>({
    our: context.our,
    address: context.address,
    send: (request: ModuleRequest) => choose(request.target).send(request),
    respond: (request, answer) => choose(request.rsvp ?? request.source).respond(request, answer),
    respondTo: (target, id, answer) => choose(target).respondTo(target, id, answer),
    holds: (process, capability) => context.holds(process, capability),
    grant: (process, capabilities) => context.grant(process, capabilities),
    exists: (process) => context.exists(process),
    print: (verbosity, text) => context.print(verbosity, text),
  });
}
