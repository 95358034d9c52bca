/**
 * A `ProcessHost` for one process alone: deliveries come from a list, calls are written down.
 * @module
 */
import {
  type Address,
  type Capability,
  type Delivery,
  type LazyLoadBlob,
  type OnExit,
  parseAddress,
  parseProcessId,
  type ProcessHost,
  type Request,
  type Response,
  type SpawnRequest,
} from "@kinode-ts/types";

export interface FakeHost extends ProcessHost {
  /** Bodies, targets and blobs of what the process sent. */
  readonly sent: { target: Address; request: Request; blob: LazyLoadBlob | undefined }[];
  readonly responses: { response: Response; blob: LazyLoadBlob | undefined }[];
  readonly printed: string[];
  readonly spawned: SpawnRequest[];
  readonly saved: Capability[];
}

export const OUR = parseAddress("alice.os@probe:test:sys");
export const TESTER = parseAddress("alice.os@tester:test:sys");

/** `answer` is what every awaited request gets. */
export function createFakeHost(deliveries: readonly Delivery[], answer: Delivery): FakeHost {
  const queue = [...deliveries];
  let state: Uint8Array | undefined;
  let onExit: OnExit = { kind: "none" };
  const blob: LazyLoadBlob = { mime: "text/plain", bytes: new Uint8Array([1, 2, 3]) };
  const host: FakeHost = {
    sent: [],
    responses: [],
    printed: [],
    spawned: [],
    saved: [],
    our: OUR,
    killed: false,
    print: (verbosity, text) => void host.printed.push(`${verbosity} ${text}`),
    getOnExit: () => onExit,
    setOnExit: (value) => void (onExit = value),
    getState: () => Promise.resolve(state),
    setState: async (bytes) => void (state = bytes.slice()),
    clearState: async () => void (state = undefined),
    spawn: async (request) => {
      host.spawned.push(request);
      return request.wasmPath === "/missing"
        ? { ok: false, error: "no-file-at-path" }
        : { ok: true, value: parseProcessId("child:test:sys") };
    },
    saveCapabilities: (capabilities) => void host.saved.push(...capabilities),
    dropCapabilities: () => {},
    ourCapabilities: () => host.saved,
    hasBlob: () => true,
    getBlob: () => blob,
    lastBlob: () => blob,
    sendRequest: (target, request, _context, sentBlob) =>
      void host.sent.push({ target, request, blob: sentBlob }),
    sendRequests: (requests) => {
      for (const { target, request, blob: sentBlob } of requests) {
        host.sent.push({ target, request, blob: sentBlob });
      }
    },
    sendResponse: (response, sentBlob) => void host.responses.push({ response, blob: sentBlob }),
    beginAwait: (target, request, sentBlob) =>
      void host.sent.push({ target, request, blob: sentBlob }),
    pollAwaited: () => answer,
    poll: () => queue.shift(),
    park: () => {},
    sliceIsOver: () => false,
    yieldSlice: (resume) => resume(),
  };
  return host;
}
