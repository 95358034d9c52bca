/**
 * What the kernel and processes print, with a bound per second for each process together with what it spawned.
 * Source: spec/kernel.md §8.1–8.2, W17 (print rate).
 * @module
 */
import { KERNEL_PROCESS, packageOf, type Printer, type ProcessId } from "@kinode-ts/types";
import type { KernelLimits } from "./limits.ts";
import type { PrintBudget, ProcessEntry } from "./process-entry.ts";
import { RateWindow } from "./rate-window.ts";
import type { Scheduler } from "./scheduler.ts";
import type { TimerNode, TimerWheel } from "./timer-wheel.ts";

const WINDOW_MS = 1_000;

export class Lines {
  readonly #printer: Printer;
  readonly #scheduler: Scheduler;
  readonly #timers: TimerWheel;
  readonly #limits: KernelLimits;
  readonly #commands: RateWindow;
  readonly #strangers: RateWindow;

  constructor(printer: Printer, scheduler: Scheduler, timers: TimerWheel, limits: KernelLimits) {
    this.#printer = printer;
    this.#scheduler = scheduler;
    this.#timers = timers;
    this.#limits = limits;
    this.#commands = new RateWindow(limits.maxPrintsPerSecond);
    this.#strangers = new RateWindow(limits.maxStrangerLinesPerSecond);
  }

  kernel(verbosity: number, text: string): void {
    this.#printer.print(verbosity, KERNEL_PROCESS, text);
  }

  /** A line about a command or an end: bounded for all processes together. */
  kernelBounded(verbosity: number, text: () => string): void {
    this.#windowed(this.#commands, verbosity, text);
  }

  /** A line that another node can bring about: a stranger gets few of them, for all nodes together. */
  outside(verbosity: number, text: () => string): void {
    this.#windowed(this.#strangers, verbosity, text);
  }

  #windowed(window: RateWindow, verbosity: number, text: () => string): void {
    const allowed = window.allows(this.#scheduler.nowMs());
    const hidden = window.takeHidden();
    if (hidden > 0) this.kernel(verbosity, `${hidden} lines like the next were not shown`);
    if (allowed) this.kernel(verbosity, this.#cut(text()));
  }

  /** An event print, level 3. */
  events(source: ProcessId, text: string): void {
    this.#printer.print(3, source, this.#cut(text));
  }

  /** `print-to-terminal`: the package before the text, the process as source. */
  process(entry: ProcessEntry, verbosity: number, text: string): void {
    if (!this.mayPrint(entry)) return;
    const shown = this.#cut(text);
    this.#printer.print(verbosity, entry.id, `${packageOf(entry.id)}: ${shown}`);
  }

  /**
   * A line of the kernel that `cause` brought about: bounded for that process, apart from what it prints itself, so that one that
   * saves its state a thousand times a second may still speak.
   */
  about(cause: ProcessEntry, verbosity: number, text: () => string): void {
    if (cause.role === "process" && !this.#mayPrint(cause.aboutPrints, "about")) return;
    this.kernel(verbosity, this.#cut(text()));
  }

  /** Tells at most once per second that messages for a process are refused. */
  refused(receiver: ProcessEntry): void {
    const nowMs = this.#scheduler.nowMs();
    if (nowMs - receiver.noticeMs < WINDOW_MS) return;
    receiver.noticeMs = nowMs;
    const mailbox = receiver.mailbox;
    this.kernel(
      0,
      `Mailbox of ${receiver.id} refuses messages: ${mailbox?.count ?? 0} waiting, ` +
        `${mailbox?.refusedCount ?? 0} refused so far; it does not receive fast enough`,
    );
  }

  mayPrint(entry: ProcessEntry): boolean {
    return entry.role !== "process" || this.#mayPrint(entry.prints, "printed");
  }

  #mayPrint(prints: PrintBudget, kind: "printed" | "about"): boolean {
    const nowMs = this.#scheduler.nowMs();
    if (nowMs - prints.windowMs >= WINDOW_MS) {
      this.#tellSuppressed(prints, kind);
      prints.windowMs = nowMs;
      prints.count = 0;
    }
    prints.count++;
    const bound = this.#limits.maxPrintsPerSecond;
    if (prints.count === bound + 1) this.#tellSuppressedLater(prints, kind);
    return prints.count <= bound;
  }

  #tellSuppressed(prints: PrintBudget, kind: "printed" | "about"): void {
    const bound = this.#limits.maxPrintsPerSecond;
    const hidden = prints.count - bound;
    if (hidden <= 0) return;
    prints.windowMs = -Infinity;
    prints.count = 0;
    const text =
      kind === "printed"
        ? `${prints.process} printed ${hidden} lines more than ${bound} in one second; they are not shown`
        : `${hidden} lines about ${prints.process} more than ${bound} in one second are not shown`;
    // Lines about a process are for those who look on closely; what it says itself was meant for everybody.
    this.kernel(kind === "printed" ? 0 : 1, text);
  }

  /** The window may be over before, and another have begun: whoever comes first tells. */
  #tellSuppressedLater(prints: PrintBudget, kind: "printed" | "about"): void {
    const { windowMs } = prints;
    const node: TimerNode = {
      timerNext: undefined,
      timerPrevious: undefined,
      timerDeadlineMs: 0,
      fire: () => {
        if (prints.windowMs === windowMs) this.#tellSuppressed(prints, kind);
      },
    };
    this.#timers.set(node, windowMs + WINDOW_MS);
  }

  #cut(text: string): string {
    const bound = this.#limits.maxPrintLength;
    return text.length <= bound ? text : `${text.slice(0, bound)}… (${text.length} characters)`;
  }
}
