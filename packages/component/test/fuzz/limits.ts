/**
 * What a case of fuzzing may cost.
 * @module
 */

/** Time of the processor for one case. The machine's own time would count what other programs do. */
export const MAX_CASE_CPU_MS = 1_000;

/** Processor time that this program has used so far, all its threads together. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
