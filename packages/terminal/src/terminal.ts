/**
 * The interactive terminal: printed lines scroll above one input line. Bytes go to `Screen`, meaning to `Handlers`.
 * Source: spec/runtime-modules.md §10.1, spec/kernel.md §8.3.
 * @module
 */
import type { CompletionRequest } from "@kinode-ts/types";
import { listCompletions, nextStep, parseCompletionAnswer } from "./completion-list.ts";
import { formatProcessLevels } from "./process-levels.ts";
import type { History } from "./history.ts";
import { drawInputRow, type Width } from "./input-row.ts";
import { type Key, LineEditor } from "./line-editor.ts";
import { formatRows, type PrintedLine } from "./line-format.ts";
import { parseLevelCommand, type PrintFilter, VERBOSITY_NAMES } from "./print-filter.ts";

export interface Screen {
  write(text: string): void;
  columns(): number;
  rows(): number;
  readonly width: Width;
  /** False: no styles in printed lines. */
  readonly color: boolean;
  /** True while what was written waits to be read: then printed lines are counted instead of shown. */
  isFull(): boolean;
}

/** What the terminal asks of the node. */
export interface TerminalHandlers {
  /** An entered line: becomes a request to the terminal process. */
  line(text: string): void;
  /** Ctrl+D, or Ctrl+C while no command runs. */
  quit(key: "c" | "d"): void;
  /** Verbosity or a process's own level has changed: event printing follows. */
  levelsChanged(): void;
  /** Returns the new mode. */
  toggleStepThrough(): boolean;
  step(): void;
  /** Returns the new mode. */
  toggleLogging(): boolean;
  /** Settles with a `CompletionAnswer` as JSON, or `undefined` when nobody answers in time. Never rejects. */
  complete?(request: CompletionRequest): Promise<Uint8Array | undefined>;
  /** Ctrl+C: ends the command that runs; settles with false when none does. Never rejects. */
  interrupt?(): Promise<boolean>;
}

export interface TerminalOptions {
  readonly node: string;
  readonly screen: Screen;
  readonly filter: PrintFilter;
  /** Terminals of one node may share one. */
  readonly history: History;
  readonly handlers: TerminalHandlers;
}

/** Printouts held while the process verbosity screen is open. */
export const MAX_HELD_LINES = 256;

const CLEAR_ROW = "\r\u001b[K";
const BELL = "\u0007";
const OPEN_ALTERNATE = "\u001b[?1049h\u001b[2J\u001b[H";
const CLOSE_ALTERNATE = "\u001b[?1049l";
// Where this program and the console disagree about the width of a character, a row is cut off at the right edge
// instead of going on in the next one, and the cursor goes where the console has drawn the text before it.
const WRAP_OFF = "\u001b[?7l";
const WRAP_ON = "\u001b[?7h";
const SAVE_CURSOR = "\u001b7";
const RESTORE_CURSOR = "\u001b8";

export class Terminal {
  readonly #options: TerminalOptions;
  readonly #editor: LineEditor;
  #levels:
    | { readonly saved: string; readonly held: (string | PrintedLine)[]; dropped: number }
    | undefined;
  /** The line for which Tab has found nothing to insert: Tab once more lists the completions. */
  #listNext: string | undefined;
  /** Keys and pasted texts that wait for a completion. */
  #typedAhead: (Key | string)[] | undefined;
  #isInterrupting = false;
  #unshown = 0;

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.#editor = new LineEditor(options.history);
  }

  /** Shows a line above the input line: one of the node's own as it is, or one that was printed. */
  show(line: string | PrintedLine): void {
    if (this.#levels !== undefined) {
      const { held } = this.#levels;
      held.push(line);
      if (held.length > MAX_HELD_LINES) {
        held.shift();
        this.#levels.dropped += 1;
      }
      return;
    }
    if (this.#options.screen.isFull()) this.#unshown += 1;
    else this.#write(CLEAR_ROW + this.#notice() + this.#rows(line) + this.#row());
  }

  /** Draws the input line again, e.g. after the window has changed. */
  redraw(): void {
    if (this.#levels === undefined) this.#write(CLEAR_ROW + this.#notice() + this.#row());
    else this.#drawLevels();
  }

  /** Everything that was written has been read. */
  drained(): void {
    if (this.#unshown > 0) this.redraw();
  }

  /** Leaves the console as a shell expects it. */
  close(): void {
    if (this.#levels !== undefined) this.#closeLevels();
    this.#write(CLEAR_ROW);
  }

  /** Gives up the line that is being typed. */
  discard(): void {
    this.show(`${this.#options.node} > ${this.#editor.text}^C`);
    this.#editor.clear();
    this.#typedAhead?.splice(0);
    this.redraw();
  }

  paste(text: string): void {
    if (this.#typedAhead !== undefined) return void this.#typedAhead.push(text);
    if (this.#editor.insert(text) === "bell") this.#write(BELL);
    this.#drawInput();
  }

  key(key: Key): void {
    const name = key.name ?? "";
    if (key.ctrl && (name === "c" || name === "d")) return this.#stop(name);
    if (this.#levels !== undefined) return this.#levelsKey(key);
    if (this.#typedAhead !== undefined) return void this.#typedAhead.push(key);
    if (key.ctrl && this.#command(name)) return;
    if (name === "tab") return this.#startCompleting();
    this.#edit(key);
  }

  #edit(key: Key): void {
    const result = this.#editor.key(key);
    if (result === "bell") this.#write(BELL);
    if (result === "changed") this.redraw();
    if (result !== "submit") return;
    const line = this.#editor.take();
    this.show(`${this.#options.node} > ${line}`);
    this.#options.handlers.line(line);
  }

  /** Ctrl+C ends the command that runs; a second one while that is under way, or Ctrl+D, quits at once. */
  #stop(key: "c" | "d"): void {
    const { handlers } = this.#options;
    if (key === "d" || handlers.interrupt === undefined || this.#isInterrupting) {
      this.#isInterrupting = false;
      return handlers.quit(key);
    }
    this.#isInterrupting = true;
    void handlers.interrupt().then((isInterrupted) => {
      const isWanted = this.#isInterrupting;
      this.#isInterrupting = false;
      if (!isInterrupted && isWanted) handlers.quit(key);
    });
  }

  #command(name: string): boolean {
    const { filter, handlers } = this.#options;
    switch (name) {
      case "v":
        filter.cycle();
        handlers.levelsChanged();
        this.show(`verbose mode: ${VERBOSITY_NAMES[filter.level]}`);
        return true;
      case "j":
        this.show(
          handlers.toggleStepThrough()
            ? "debug mode on: use CTRL+S to step through events"
            : "debug mode off",
        );
        return true;
      case "s":
        handlers.step();
        return true;
      case "l":
        this.show(`logging mode: ${handlers.toggleLogging() ? "on" : "off"}`);
        return true;
      case "w":
        if (this.#editor.search === undefined) this.#openLevels();
        return true;
      default:
        return false;
    }
  }

  /** Keys that come before the answer are for the line as it will be then: Enter must not run half a word. */
  #startCompleting(): void {
    if (this.#editor.search !== undefined) return;
    this.#typedAhead = [];
    void this.#complete().finally(() => {
      const keys = this.#typedAhead ?? [];
      this.#typedAhead = undefined;
      for (const key of keys) {
        if (typeof key === "string") this.paste(key);
        else this.key(key);
      }
    });
  }

  async #complete(): Promise<void> {
    const editor = this.#editor;
    const line = editor.text;
    const cursor = editor.beforeCursor.length;
    const body = await this.#options.handlers.complete?.({ line, cursor });
    // The line was given up meanwhile.
    if (editor.text !== line || this.#levels !== undefined) return;
    const wantsList = this.#listNext === line;
    this.#listNext = undefined;
    const answer = body === undefined ? undefined : parseCompletionAnswer(body, { line, cursor });
    if (answer === undefined) return this.#write(BELL);
    const step = nextStep(answer, line.slice(answer.from, cursor));
    if (step.kind === "insert") {
      // A blank that is there already is stepped over.
      const isDoubled = step.text.endsWith(" ") && line[cursor] === " ";
      editor.replaceBeforeCursor(answer.from, isDoubled ? step.text.slice(0, -1) : step.text);
      this.redraw();
    }
    if (step.kind === "insert" && step.isWhole) return;
    if (step.kind === "choose" && wantsList) {
      const { screen } = this.#options;
      const size = { columns: screen.columns(), rows: screen.rows(), width: screen.width };
      this.#write(
        `${CLEAR_ROW}${WRAP_OFF}${listCompletions(step.completions, size).join("\r\n")}\r\n${this.#row()}`,
      );
    } else this.#write(BELL);
    this.#listNext = editor.text;
  }

  #openLevels(): void {
    this.#levels = { saved: this.#editor.text, held: [], dropped: 0 };
    this.#editor.setText("");
    this.#write(OPEN_ALTERNATE);
    this.#drawLevels();
  }

  #drawLevels(): void {
    const { filter, screen } = this.#options;
    const text = formatProcessLevels(filter.processes, screen.rows());
    this.#write(`\u001b[2J\u001b[H${WRAP_OFF}${text.replaceAll("\n", "\r\n")}\r\n${this.#row()}`);
  }

  #levelsKey(key: Key): void {
    if (key.ctrl && key.name === "w") return this.#closeLevels();
    const isInert = (key.ctrl && "vjslrpn".includes(key.name ?? "")) || key.name === "enter";
    if (isInert || key.name === "up" || key.name === "down") return;
    const result = this.#editor.key(key);
    if (result === "submit") {
      const command = parseLevelCommand(this.#editor.text);
      if (command === undefined) return;
      this.#options.filter.set(command.process, command.level);
      this.#options.handlers.levelsChanged();
      this.#editor.setText("");
      this.#drawLevels();
    } else if (result === "changed") this.#drawInput();
  }

  #closeLevels(): void {
    const { saved, held, dropped } = this.#levels!;
    this.#levels = undefined;
    this.#editor.setText(saved);
    this.#write(CLOSE_ALTERNATE);
    if (dropped > 0) this.show(`Dropped ${dropped} prints while on alternate screen`);
    for (const line of held) this.show(line);
    this.redraw();
  }

  #row(): string {
    const { screen, node } = this.#options;
    const prompt = this.#levels === undefined ? `${node} > ` : "> ";
    const columns = Math.max(screen.columns(), 1);
    const { beforeCursor, afterCursor } = drawInputRow(
      this.#editor,
      prompt,
      node,
      columns,
      screen.width,
    );
    return `${WRAP_OFF}${beforeCursor}${SAVE_CURSOR}${afterCursor}${RESTORE_CURSOR}${WRAP_ON}`;
  }

  #drawInput(): void {
    this.#write(CLEAR_ROW + this.#row());
  }

  /** Rows of a line, each with its line end. */
  #rows(line: string | PrintedLine): string {
    if (typeof line === "string") return `${line.replaceAll("\n", "\r\n")}\r\n`;
    const { screen } = this.#options;
    const rows = formatRows(line, {
      columns: screen.columns(),
      width: screen.width,
      color: screen.color,
    });
    return `${WRAP_OFF}${rows.join("\r\n")}\r\n${WRAP_ON}`;
  }

  /** What has to be said before the next line: that some were left out. */
  #notice(): string {
    if (this.#unshown === 0 || this.#options.screen.isFull()) return "";
    const count = this.#unshown;
    this.#unshown = 0;
    return `${count} lines are not shown: this screen did not read them in time; the log has them\r\n`;
  }

  #write(text: string): void {
    this.#options.screen.write(text);
  }
}
