/**
 * What became of the last thing a person did: always in sight, read out by a screen reader, and never moving the page.
 * @module
 */
import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";

interface Said {
  readonly text: string;
  readonly isError: boolean;
}

export interface Notices {
  /** Belongs once into the page, also while there is nothing to say. */
  readonly notice: VNode;
  readonly say: (text: string) => void;
  readonly fail: (thrown: unknown) => void;
}

/** The node's own words where it has said why. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

export function useNotice(): Notices {
  const [said, setSaid] = useState<Said>();
  const speak = useMemo(
    () => ({
      say: (text: string) => setSaid({ text, isError: false }),
      fail: (thrown: unknown) => setSaid({ text: reasonOf(thrown), isError: true }),
    }),
    [],
  );
  const notice = (
    <div role="status" class="notice">
      {said !== undefined && (
        <p class={said.isError ? "bad" : ""}>
          <span class="grow wrap">{said.text}</span>
          <button type="button" aria-label="Dismiss" onClick={() => setSaid(undefined)}>
            ×
          </button>
        </p>
      )}
    </div>
  );
  return { notice, ...speak };
}
