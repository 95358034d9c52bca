// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// What the account of one name runs: whatever implementation the registry gave it when it was made.
contract AccountProxy {
    event Upgraded(address indexed implementation);

    error NotRegistry();
    error AlreadyInitialized();

    /// keccak256("eip1967.proxy.implementation") - 1, so that nothing an implementation stores can meet it.
    bytes32 private constant SLOT = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;
    address private immutable registry;

    constructor(address registry_) {
        registry = registry_;
    }

    function initialize(address implementation) external {
        if (msg.sender != registry) revert NotRegistry();
        address present;
        assembly {
            present := sload(SLOT)
        }
        if (present != address(0)) revert AlreadyInitialized();
        assembly {
            sstore(SLOT, implementation)
        }
        emit Upgraded(implementation);
    }

    receive() external payable {}

    fallback() external payable {
        assembly {
            calldatacopy(0, 0, calldatasize())
            let done := delegatecall(gas(), sload(SLOT), 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            switch done
            case 0 { revert(0, returndatasize()) }
            default { return(0, returndatasize()) }
        }
    }
}
