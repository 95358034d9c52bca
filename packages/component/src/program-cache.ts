/**
 * Prepared programs by content hash: shared while a process uses them, then kept for a while.
 * @module
 */
import type { LoadedComponent } from "./api.ts";
import { contentHash } from "./content-hash.ts";

interface Entry {
  readonly program: Promise<LoadedComponent>;
  /** Processes that run it. */
  running: number;
}

export class ProgramCache {
  /** In order of last use, the oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #maxIdle: number;

  constructor(maxIdle: number) {
    this.#maxIdle = maxIdle;
  }

  /** The program of these bytes; `load` is called only when there is none yet. A failure is not kept. */
  async provide(
    bytes: Uint8Array,
    load: (bytes: Uint8Array) => Promise<LoadedComponent>,
  ): Promise<LoadedComponent> {
    const key = contentHash(bytes);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const made: Entry = {
        running: 0,
        program: load(bytes).then((program) => this.#counted(program, made)),
      };
      entry = made;
      made.program.catch(() => {
        if (this.#entries.get(key) === made) this.#entries.delete(key);
      });
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#evict();
    return entry.program;
  }

  get size(): number {
    return this.#entries.size;
  }

  #counted(program: LoadedComponent, entry: Entry): LoadedComponent {
    return {
      standardInterface: program.standardInterface,
      start: (host, limits, options) => {
        const process = program.start(host, limits, options);
        entry.running++;
        void process.ended.then(() => {
          entry.running--;
          this.#evict();
        });
        return process;
      },
    };
  }

  /** Forgets the longest unused programs without processes. */
  #evict(): void {
    let idle = 0;
    for (const entry of this.#entries.values()) if (entry.running === 0) idle++;
    for (const [key, entry] of this.#entries) {
      if (idle <= this.#maxIdle) return;
      if (entry.running !== 0) continue;
      this.#entries.delete(key);
      idle--;
    }
  }
}
