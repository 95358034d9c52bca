/**
 * The interactive terminal: printed lines scroll above one input line. Bytes go to `Screen`, meaning to `Handlers`.
 * Source: spec/runtime-modules.md §10.1, spec/kernel.md §8.3.
 * @module
 */
import { formatProcessLevels } from "./process-levels.ts";
import type { History } from "./history.ts";
import { drawInputRow, type Width } from "./input-row.ts";
import { type Key, LineEditor } from "./line-editor.ts";
import { parseLevelCommand, type PrintFilter, VERBOSITY_NAMES } from "./print-filter.ts";

export interface Screen {
  write(text: string): void;
  columns(): number;
  readonly width: Width;
}

/** What the terminal asks of the node. */
export interface TerminalHandlers {
  /** An entered line: becomes a request to the terminal process. */
  line(text: string): void;
  quit(): void;
  /** Verbosity or a process's own level has changed: event printing follows. */
  levelsChanged(): void;
  /** Returns the new mode. */
  toggleStepThrough(): boolean;
  step(): void;
  /** Returns the new mode. */
  toggleLogging(): boolean;
  /** Completions of the last word of `text`, whole lines. */
  complete?(text: string): readonly string[];
}

export interface TerminalOptions {
  readonly node: string;
  readonly screen: Screen;
  readonly filter: PrintFilter;
  readonly history: History;
  readonly handlers: TerminalHandlers;
}

/** Printouts held while the process verbosity screen is open. */
export const MAX_HELD_LINES = 256;

const CLEAR_ROW = "\r\u001b[K";
const BELL = "\u0007";
const OPEN_ALTERNATE = "\u001b[?1049h\u001b[2J\u001b[H";
const CLOSE_ALTERNATE = "\u001b[?1049l";

export class Terminal {
  readonly #options: TerminalOptions;
  readonly #editor: LineEditor;
  #levels: { readonly saved: string; readonly held: string[]; dropped: number } | undefined;

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.#editor = new LineEditor(options.history);
  }

  /** Shows a finished line above the input line. */
  show(line: string): void {
    if (this.#levels !== undefined) {
      const { held } = this.#levels;
      held.push(line);
      if (held.length > MAX_HELD_LINES) {
        held.shift();
        this.#levels.dropped += 1;
      }
      return;
    }
    this.#write(`${CLEAR_ROW}${line.replaceAll("\n", "\r\n")}\r\n${this.#row()}`);
  }

  /** Draws the input line again, e.g. after the window has changed. */
  redraw(): void {
    this.#write(CLEAR_ROW + this.#row());
  }

  /** Leaves the console as a shell expects it. */
  close(): void {
    if (this.#levels !== undefined) this.#closeLevels();
    this.#write(CLEAR_ROW);
  }

  paste(text: string): void {
    this.#editor.insert(text);
    this.redraw();
  }

  key(key: Key): void {
    if (key.ctrl && (key.name === "c" || key.name === "d")) return this.#options.handlers.quit();
    if (this.#levels !== undefined) return this.#levelsKey(key);
    // Ctrl+J arrives as a line feed, the Enter key as a carriage return.
    if (key.ctrl || key.name === "enter") {
      if (this.#command(key.name === "enter" ? "j" : (key.name ?? ""))) return;
    }
    if (key.name === "tab") return this.#complete();
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

  #complete(): void {
    if (this.#editor.search !== undefined) return;
    const found = this.#options.handlers.complete?.(this.#editor.beforeCursor) ?? [];
    if (found.length === 1) this.#editor.setText(`${found[0]} `);
    else if (found.length === 0) return this.#write(BELL);
    else {
      this.#editor.setText(commonStart(found));
      this.show(found.map((line) => line.split(" ").at(-1)).join("  "));
    }
    this.redraw();
  }

  #openLevels(): void {
    this.#levels = { saved: this.#editor.text, held: [], dropped: 0 };
    this.#editor.setText("");
    this.#write(OPEN_ALTERNATE);
    this.#drawLevels();
  }

  #drawLevels(): void {
    const text = formatProcessLevels(this.#options.filter.processes);
    this.#write(`\u001b[2J\u001b[H${text.replaceAll("\n", "\r\n")}\r\n${this.#row()}`);
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
    } else if (result === "changed") this.redraw();
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
    const row = drawInputRow(
      this.#editor,
      prompt,
      node,
      Math.max(screen.columns(), 1),
      screen.width,
    );
    return `${row.text}\r${row.cursor > 0 ? `\u001b[${row.cursor}C` : ""}`;
  }

  #write(text: string): void {
    this.#options.screen.write(text);
  }
}

function commonStart(lines: readonly string[]): string {
  let start = lines[0] ?? "";
  for (const line of lines) {
    while (!line.startsWith(start)) start = start.slice(0, -1);
  }
  return start;
}
