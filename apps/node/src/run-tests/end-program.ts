/**
 * Ends another program: it is asked to, and ended hard when it takes too long.
 * @module
 */

/**
 * @param end - sends a signal
 * @param patienceMs - how long it may take to end by itself
 */
export async function endProgram(
  exited: Promise<unknown>,
  end: (signal: "SIGTERM" | "SIGKILL") => void,
  patienceMs: number,
): Promise<void> {
  end("SIGTERM");
  const timer = setTimeout(() => end("SIGKILL"), patienceMs);
  await exited;
  clearTimeout(timer);
}
