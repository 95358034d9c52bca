/**
 * Networks of this machine, out of namespaces: a common one, two private ones with equal addresses behind a NAT each, and a
 * machine that everybody can dial.
 * @module
 */

export type Place = "router" | "alice" | "bob";

const COMMON_ADDRESS: Readonly<Record<"router" | "aliceGate" | "bobGate", string>> = {
  router: "198.51.100.10",
  aliceGate: "198.51.100.2",
  bobGate: "198.51.100.3",
};
const PRIVATE = { node: "192.168.1.2", gate: "192.168.1.1" };

export interface PrivateNetworks {
  /** What to put before a command that is to run there. */
  at(place: Place): readonly string[];
  /** Where the NAT of a node is found from outside. */
  readonly outside: Readonly<Record<"alice" | "bob", string>>;
  pullRouterCable(): void;
  plugRouterCable(): void;
  remove(): void;
}

function run(command: readonly string[]): { readonly isDone: boolean; readonly text: string } {
  const { success, stderr } = Bun.spawnSync([...command], { stdout: "ignore", stderr: "pipe" });
  return { isDone: success, text: stderr.toString().trim() };
}

function must(line: string, ...more: readonly string[]): void {
  const command = [...line.split(" "), ...more];
  const { isDone, text } = run(command);
  if (!isDone) throw new Error(`"${command.join(" ")}" failed: ${text}`);
}

/** Why networks cannot be made here; `undefined`: they can. */
export function whyNot(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are a thing of Linux";
  if (process.getuid?.() !== 0) return "only root may make network namespaces: sudo bun run nat";
  const missing = ["ip", "iptables"].filter((name) => Bun.which(name) === null);
  if (missing.length > 0)
    return `${missing.join(" and ")} is missing: install iproute2 and iptables`;
  const space = `kn${process.pid}t`;
  const made = run(["ip", "netns", "add", space]);
  if (!made.isDone) return `no namespace can be made: ${made.text}`;
  const nat = run(["ip", "netns", "exec", space, "iptables", "-t", "nat", "-L"]);
  run(["ip", "netns", "del", space]);
  return nat.isDone ? undefined : `there is no NAT in a namespace: ${nat.text}`;
}

/** @throws {Error} with the command that failed; what was made is removed */
export function makeNetworks(): PrivateNetworks {
  const id = `kn${process.pid % 100_000}`;
  const space = (name: string): string => `${id}${name}`;
  const names = { internet: "i", router: "r", alice: "a", bob: "b", aliceGate: "x", bobGate: "y" };
  const spaces = Object.values(names).map(space);
  const remove = (): void => {
    for (const each of spaces) run(["ip", "netns", "del", each]);
  };
  const cable = `${space(names.router)}p`;
  try {
    for (const each of spaces) {
      must(`ip netns add ${each}`);
      must(`ip -n ${each} link set lo up`);
    }
    const internet = space(names.internet);
    must(`ip -n ${internet} link add br0 type bridge`);
    must(`ip -n ${internet} link set br0 up`);
    for (const [name, address] of Object.entries(COMMON_ADDRESS)) {
      plug(space(names[name as "router"]), internet, address);
    }
    hide(space(names.alice), space(names.aliceGate));
    hide(space(names.bob), space(names.bobGate));
  } catch (thrown) {
    remove();
    throw thrown;
  }
  return {
    at: (place) => ["ip", "netns", "exec", space(names[place])],
    outside: { alice: COMMON_ADDRESS.aliceGate, bob: COMMON_ADDRESS.bobGate },
    pullRouterCable: () => must(`ip -n ${space(names.internet)} link set ${cable} down`),
    plugRouterCable: () => must(`ip -n ${space(names.internet)} link set ${cable} up`),
    remove,
  };
}

/** An interface `…o` on the common network; its plug there is `…p`. */
function plug(space: string, internet: string, address: string): void {
  const [device, end] = [`${space}o`, `${space}p`];
  must(`ip link add ${device} netns ${space} type veth peer name ${end} netns ${internet}`);
  must(`ip -n ${internet} link set ${end} master br0 up`);
  must(`ip -n ${space} addr add ${address}/24 dev ${device}`);
  must(`ip -n ${space} link set ${device} up`);
}

/** Nothing comes in that was not asked for from inside. */
function hide(space: string, gate: string): void {
  const [device, end] = [`${space}l`, `${gate}l`];
  must(`ip link add ${device} netns ${space} type veth peer name ${end} netns ${gate}`);
  must(`ip -n ${space} addr add ${PRIVATE.node}/24 dev ${device}`);
  must(`ip -n ${space} link set ${device} up`);
  must(`ip -n ${space} route add default via ${PRIVATE.gate}`);
  must(`ip -n ${gate} addr add ${PRIVATE.gate}/24 dev ${end}`);
  must(`ip -n ${gate} link set ${end} up`);
  const inside = `ip netns exec ${gate}`;
  must(`${inside} sh -c`, "echo 1 > /proc/sys/net/ipv4/ip_forward");
  must(`${inside} iptables -t nat -A POSTROUTING -o ${gate}o -j MASQUERADE`);
  must(`${inside} iptables -P FORWARD DROP`);
  must(`${inside} iptables -A FORWARD -i ${end} -j ACCEPT`);
  must(`${inside} iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`);
}
