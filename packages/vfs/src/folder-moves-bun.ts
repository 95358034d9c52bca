/**
 * Where folders were moved to of late: the system tells of everything in a folder that was moved as if it were new.
 * @module
 */

/** How long after a move the system may still tell of it. */
const MOVE_MS = 1_000;
const MAX_MOVES = 1_024;

export class FolderMoves {
  /** By where to, in milliseconds. */
  readonly #moves = new Map<string, number>();

  note(to: string): void {
    if (this.#moves.size >= MAX_MOVES) this.#moves.clear();
    this.#moves.set(to, performance.now());
  }

  /** Whether the path is in a folder that was moved just now. */
  isIn(path: string): boolean {
    const now = performance.now();
    for (const [to, at] of this.#moves) {
      if (now - at > MOVE_MS) this.#moves.delete(to);
      else if (path.startsWith(`${to}/`)) return true;
    }
    return false;
  }
}
