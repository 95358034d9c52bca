import type { ControlProcess } from "@kinode-ts/types";
import { api } from "./api.ts";
import { ConfirmButton } from "./confirm-button.tsx";
import { Loading } from "./loading.tsx";
import { useNotice } from "./notice.tsx";
import { useData } from "./use-data.ts";

function bytes(count: number): string {
  if (count === 0) return "–";
  return count < 1024 * 1024
    ? `${Math.ceil(count / 1024)} KB`
    : `${(count / 1024 / 1024).toFixed(1)} MB`;
}

const isPartOfNode = ({ state }: ControlProcess) => state.endsWith("module");

/** A process id that may be broken at its colons. */
function Breakable({ id }: { id: string }) {
  const [first, ...rest] = id.split(":");
  return (
    <>
      {first}
      {rest.map((part, index) => (
        <span key={index}>
          :<wbr />
          {part}
        </span>
      ))}
    </>
  );
}

/** What runs on the node now. */
export function ProcessesPage() {
  const processes = useData(api.processes);
  const { notice, say, fail } = useNotice();
  const kill = async (process: ControlProcess) => {
    try {
      await api.kill(process.id);
      say(`Stopped ${process.id}.`);
    } catch (thrown) {
      fail(thrown);
    }
    processes.reload();
  };
  const programs = (processes.value ?? []).filter((each) => !isPartOfNode(each));
  const parts = (processes.value ?? []).filter(isPartOfNode);
  return (
    <>
      <h1>Processes</h1>
      {notice}
      <Loading data={processes} />
      {processes.value !== undefined && (
        <>
          <Programs programs={programs} onKill={(process) => void kill(process)} />
          <details class="card">
            <summary>Parts of the node ({parts.length})</summary>
            <ul class="plain-list">
              {parts.map(({ id }) => (
                <li key={id} class="wrap">
                  <Breakable id={id} />
                </li>
              ))}
            </ul>
          </details>
        </>
      )}
      <DiskSpace />
    </>
  );
}

// Small screens show rows as blocks, which takes the meaning of a table from its tags: the roles give it back.
function Programs(props: {
  programs: readonly ControlProcess[];
  onKill: (process: ControlProcess) => void;
}) {
  if (props.programs.length === 0) return <p class="quiet">No program is running.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Programs">
      <table role="table" class="stacked">
        <thead role="rowgroup">
          <tr role="row">
            {["Process", "State", "Memory", "CPU", "Waiting"].map((name) => (
              <th key={name} role="columnheader" scope="col">
                {name}
              </th>
            ))}
            <th role="columnheader" scope="col">
              <span class="sr">Stop</span>
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {props.programs.map((process) => (
            <tr key={process.id} role="row">
              <th role="rowheader" scope="row">
                <Breakable id={process.id} />
              </th>
              <td role="cell">{process.state}</td>
              <td role="cell" data-name="Memory">
                {bytes(process.memoryBytes)}
              </td>
              <td role="cell" data-name="CPU">
                {process.cpuMs < 1 ? "–" : `${(process.cpuMs / 1000).toFixed(2)} s`}
              </td>
              <td role="cell" data-name="Waiting">
                {process.mailboxCount}
              </td>
              <td role="cell" class="last">
                <span class="actions">
                  <ConfirmButton
                    text="Stop"
                    label={`Stop ${process.id}`}
                    confirmText="Really stop"
                    confirmLabel={`Really stop ${process.id}`}
                    keepLabel={`Keep ${process.id}`}
                    onConfirm={() => props.onKill(process)}
                  />
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function DiskSpace() {
  const usage = useData(api.usage);
  return (
    <>
      <h2 class="next">Disk space</h2>
      <Loading data={usage} />
      {usage.value?.length === 0 && <p class="quiet">No app has stored anything.</p>}
      {usage.value !== undefined && usage.value.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Disk space">
          <table>
            <thead>
              <tr>
                <th scope="col">App</th>
                <th scope="col">Used</th>
                <th scope="col">Limit</th>
              </tr>
            </thead>
            <tbody>
              {usage.value.map((each) => (
                <tr key={each.package}>
                  <th scope="row">
                    <Breakable id={each.package} />
                  </th>
                  <td>{bytes(each.usedBytes)}</td>
                  <td>{each.limitBytes === null ? "none" : bytes(each.limitBytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
