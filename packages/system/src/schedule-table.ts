/**
 * The schedules of a node: who has which, and which is due next.
 * @module
 */
import { packageOf, type PackageId, type ProcessId } from "@kinode-ts/types";
import type { Times } from "./schedule-times.ts";
import { rowKey, type ScheduleRow, type ScheduleSpec } from "./schedule-wire.ts";
import { TimerQueue, type Due } from "./timer-queue.ts";

export interface Schedule extends ScheduleRow {
  readonly times: Times;
  spec: ScheduleSpec;
  lastMs: number;
  /** Wall clock. */
  nextMs: number;
}

/** A place in the queue; what was moved or removed leaves a stale one behind. */
interface Place extends Due {
  readonly schedule: Schedule;
}

export class ScheduleTable {
  readonly #schedules = new Map<ProcessId, Map<string, Schedule>>();
  readonly #packageCounts = new Map<PackageId, number>();
  readonly #places = new Map<Schedule, Place>();
  readonly #queue = new TimerQueue<Place>();
  #sequence = 0;

  get size(): number {
    return this.#places.size;
  }

  countOf(owner: ProcessId): number {
    return this.#packageCounts.get(packageOf(owner)) ?? 0;
  }

  find(owner: ProcessId, id: string): Schedule | undefined {
    return this.#schedules.get(owner)?.get(id);
  }

  of(owner: ProcessId): readonly Schedule[] {
    return [...(this.#schedules.get(owner)?.values() ?? [])];
  }

  owners(): readonly ProcessId[] {
    return [...this.#schedules.keys()];
  }

  has(owner: ProcessId): boolean {
    return this.#schedules.has(owner);
  }

  all(): readonly Schedule[] {
    return [...this.#places.keys()];
  }

  /** Puts it in the place of the one with its id. */
  put(schedule: Schedule): void {
    const { owner, spec } = schedule;
    const old = this.find(owner, spec.id);
    if (old !== undefined) this.remove(old);
    let own = this.#schedules.get(owner);
    if (own === undefined) this.#schedules.set(owner, (own = new Map<string, Schedule>()));
    own.set(spec.id, schedule);
    this.#packageCounts.set(packageOf(owner), this.countOf(owner) + 1);
    this.move(schedule, schedule.nextMs);
  }

  /** Looks at it at another time. */
  move(schedule: Schedule, dueMs: number): void {
    const place: Place = { schedule, dueMs, sequence: this.#sequence++ };
    this.#places.set(schedule, place);
    this.#queue.add(place);
    if (this.#queue.size > 2 * this.#places.size + 64) {
      this.#queue.filter((each) => this.#places.get(each.schedule) === each);
    }
  }

  remove(schedule: Schedule): void {
    if (!this.#places.delete(schedule)) return;
    const { owner, spec } = schedule;
    const own = this.#schedules.get(owner)!;
    own.delete(spec.id);
    if (own.size === 0) this.#schedules.delete(owner);
    const count = this.countOf(owner);
    if (count > 1) this.#packageCounts.set(packageOf(owner), count - 1);
    else this.#packageCounts.delete(packageOf(owner));
  }

  /** When the next one is due; `undefined`: none is. */
  nextMs(): number | undefined {
    for (let place = this.#queue.peek(); place !== undefined; place = this.#queue.peek()) {
      if (this.#places.get(place.schedule) === place) return place.dueMs;
      this.#queue.take();
    }
    return undefined;
  }

  /** The next one that is due; it keeps its entry, but is due at no time until it is moved or removed. */
  takeDue(nowMs: number): Schedule | undefined {
    const next = this.nextMs();
    return next !== undefined && next <= nowMs ? this.#queue.take()!.schedule : undefined;
  }
}

/** Key of its row in the store. */
export function keyOf({ owner, spec }: ScheduleRow): string {
  return rowKey(owner, spec.id);
}
