/**
 * One turn of the host's real event loop; the virtual clock uses it to let all microtasks run.
 * @module
 */

/** Settles after the host's event loop has turned once, with no microtask left waiting. */
export function hostTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
