/**
 * A port for a test that has to know it before it listens.
 * @module
 */

/**
 * Beyond what nodes take by themselves, below what systems give to outgoing connections: what else happens on the machine does
 * not take it meanwhile.
 */
const FIRST = 12_000;
const LAST = 30_000;

/** A TCP port that was free on all addresses of the machine a moment ago. @throws {Error} none of a hundred was */
export function freePort(): number {
  for (let tries = 0; tries < 100; tries++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (isFreePort(port)) return port;
  }
  throw new Error(`No port between ${FIRST} and ${LAST} is free`);
}

/** Whether nobody listens there, on any address of the machine. */
export function isFreePort(port: number): boolean {
  try {
    Bun.listen({ hostname: "0.0.0.0", port, exclusive: true, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}
