/**
 * Many nodes in one program on a virtual clock, with kernels, the real network protocol and a network that fails.
 * @module
 */
export {
  createTestNetwork,
  type TestAnswer,
  TestNetwork,
  type TestNetworkOptions,
} from "./create-test-network.ts";
export { type NodePlan, SimulatedNode, type SimulatedProgram } from "./simulated-node.ts";
export { simulate, type SimulationOptions, type SimulationReport } from "./simulate.ts";
