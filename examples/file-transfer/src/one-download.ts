/**
 * The side that fetches one file: pieces in order into `<name>.part`, through whatever comes between.
 * @module
 */
import { our, print, request, SendError } from "@kinode-ts/stdlib";
import { sleep } from "@kinode-ts/stdlib/timer";
import { createFile, file, removeFile, rename, VfsError } from "@kinode-ts/stdlib/vfs";
import { hashFile } from "./offered-files.ts";
import type { ChunkAnswer, Progress, Stage } from "./wire.ts";
import { CHUNK_MAX, parseChunk, PART } from "./wire.ts";

/** What is kept over restarts; how much there is tells the length of the part. */
export interface DownloadRecord {
  readonly name: string;
  readonly target: string;
  /** What the part is the beginning of; `null` before the first answer. */
  sha256: string | null;
  size: number | null;
  stage: Stage;
  problem: string | null;
}

/** Pieces on their way at a time. */
const WINDOW_MAX = 4;
/** A piece may take so many times as long as the one before it; a node that is gone does not say so. */
const PATIENCE_FACTOR = 8;
const PATIENCE_MS = { first: 30_000, min: 5_000, max: 60_000 };
/** Doubled after each failure in a row. */
const FIRST_PAUSE_MS = 500;
const PAUSE_MAX_MS = 15_000;
/** How often a whole file may turn out to be another one than was announced. */
const SPOILED_MAX = 3;

interface Piece {
  readonly answer: ChunkAnswer;
  readonly bytes: Uint8Array;
}

/** Something that may be over soon: the transfer waits and tries again. */
class Hitch extends Error {}
/** Trying again is of no use. */
class Refusal extends Error {}

export class Download {
  readonly record: DownloadRecord;
  readonly #path: string;
  readonly #part: string;
  readonly #save: () => Promise<void>;
  #received = 0;
  #window = 1;
  #pauseMs = FIRST_PAUSE_MS;
  #patienceMs = PATIENCE_MS.first;
  #spoiled = 0;
  #lastPrinted = 0;
  #isCancelled = false;

  /** @param save - stores the records of all downloads; settles when they are on disk */
  constructor(record: DownloadRecord, drive: string, save: () => Promise<void>) {
    this.record = record;
    this.#path = `${drive}/${record.name}`;
    this.#part = `${this.#path}${PART}`;
    this.#save = save;
  }

  get progress(): Progress {
    const { name, target, size, stage, problem } = this.record;
    const received = stage === "done" ? (size ?? 0) : this.#received;
    const share = size === null ? 0 : size === 0 ? 1 : received / size;
    const progress = stage === "done" ? 100 : Math.min(99, Math.floor(share * 100));
    return { name, target, progress, received, size, stage, problem };
  }

  /** What has come is removed when `run` ends. */
  async cancel(): Promise<void> {
    this.#isCancelled = true;
    await this.#end("failed", "cancelled");
  }

  /** Until the file is there, it is given up, or it was cancelled. Never rejects. */
  async run(): Promise<void> {
    const { record } = this;
    try {
      await this.#begin();
      while (record.stage === "fetching" && !this.#isCancelled) await this.#attempt();
      if (this.#isCancelled) await removeFile(this.#part);
    } catch (thrown) {
      if (!this.#isCancelled) await this.#end("failed", textOf(thrown));
    }
  }

  async #begin(): Promise<void> {
    const { sha256 } = this.record;
    if ((await lengthOf(this.#path)) !== undefined) {
      // It may be ours: everything was done but for saying so.
      if (sha256 === null || (await hashFile(this.#path)) !== sha256) {
        throw new Refusal("a file of this name is there already");
      }
      await this.#end("done", null);
      return;
    }
    const length = sha256 === null ? undefined : await lengthOf(this.#part);
    if (length === undefined) await this.#startAnew();
    else this.#received = length;
  }

  /** Fetches until the end or the first hitch. */
  async #attempt(): Promise<void> {
    try {
      await this.#fetch();
      if (!this.#isCancelled) await this.#finish();
    } catch (thrown) {
      if (!(thrown instanceof Hitch)) throw thrown;
      if (this.#isCancelled) return;
      this.record.problem = thrown.message;
      this.#window = 1;
      this.#patienceMs = Math.min(PATIENCE_MS.max, this.#patienceMs * 2);
      await sleep(this.#pauseMs);
      this.#pauseMs = Math.min(PAUSE_MAX_MS, this.#pauseMs * 2);
    }
  }

  async #fetch(): Promise<void> {
    const inFlight: Promise<Piece>[] = [];
    let asked = this.#received;
    while (!this.#isComplete() && !this.#isCancelled) {
      while (inFlight.length < this.#window && this.#mayAsk(asked, inFlight.length)) {
        const piece = this.#ask(asked);
        // It is awaited later, or not at all when one before it fails.
        piece.catch(() => {});
        inFlight.push(piece);
        asked += CHUNK_MAX;
      }
      await this.#take(await inFlight.shift()!);
    }
  }

  #isComplete(): boolean {
    return this.#received === this.record.size;
  }

  /** Before the size is known one piece is asked for. */
  #mayAsk(offset: number, inFlight: number): boolean {
    const { size } = this.record;
    return size === null ? inFlight === 0 : offset < size;
  }

  async #ask(offset: number): Promise<Piece> {
    const { name, target } = this.record;
    const body = { Chunk: { name, offset, length: CHUNK_MAX } };
    const askedMs = Date.now();
    try {
      const response = await request(`${target}@${our().processId.toString()}`, body, {
        timeout: this.#patienceMs,
      });
      const bytes = response.blob()?.bytes ?? new Uint8Array(0);
      const value = response.json();
      if (value === "Busy") throw new Hitch(`${target} is busy`);
      const { Err: error } = (value ?? {}) as { readonly Err?: unknown };
      if (typeof error === "string") throw new Refusal(`${target} says: ${error.slice(0, 200)}`);
      const answer = parseChunk(value);
      const due = Math.min(CHUNK_MAX, Math.max(0, answer.size - offset));
      if (bytes.length === due) {
        const tookMs = Math.max(0, Date.now() - askedMs) * PATIENCE_FACTOR;
        this.#patienceMs = Math.min(PATIENCE_MS.max, Math.max(PATIENCE_MS.min, tookMs));
        return { answer, bytes };
      }
    } catch (thrown) {
      if (thrown instanceof Refusal || thrown instanceof Hitch) throw thrown;
      if (!(thrown instanceof SendError)) throw new Refusal(`${target} answers something else`);
      throw new Hitch(
        thrown.isOffline ? `${target} cannot be reached` : `${target} does not answer`,
      );
    }
    // The file was changed while it was read.
    throw new Hitch(`${target} sent a piece of another length`);
  }

  async #take({ answer, bytes }: Piece): Promise<void> {
    const { record } = this;
    if (answer.sha256 !== record.sha256 || this.#received > answer.size) {
      const isFirst = record.sha256 === null;
      record.sha256 = answer.sha256;
      record.size = answer.size;
      if (!isFirst) {
        await this.#startAnew();
        throw new Hitch("the file was changed; begins anew");
      }
      await this.#save();
    }
    if (bytes.length > 0) await file(this.#part).append(bytes);
    this.#received += bytes.length;
    if (this.#isCancelled) return;
    record.problem = null;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#window = Math.min(WINDOW_MAX, this.#window + 1);
    this.#report();
  }

  async #startAnew(): Promise<void> {
    this.#received = 0;
    this.#lastPrinted = 0;
    await createFile(this.#part);
    await this.#save();
  }

  async #finish(): Promise<void> {
    const { record } = this;
    if ((await hashFile(this.#part)) !== record.sha256) {
      if (++this.#spoiled >= SPOILED_MAX)
        throw new Refusal("its content is not what was announced");
      record.sha256 = null;
      record.size = null;
      await this.#startAnew();
      throw new Hitch("the content is not what was announced; begins anew");
    }
    await file(this.#part).syncAll();
    await file(this.#part).close();
    if ((await lengthOf(this.#path)) !== undefined) {
      throw new Refusal("a file of this name has come meanwhile");
    }
    await rename(this.#part, this.#path);
    await this.#end("done", null);
  }

  async #end(stage: Stage, problem: string | null): Promise<void> {
    this.record.stage = stage;
    this.record.problem = problem;
    await this.#save();
    const { name, target } = this.record;
    print(
      problem === null ? `${name} from ${target} is here` : `${name} from ${target}: ${problem}`,
    );
  }

  /** Ten lines for a whole file. */
  #report(): void {
    const { name, progress } = this.progress;
    if (progress < this.#lastPrinted + 10) return;
    this.#lastPrinted = progress - (progress % 10);
    print(`${name}: ${progress} %`, 1);
  }
}

/** `undefined`: there is no such file. */
async function lengthOf(path: string): Promise<number | undefined> {
  try {
    return Number((await file(path).metadata()).len);
  } catch (thrown) {
    if (thrown instanceof VfsError && thrown.code === "IOError") return undefined;
    throw thrown;
  }
}

export function textOf(thrown: unknown): string {
  if (thrown instanceof VfsError) return `${thrown.code}: ${thrown.fault.detail}`;
  return thrown instanceof Error ? thrown.message : String(thrown);
}
