/**
 * Prepared programs by content hash: shared while a process uses them, then kept for a while.
 * @module
 */
import type { LoadedComponent } from "./api.ts";
import { contentHash } from "./content-hash.ts";
import { ComponentError } from "./errors.ts";
import type { ComponentLimits } from "./limits.ts";

type CacheLimits = Pick<
  ComponentLimits,
  "maxIdlePrograms" | "maxIdleCodeBytes" | "maxTotalCodeBytes"
>;

interface Entry {
  readonly program: Promise<LoadedComponent>;
  /** Processes that run it. */
  running: number;
  /** 0 until it is loaded. */
  codeBytes: number;
}

export class ProgramCache {
  /** In order of last use, the oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #limits: CacheLimits;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  /**
   * The program of these bytes; `load` is called only when there is none yet. A failure is not kept.
   * @throws {ComponentError} `component.too-large` the code of all programs would take too much memory
   */
  async provide(
    bytes: Uint8Array,
    load: (bytes: Uint8Array) => Promise<LoadedComponent>,
  ): Promise<LoadedComponent> {
    const key = contentHash(bytes);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const made: Entry = {
        running: 0,
        codeBytes: 0,
        program: load(bytes).then((program) => this.#admit(program, made)),
      };
      entry = made;
      made.program.catch(() => {
        if (this.#entries.get(key) === made) this.#entries.delete(key);
      });
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#evict(entry);
    return entry.program;
  }

  get size(): number {
    return this.#entries.size;
  }

  #admit(program: LoadedComponent, entry: Entry): LoadedComponent {
    entry.codeBytes = program.codeBytes;
    this.#evict(entry);
    let value = 0;
    for (const { codeBytes } of this.#entries.values()) value += codeBytes;
    const bound = this.#limits.maxTotalCodeBytes;
    if (value > bound) {
      const what = "the memory for the code of all programs";
      throw new ComponentError({ code: "component.too-large", what, value, bound });
    }
    return this.#counted(program, entry);
  }

  #counted(program: LoadedComponent, entry: Entry): LoadedComponent {
    return {
      standardInterface: program.standardInterface,
      codeBytes: program.codeBytes,
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

  /** Forgets the longest unused programs without processes, but not the one that is about to be used. */
  #evict(kept?: Entry): void {
    const { maxIdlePrograms, maxIdleCodeBytes } = this.#limits;
    let idleCount = 0;
    let idleBytes = 0;
    for (const { running, codeBytes } of this.#entries.values()) {
      if (running !== 0) continue;
      idleCount++;
      idleBytes += codeBytes;
    }
    for (const [key, entry] of this.#entries) {
      if (idleCount <= maxIdlePrograms && idleBytes <= maxIdleCodeBytes) return;
      if (entry.running !== 0 || entry === kept) continue;
      this.#entries.delete(key);
      idleCount--;
      idleBytes -= entry.codeBytes;
    }
  }
}
