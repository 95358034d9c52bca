import type { ControlProcess } from "@kinode-ts/types";
import { useState } from "preact/hooks";
import { api } from "./api.ts";
import { useData } from "./use-data.ts";

function bytes(count: number): string {
  if (count === 0) return "–";
  return count < 1024 * 1024
    ? `${Math.ceil(count / 1024)} KB`
    : `${(count / 1024 / 1024).toFixed(1)} MB`;
}

/** What runs on the node now. */
export function ProcessesPage() {
  const processes = useData(api.processes);
  const usage = useData(api.usage);
  const [message, setMessage] = useState("");
  const kill = async (process: ControlProcess) => {
    try {
      await api.kill(process.id);
      setMessage(`Stopped ${process.id}.`);
    } catch (thrown) {
      setMessage(thrown instanceof Error ? thrown.message : String(thrown));
    }
    processes.reload();
  };
  return (
    <>
      <h1>Processes</h1>
      <p role="status" class="message">
        {processes.error ?? message}
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Processes">
        <table>
          <thead>
            <tr>
              <th scope="col">Process</th>
              <th scope="col">State</th>
              <th scope="col">Memory</th>
              <th scope="col">CPU</th>
              <th scope="col">Waiting</th>
              <th scope="col">
                <span class="sr">Stop</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {(processes.value ?? []).map((process) => (
              <tr key={process.id}>
                <th scope="row">{process.id}</th>
                <td>{process.state}</td>
                <td>{bytes(process.memoryBytes)}</td>
                <td>{process.cpuMs < 1 ? "–" : `${(process.cpuMs / 1000).toFixed(2)} s`}</td>
                <td>{process.mailboxCount}</td>
                <td>
                  {!process.state.endsWith("module") && (
                    <button
                      type="button"
                      aria-label={`Stop ${process.id}`}
                      onClick={() => void kill(process)}
                    >
                      Stop
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <h2>Disk space</h2>
      <p role="status" class="message">
        {usage.error ?? ""}
      </p>
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
            {(usage.value ?? []).map((each) => (
              <tr key={each.package}>
                <th scope="row">{each.package}</th>
                <td>{bytes(each.usedBytes)}</td>
                <td>{each.limitBytes === null ? "–" : bytes(each.limitBytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
