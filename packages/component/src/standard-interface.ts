/**
 * The functions of `kinode:process/standard`, one table for all versions (spec/kernel.md §1.3).
 * Which of them a version has, and of which types, comes from `wit/`.
 * @module
 */
import { MESSAGING_PARAMS } from "@kinode-ts/types";
import type {
  Capability,
  LazyLoadBlob,
  OnExit,
  OutgoingRequest,
  ProcessHost,
  ProcessId,
  Request,
} from "@kinode-ts/types";
import type { HostFunctionType } from "./api.ts";
import type { ImportBinding } from "./canonical-abi/lower-function.ts";
import { lowerFunction } from "./canonical-abi/lower-function.ts";
import type { FiberPort } from "./fiber-port.ts";
import { hotBindings, peekBlob } from "./lower-hot.ts";
import type { StandardVersion } from "./select-interface.ts";
import { deliveryTypes, standardTypes } from "./standard-types.ts";

/** Fuel for the text of one printed line and the like: what the node spends on it beyond the call itself. */
const BYTES_PER_HOST_CALL = 64;

type Call = (host: ProcessHost, values: never, fiber: FiberPort) => unknown;

/** Since 1.0.0 with a capability; before, each listed process gets the right to message the child (K4). */
type Grant = ProcessId | readonly [ProcessId, string];
type SpawnValues = readonly [
  name: string | undefined,
  wasmPath: string,
  onExit: OnExit,
  requestCapabilities: readonly Capability[],
  grants: readonly Grant[],
  isPublic: boolean,
];
type OutgoingValues = readonly [
  OutgoingRequest["target"],
  Request,
  Uint8Array | undefined,
  LazyLoadBlob | undefined,
];

const widened = (grant: Grant): { readonly process: ProcessId; readonly params: string } =>
  typeof grant === "string"
    ? { process: grant, params: MESSAGING_PARAMS }
    : { process: grant[0], params: grant[1] };

/** Values are what the types in standard-types.ts make of a guest's; a test calls every function with all of them. */
const CALLS: Readonly<Record<string, Call>> = {
  "print-to-terminal": (host, [verbosity, text]: readonly [number, string], fiber) => {
    fiber.spend(Math.ceil(text.length / BYTES_PER_HOST_CALL));
    host.print(verbosity, text);
  },
  our: (host) => host.our,
  "get-on-exit": (host) => host.getOnExit(),
  "set-on-exit": (host, [value]: readonly [OnExit]) => host.setOnExit(value),
  "get-state": (host) => host.getState(),
  "set-state": (host, [value]: readonly [Uint8Array]) => host.setState(value),
  "clear-state": (host) => host.clearState(),
  spawn: (host, values: SpawnValues) => {
    const [name, wasmPath, onExit, requestCapabilities, grants, isPublic] = values;
    return host.spawn({
      name,
      wasmPath,
      onExit,
      requestCapabilities,
      grantCapabilities: grants.map(widened),
      public: isPublic,
    });
  },
  "save-capabilities": (host, [held]: readonly [readonly Capability[]]) =>
    host.saveCapabilities(held),
  "drop-capabilities": (host, [held]: readonly [readonly Capability[]]) =>
    host.dropCapabilities(held),
  "our-capabilities": (host, _values, fiber) => {
    const held = host.ourCapabilities();
    fiber.spend(held.length * 4);
    return held;
  },
  "has-blob": (host) => host.hasBlob(),
  "last-blob": (host) => peekBlob(host),
  "send-requests": (host, [requests]: readonly [readonly OutgoingValues[]], fiber) => {
    fiber.spend(requests.length * 4);
    return host.sendRequests(
      requests.map(([target, request, context, blob]) => ({ target, request, context, blob })),
    );
  },
};

function bindingOf(name: string, type: HostFunctionType): ImportBinding {
  const call = CALLS[name];
  if (call === undefined) throw new TypeError(`The function "${name}" of wit/ is not implemented`);
  return lowerFunction(type, (fiber, values) => call(fiber.host, values as never, fiber));
}

function buildBindings(version: StandardVersion): ReadonlyMap<string, ImportBinding> {
  const { functions } = standardTypes(version);
  const deliveries = deliveryTypes(version);
  const hot = hotBindings(functions, deliveries);
  return new Map(
    [...functions].map(([name, type]) => [name, hot.get(name) ?? bindingOf(name, type)] as const),
  );
}

const built = new Map<StandardVersion, ReadonlyMap<string, ImportBinding>>();

/** All functions of one version by name. Built once. */
export function standardInterface(version: StandardVersion): ReadonlyMap<string, ImportBinding> {
  let bindings = built.get(version);
  if (bindings === undefined) built.set(version, (bindings = buildBindings(version)));
  return bindings;
}
