/**
 * Turns what a console sends into keys and pasted texts. Pure: the same for this program's console and for a browser's.
 * Source: spec/runtime-modules.md §10.1 (keys).
 * @module
 */
import type { Key } from "./line-editor.ts";

export interface KeySink {
  key(key: Key): void;
  paste(text: string): void;
}

const ESC = "\u001b";
const PASTE_END = "\u001b[201~";
/** Longest text of one paste; the rest is left out. */
export const MAX_PASTE_LENGTH = 65_536;
/** Longest start of a sequence that is waited for. */
const MAX_SEQUENCE_LENGTH = 32;

const LETTERS: Readonly<Record<string, string>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  F: "end",
  H: "home",
};
const NUMBERS: Readonly<Record<string, string>> = {
  "1": "home",
  "3": "delete",
  "4": "end",
  "7": "home",
  "8": "end",
};
const PLAIN_KEYS: Readonly<Record<string, string>> = {
  "\r": "return",
  "\t": "tab",
  "\u007f": "backspace",
  "\b": "backspace",
};

// oxlint-disable-next-line no-control-regex -- the sequences a console sends
const SEQUENCE = /^\u001b(?:\[\[.|\[([0-?]*)[ -/]*([@-~])|O([A-Z])|([^[O]))/;

export class KeyReader {
  readonly #sink: KeySink;
  /** The start of a sequence whose end has not come. */
  #waiting = "";
  #pasted: string | undefined;

  constructor(sink: KeySink) {
    this.#sink = sink;
  }

  /** What arrived at once. A line feed that comes alone is Ctrl+J; among others it is the Enter key typed ahead. */
  read(chunk: string): void {
    const isAlone = chunk.length === 1;
    // The Escape key, and some time later another one: two keys.
    const isEscapeKey = this.#waiting === ESC && !/^[[O]/.test(chunk);
    let rest = isEscapeKey ? chunk : this.#waiting + chunk;
    this.#waiting = "";
    while (rest !== "") {
      const used = this.#pasted === undefined ? this.#one(rest, isAlone) : this.#pasteOn(rest);
      if (used === 0) {
        this.#waiting = rest.length > MAX_SEQUENCE_LENGTH ? "" : rest;
        return;
      }
      rest = rest.slice(used);
    }
  }

  /** Reads one key; 0 when its end has not come yet. */
  #one(text: string, isAlone: boolean): number {
    const first = text[0]!;
    if (first === ESC) return this.#sequence(text);
    const name = PLAIN_KEYS[first] ?? (first === "\n" && !isAlone ? "return" : undefined);
    if (name !== undefined) this.#key(name);
    else if (first < " ") this.#key(String.fromCharCode(first.charCodeAt(0) + 96), true);
    else {
      // A grapheme can have several characters: text that came together is typed together.
      // oxlint-disable-next-line no-control-regex -- text ends at the next control character
      const [run = first] = /^[^\u0000-\u001f\u007f]+/.exec(text) ?? [];
      this.#sink.key({ name: undefined, ctrl: false, text: run });
      return run.length;
    }
    return 1;
  }

  #sequence(text: string): number {
    const match = SEQUENCE.exec(text);
    if (match === null) {
      // Not a sequence, or the beginning of one.
      const isBegun = /^.(?:$|O$|\[(?:\[|[0-?]*[ -/]*)$)/s.test(text);
      return isBegun && text.length <= MAX_SEQUENCE_LENGTH ? 0 : 1;
    }
    const [whole, parameters = "", letter, applicationLetter] = match;
    if (letter === "~" && parameters === "200") this.#pasted = "";
    else {
      const name =
        letter === "~"
          ? NUMBERS[parameters.split(";")[0]!]
          : LETTERS[letter ?? applicationLetter ?? ""];
      if (name !== undefined) this.#key(name);
    }
    // Escape before a control character was a key of its own.
    const isTwoKeys =
      letter === undefined &&
      applicationLetter === undefined &&
      whole.length === 2 &&
      whole[1]! < " ";
    return isTwoKeys ? 1 : whole.length;
  }

  #pasteOn(text: string): number {
    const end = text.indexOf(PASTE_END);
    const isEnd = end >= 0;
    // The end may have come in part.
    const held = isEnd ? 0 : heldBack(text);
    const part = isEnd ? text.slice(0, end) : text.slice(0, text.length - held);
    this.#pasted = (this.#pasted! + part).slice(0, MAX_PASTE_LENGTH);
    if (!isEnd) return part.length;
    const pasted = this.#pasted;
    this.#pasted = undefined;
    this.#sink.paste(pasted);
    return end + PASTE_END.length;
  }

  #key(name: string, ctrl = false): void {
    this.#sink.key({ name, ctrl, text: "" });
  }
}

/** Characters at the end of `text` that may be the start of the end of a paste. */
function heldBack(text: string): number {
  for (let length = Math.min(PASTE_END.length - 1, text.length); length > 0; length -= 1) {
    if (PASTE_END.startsWith(text.slice(-length))) return length;
  }
  return 0;
}
