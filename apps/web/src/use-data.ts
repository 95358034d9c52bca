/**
 * Data that is loaded, shown, and loaded again when the node says that it changed.
 * @module
 */
import { useCallback, useEffect, useState } from "preact/hooks";
import { listen } from "./api.ts";

export interface Data<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
  readonly reload: () => void;
}

export function useData<T>(load: () => Promise<T>): Data<T> {
  const [value, setValue] = useState<T>();
  const [error, setError] = useState<string>();
  const reload = useCallback(() => {
    load().then(
      (loaded) => {
        setValue(loaded);
        setError(undefined);
      },
      (thrown: unknown) => setError(thrown instanceof Error ? thrown.message : String(thrown)),
    );
  }, [load]);
  useEffect(() => {
    reload();
    let timer: ReturnType<typeof setTimeout> | undefined;
    // Events come in bursts (an install starts several processes): one reload serves them all.
    const stop = listen(() => {
      clearTimeout(timer);
      timer = setTimeout(reload, 100);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [reload]);
  return { value, error, reload };
}

/** The part of the address after `#`, e.g. `/permissions/chat:sys`. */
export function useRoute(): string {
  const [route, setRoute] = useState(location.hash.slice(1) || "/");
  useEffect(() => {
    const changed = () => setRoute(location.hash.slice(1) || "/");
    addEventListener("hashchange", changed);
    // It may have changed before anybody listened.
    changed();
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}
