/**
 * The scheduler module for test nodes: steps and moments come with the node's virtual time, patterns when the test says so.
 * Source: docs/modules/scheduler.md.
 * @module
 */
import type { TestModule, TestNode } from "./test-node.ts";

const SCHEDULER = "scheduler:distro:sys";

interface Schedule {
  readonly id: string;
  readonly every?: number | null;
  /** Virtual time: milliseconds since the node was made. */
  readonly at?: number | null;
  readonly cron?: string | null;
  readonly body?: string | null;
}

interface Kept {
  readonly schedule: Schedule;
  cancel: () => void;
}

export class TestScheduler {
  readonly #node: TestNode;
  /** By process id and id, joined by a blank. */
  readonly #kept = new Map<string, Kept>();

  /** Adds itself to the node. */
  constructor(node: TestNode) {
    this.#node = node;
    node.addModule(SCHEDULER, (request, reply) => this.#handle(request, reply));
  }

  /** Lets a schedule of a process be due now. @throws {Error} there is no such schedule */
  fire(process: string, id: string, missed = 0): void {
    const kept = this.#kept.get(`${process} ${id}`);
    if (kept === undefined) throw new Error(`"${process}" has no schedule "${id}"`);
    const { body = null } = kept.schedule;
    const fired = { id, due_ms: this.#node.nowMs, missed, body };
    this.#node.tell(process, { Fired: fired }, { from: SCHEDULER });
  }

  readonly #handle: TestModule = ({ source, value }, reply) => {
    const process = source.slice(source.indexOf("@") + 1);
    const { Schedule: schedule, Unschedule: removed } = Object(value) as {
      readonly Schedule?: Schedule;
      readonly Unschedule?: { readonly id: string };
    };
    if (schedule !== undefined) {
      this.#remove(process, schedule.id);
      const next_ms = this.#keep(process, schedule);
      reply({ Scheduled: { id: schedule.id, next_ms } });
    } else if (removed !== undefined) {
      reply({ Unscheduled: { id: removed.id, existed: this.#remove(process, removed.id) } });
    } else if (value === "List") {
      const own = [...this.#kept].filter(([key]) => key.startsWith(`${process} `));
      reply({ Schedules: own.map(([, { schedule: each }]) => ({ ...each, next_ms: 0 })) });
    } else reply({ Err: "MalformedRequest" });
  };

  #keep(process: string, schedule: Schedule): number {
    const { id, every, at } = schedule;
    const kept: Kept = { schedule, cancel: () => {} };
    this.#kept.set(`${process} ${id}`, kept);
    const wait = (ms: number, isLast: boolean): number => {
      kept.cancel = this.#node.after(ms, () => {
        this.fire(process, id);
        if (isLast) this.#kept.delete(`${process} ${id}`);
        else wait(ms, false);
      });
      return this.#node.nowMs + ms;
    };
    if (typeof every === "number") return wait(every, false);
    return typeof at === "number" ? wait(Math.max(0, at - this.#node.nowMs), true) : 0;
  }

  #remove(process: string, id: string): boolean {
    this.#kept.get(`${process} ${id}`)?.cancel();
    return this.#kept.delete(`${process} ${id}`);
  }
}
