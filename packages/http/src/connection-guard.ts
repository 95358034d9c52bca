/**
 * Keeps connections from using up the files that this program may have open: databases and drives need some as well. The
 * host's server takes every connection and cannot be told otherwise, so what is too much is ended afterwards, at the
 * expense of the networks that have the most.
 * @module
 */
import type { Clock, TimerHandle } from "@kinode-ts/types";

/** One connection that somebody made to this program. */
export interface InboundConnection {
  /** Its number among the open files. */
  readonly file: number;
  /** Address, or /64 of IPv6, of the other side. */
  readonly network: string;
  /** Larger for later ones. */
  readonly order: number;
}

/** What the system tells about open files. */
export interface OpenFiles {
  /** The lowest number that is free: so many files are open at least. `Infinity`: no more can be opened. */
  lowestFree(): number;
  /** Connections to these ports of this program, of files below a number. */
  inbound(ports: readonly number[], below: number): InboundConnection[];
  /** Ends a connection for both sides; the host's server notices and forgets it. */
  end(connection: InboundConnection): void;
}

export interface ConnectionGuardOptions {
  readonly clock: Pick<Clock, "after">;
  readonly files: OpenFiles;
  /** How many files this program may have open. */
  readonly openFileLimit: number;
  /** Where strangers connect. */
  readonly ports: () => readonly number[];
  /** Ends connections that wait for their next request. */
  readonly closeIdle: () => void;
  /** Told how many connections were ended, when there were any. */
  readonly ended: (count: number) => void;
}

/** How often files are counted, while few are open and while many are. */
const CALM_MS = 250;
const ALERT_MS = 50;
/** Connections are counted at least once in so many looks while many files are open, in more of them when it takes longer. */
const MAX_SKIPPED = 20;
const FILES_PER_SKIPPED = 512;
/** More connections than this there never are, whatever the system allows: each costs memory, too. */
const MOST_CONNECTIONS = 16_384;

export class ConnectionGuard {
  readonly #options: ConnectionGuardOptions;
  readonly #maxCount: number;
  /** Open files from which on there may be too many connections. */
  #lookFrom: number;
  #skipped = 0;
  #timer: TimerHandle | undefined;
  #isStopped = false;

  constructor(options: ConnectionGuardOptions) {
    this.#options = options;
    // A quarter, as the fd-manager gives it to each of those that open files.
    this.#maxCount = Math.min(MOST_CONNECTIONS, Math.floor(options.openFileLimit / 4));
    this.#lookFrom = this.#maxCount;
    this.#wait(CALM_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #wait(delayMs: number): void {
    if (!this.#isStopped) this.#timer = this.#options.clock.after(delayMs, () => this.#look());
  }

  /** Asking how many files are open costs next to nothing, looking which of them are connections does. */
  #look(): void {
    const { files, openFileLimit } = this.#options;
    const openCount = Math.min(files.lowestFree(), openFileLimit);
    if (openCount < this.#maxCount) this.#lookFrom = this.#maxCount;
    else if (openCount >= this.#lookFrom || ++this.#skipped >= maxSkipped(openCount)) {
      this.#count(openCount);
    }
    this.#wait(openCount * 2 >= this.#maxCount ? ALERT_MS : CALM_MS);
  }

  #count(openCount: number): void {
    const { files, ports, openFileLimit } = this.#options;
    const connections = files.inbound(ports(), openCount);
    if (connections.length > this.#maxCount) this.#relieve(openCount);
    this.#skipped = 0;
    const room = Math.max(1, this.#maxCount - connections.length);
    this.#lookFrom = Math.min(openFileLimit, openCount + room);
  }

  /** Connections that wait for their next request go first, then those of the networks that have most. */
  #relieve(openCount: number): void {
    const { files, ports, closeIdle, ended } = this.#options;
    closeIdle();
    // Some room, so that this is not needed again at once.
    const surplus = surplusOf(files.inbound(ports(), openCount), Math.ceil(this.#maxCount * 0.75));
    for (const connection of surplus) files.end(connection);
    if (surplus.length > 0) ended(surplus.length);
  }
}

function maxSkipped(openCount: number): number {
  return Math.max(MAX_SKIPPED, openCount / FILES_PER_SKIPPED);
}

/**
 * Connections to end so that at most `maxCount` are left. No network loses one while another has more; of one network the
 * latest go, because a flood comes later than those who were there before.
 */
export function surplusOf(
  connections: readonly InboundConnection[],
  maxCount: number,
): InboundConnection[] {
  if (connections.length <= maxCount) return [];
  const networks = Map.groupBy(connections, ({ network }) => network);
  const share = fairShare(
    [...networks.values()].map(({ length }) => length),
    maxCount,
  );
  return [...networks.values()].flatMap((own) =>
    own.length <= share ? [] : own.toSorted((a, b) => a.order - b.order).slice(share),
  );
}

/** The largest number of which everybody may have as many, when together there are at most `maxCount`. */
function fairShare(counts: readonly number[], maxCount: number): number {
  const ascending = counts.toSorted((a, b) => a - b);
  let left = maxCount;
  for (const [at, count] of ascending.entries()) {
    const share = Math.floor(left / (ascending.length - at));
    if (count > share) return share;
    left -= count;
  }
  return maxCount;
}
