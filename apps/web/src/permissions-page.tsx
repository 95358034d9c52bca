import type { ControlGrant } from "@kinode-ts/types";
import { api } from "./api.ts";
import { Risk } from "./install-dialog.tsx";
import { Loading } from "./loading.tsx";
import { useNotice } from "./notice.tsx";
import { useData } from "./use-data.ts";

const NODE_ITSELF = "distro:sys";
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
  // What a person has installed comes first, the node itself last.
  const rank = (id: string) => (id === NODE_ITSELF ? 2 : id.endsWith(":sys") ? 1 : 0);
  return [...groups].sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b));
}

/** Every grant, each with a switch; `only` shows one app. */
export function PermissionsPage({ only }: { only: string | undefined }) {
  const grants = useData(api.capabilities);
  const { notice, say, fail } = useNotice();
  const shown = byPackage(grants.value ?? []).filter(([id]) => only === undefined || id === only);

  const change = async (grant: ControlGrant) => {
    const { holder, issuer, params } = grant;
    try {
      await (grant.granted ? api.revoke : api.grant)({ holder, issuer, params });
      say(`${grant.granted ? "Withdrawn" : "Given back"}: ${grant.description}`);
    } catch (thrown) {
      fail(thrown);
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
      {notice}
      <Loading data={grants} />
      {grants.value !== undefined && shown.length === 0 && <p>There is no such app.</p>}
      {shown.map(([id, group]) => (
        <section key={id} class="card" aria-labelledby={`app-${id}`}>
          <h2 id={`app-${id}`}>{id === NODE_ITSELF ? `The node itself (${id})` : id}</h2>
          <ul class="grants">
            {group.map((grant) => (
              <GrantRow
                key={keyOf(grant)}
                grant={grant}
                isOnly={new Set(group.map(({ holder }) => holder)).size === 1}
                onChange={() => void change(grant)}
              />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function GrantRow(props: {
  grant: ControlGrant;
  /** The app has no other process: its name says nothing more. */
  isOnly: boolean;
  onChange: () => void;
}) {
  const { grant, isOnly, onChange } = props;
  const [process = ""] = grant.holder.split(":");
  const label = `${process} may ${grant.description}`;
  const notes = [
    ...(isOnly ? [] : [process]),
    ...(grant.origin === "acquired" ? ["added while running"] : []),
    ...(grant.granted ? [] : ["withdrawn"]),
  ];
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
          {notes.length > 0 && <small class="quiet">{notes.join(" · ")}</small>}
        </span>
      </label>
    </li>
  );
}
