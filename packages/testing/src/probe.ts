/**
 * The probe: a process in real WebAssembly that tests drive by messages.
 * @module
 */
export { OP, ProbeScript, probeScript } from "./probe-script.ts";
export type {
  ProbeAddress,
  ProbeBlob,
  ProbeBody,
  ProbeOnExit,
  ProbeRequest,
  ProbeSpawn,
} from "./probe-script.ts";
export { decodeProbeReport } from "./probe-report.ts";
export type { ProbeDelivery, ProbeRecord, ProbeSendError } from "./probe-report.ts";
