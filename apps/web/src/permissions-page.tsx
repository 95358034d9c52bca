import type { ControlGrant } from "@kinode-ts/types";
import { useState } from "preact/hooks";
import { api } from "./api.ts";
import { Risk } from "./install-dialog.tsx";
import { useData } from "./use-data.ts";

const packageOf = (process: string) => process.slice(process.indexOf(":") + 1);
const keyOf = (grant: ControlGrant) => `${grant.holder} ${grant.issuer} ${grant.params}`;

function byPackage(grants: readonly ControlGrant[]): [string, ControlGrant[]][] {
  const groups = new Map<string, ControlGrant[]>();
  for (const grant of grants) {
    const id = packageOf(grant.holder);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [grant]);
    else group.push(grant);
  }
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
}

/** Every grant, each with a switch; `only` shows one app. */
export function PermissionsPage({ only }: { only: string | undefined }) {
  const grants = useData(api.capabilities);
  const [message, setMessage] = useState("");
  const shown = byPackage(grants.value ?? []).filter(([id]) => only === undefined || id === only);

  const change = async (grant: ControlGrant) => {
    const { holder, issuer, params } = grant;
    try {
      await (grant.granted ? api.revoke : api.grant)({ holder, issuer, params });
      setMessage(`${grant.granted ? "Withdrawn" : "Given back"}: ${grant.description}`);
    } catch (thrown) {
      setMessage(thrown instanceof Error ? thrown.message : String(thrown));
    }
    grants.reload();
  };

  return (
    <>
      <h1>Permissions</h1>
      <p class="quiet">
        What each app may do. A change works at once, also while the app is running.
        {only !== undefined && (
          <>
            {" "}
            <a href="#/permissions">Show all apps</a>
          </>
        )}
      </p>
      <p role="status" class="message">
        {grants.error ?? message}
      </p>
      {grants.value === undefined && <p class="quiet">Loading…</p>}
      {grants.value !== undefined && shown.length === 0 && <p>There is no such app.</p>}
      {shown.map(([id, group]) => (
        <section key={id} class="card" aria-labelledby={`app-${id}`}>
          <h2 id={`app-${id}`}>{id}</h2>
          <ul class="grants">
            {group.map((grant) => (
              <GrantRow key={keyOf(grant)} grant={grant} onChange={() => void change(grant)} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function GrantRow({ grant, onChange }: { grant: ControlGrant; onChange: () => void }) {
  const label = `${grant.holder.split(":")[0]} may ${grant.description}`;
  return (
    <li class={grant.granted ? "" : "off"}>
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          checked={grant.granted}
          aria-label={label}
          onChange={onChange}
        />
        <span class="grow">
          {grant.description} <Risk risk={grant.risk} />
          <small class="quiet">
            {grant.holder.split(":")[0]}
            {grant.origin === "acquired" && " · added while running"}
            {!grant.granted && " · withdrawn"}
          </small>
        </span>
      </label>
    </li>
  );
}
