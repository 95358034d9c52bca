/**
 * A port for the apps of a node that has to have the same addresses when it starts again.
 * @module
 */

/** In the range whose next free port is that of the node's pages, beyond those that other nodes find first. */
const FIRST = 8_200;
const LAST = 8_980;

/** Free a moment ago, and the one behind it as well. @throws {Error} none of a hundred was */
export function freeHttpPort(): number {
  for (let tries = 0; tries < 100; tries++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (isFree(port) && isFree(port + 1)) return port;
  }
  throw new Error(`No port between ${FIRST} and ${LAST} is free`);
}

function isFree(port: number): boolean {
  try {
    Bun.listen({ hostname: "0.0.0.0", port, exclusive: true, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    // Taken.
    return false;
  }
}
