/**
 * All downloads of this node, kept over restarts.
 * @module
 */
import { state } from "@kinode-ts/stdlib";
import type { DownloadRecord } from "./one-download.ts";
import { Download } from "./one-download.ts";
import type { DownloadRequest, Progress } from "./wire.ts";

/** More are refused until one has ended. */
const RUNNING_MAX = 8;
/** Ended ones that are still told of. */
const ENDED_KEPT = 32;

export class Downloads {
  readonly #drive: string;
  #all: Download[] = [];
  /** A cancelled one is among them until it has let go of its part. */
  readonly #running = new Set<Download>();

  private constructor(drive: string) {
    this.#drive = drive;
  }

  /** Goes on with what was not finished. */
  static async load(drive: string): Promise<Downloads> {
    const downloads = new Downloads(drive);
    const records = (await state.load((value) => value as DownloadRecord[])) ?? [];
    downloads.#all = records.map((record) => downloads.#make(record));
    for (const each of downloads.#all) {
      if (each.record.stage === "fetching") void downloads.#run(each);
    }
    return downloads;
  }

  get progress(): Progress[] {
    return this.#all.map((each) => each.progress);
  }

  /** @throws {RangeError} that one or too many are running */
  async start({ name, target }: DownloadRequest): Promise<void> {
    if (this.#find(name) !== undefined) throw new RangeError(`${name} is being fetched already`);
    if (this.#running.size >= RUNNING_MAX) {
      throw new RangeError(`${RUNNING_MAX} files are being fetched; wait for one or cancel it`);
    }
    const fresh = { name, target, sha256: null, size: null, stage: "fetching", problem: null };
    const download = this.#make(fresh as DownloadRecord);
    this.#all = [...this.#all.filter((each) => each.record.name !== name), download];
    await this.#save();
    void this.#run(download);
  }

  /** @throws {RangeError} it is not being fetched */
  async cancel(name: string): Promise<void> {
    const found = this.#find(name);
    if (found === undefined) throw new RangeError(`${name} is not being fetched`);
    await found.cancel();
  }

  #make(record: DownloadRecord): Download {
    return new Download(record, this.#drive, () => this.#save());
  }

  #find(name: string): Download | undefined {
    return [...this.#running].find((each) => each.record.name === name);
  }

  async #run(download: Download): Promise<void> {
    this.#running.add(download);
    await download.run();
    this.#running.delete(download);
  }

  async #save(): Promise<void> {
    const ended = this.#all.filter((each) => each.record.stage !== "fetching");
    const dropped = new Set(ended.slice(0, Math.max(0, ended.length - ENDED_KEPT)));
    this.#all = this.#all.filter((each) => !dropped.has(each));
    await state.save(this.#all.map((each) => each.record));
  }
}
