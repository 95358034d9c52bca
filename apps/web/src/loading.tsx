import type { Data } from "./use-data.ts";

/** Stands where data is to come: that it is on its way, or why it does not come. */
export function Loading({ data }: { readonly data: Data<unknown> }) {
  if (data.value !== undefined) return null;
  if (data.error === undefined) return <p class="quiet">Loading…</p>;
  return (
    <div class="card" role="alert">
      <p class="error wrap">{data.error}</p>
      <div class="actions">
        <button type="button" onClick={data.reload}>
          Try again
        </button>
      </div>
    </div>
  );
}
