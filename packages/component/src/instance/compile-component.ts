/**
 * A component as a library: compiled once, instantiated with functions of the caller, called with values.
 * @module
 */
import { ComponentValues } from "../canonical-abi/component-values.ts";
import type { FunctionCodec } from "../canonical-abi/function-codec.ts";
import { functionCodec } from "../canonical-abi/function-codec.ts";
import type { FunctionType } from "../canonical-abi/value-type.ts";
import { functionText } from "../canonical-abi/value-type.ts";
import { ResourceType } from "../canonical-abi/resource-type.ts";
import { DEFAULT_COMPONENT_LIMITS } from "../limits.ts";
import { abiOf, bindWasi, wasiResource } from "../link/bind-imports.ts";
import type { Imports } from "../link/bind-imports.ts";
import { compileProgram } from "../link/compile.ts";
import { linkComponent } from "../link/elaborate.ts";
import { lowerHost } from "../link/lowered.ts";
import type { HostFunc, LiftedFunc, LinkPlan, LinkedInterface } from "../link/plan.ts";
import { environmentOf } from "../load-component.ts";
import { parseComponent } from "../parse-component.ts";
import { InstanceRunner } from "./component-instance.ts";
import { givenImports } from "./given-imports.ts";
import { callerHandle } from "./guest-resource.ts";
import type {
  CompileOptions,
  CompiledComponent,
  ComponentInstance,
  FunctionDescription,
  ImportsObject,
  InstanceLimits,
} from "./library-api.ts";

const WASI = "wasi:";

/** Imports that the caller gives when it makes an instance; the types are those the component declares. */
function givenLater(offersWasi: boolean, types: ComponentValues): Imports {
  const resources = new Map<string, ResourceType>();
  const isOurs = (name: string): boolean => offersWasi && name.startsWith(WASI);
  return {
    checkInterface: () => undefined,
    resource(interfaceName, name) {
      const found = isOurs(interfaceName) ? wasiResource(interfaceName, name) : undefined;
      if (found !== undefined) return found;
      const key = `${interfaceName}/${name}`;
      let made = resources.get(key);
      if (made === undefined) resources.set(key, (made = new ResourceType(name, disposeOf)));
      return made;
    },
    bind(func, plain) {
      const { interface: interfaceName = "", name } = func;
      if (isOurs(interfaceName)) return bindWasi(func, plain);
      return lowerHost(abiOf(func.type, types), (port, values) =>
        port.provided[interfaceName]![name]!(...(values as never[])),
      );
    },
  };
}

function disposeOf(_process: unknown, rep: unknown): void {
  (rep as Partial<Disposable>)[Symbol.dispose]?.();
}

/** Functions of the host that the caller has to give, each once. */
function wantedFuncs(plan: LinkPlan, offersWasi: boolean): readonly HostFunc[] {
  const wanted = new Map<string, HostFunc>();
  for (const lowering of plan.lowerings) {
    if (lowering.kind !== "func" || lowering.func.kind !== "host") continue;
    const { func } = lowering;
    if (offersWasi && func.interface?.startsWith(WASI) === true) continue;
    wanted.set(`${func.interface ?? ""}\0${func.name}`, func);
  }
  return [...wanted.values()];
}

function describe(
  interfaceName: string | undefined,
  name: string,
  type: FunctionType,
): FunctionDescription {
  return { interface: interfaceName, name, type: functionText(type) };
}

function exportedFuncs(exports: LinkedInterface, interfaceName?: string): FunctionDescription[] {
  const own = [...exports.funcs].map(([name, func]) => describe(interfaceName, name, func.type));
  const inner = [...exports.instances].flatMap(([name, instance]) =>
    exportedFuncs(instance, interfaceName === undefined ? name : `${interfaceName}/${name}`),
  );
  return [...own, ...inner];
}

/**
 * Checks, links, meters and compiles a component; compiling happens off the thread.
 * @throws {ComponentError} the text names what is wrong with the bytes
 */
export async function compileComponent(
  bytes: Uint8Array,
  options: CompileOptions,
): Promise<CompiledComponent> {
  const limits = { ...DEFAULT_COMPONENT_LIMITS, ...options.limits };
  const offersWasi = options.wasi !== "imports";
  const types = new ComponentValues(callerHandle);
  const imports = givenLater(offersWasi, types);
  const plan = linkComponent(bytes, parseComponent(bytes, limits), limits, imports);
  const program = await compileProgram(bytes, plan, imports, limits, options);
  const environment = environmentOf(options, limits);
  const wanted = wantedFuncs(plan, offersWasi);
  const codecs = new Map<LiftedFunc, FunctionCodec>();
  const codecOf = (func: LiftedFunc): FunctionCodec => {
    let codec = codecs.get(func);
    if (codec === undefined) codecs.set(func, (codec = functionCodec(abiOf(func.type, types))));
    return codec;
  };
  return {
    imports: wanted.map((func) => describe(func.interface, func.name, func.type)),
    exports: exportedFuncs(plan.exports),
    async instantiate<E>(given: ImportsObject = {}, instanceLimits: InstanceLimits = {}) {
      const provided = givenImports(given, wanted);
      const runner = new InstanceRunner(program, environment, provided, instanceLimits, codecOf);
      await runner.ready;
      return runner.instance as ComponentInstance<E>;
    },
  };
}
