// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccountProxy} from "./AccountProxy.sol";
import {Kimap} from "./Kimap.sol";

/// Stands at the registry's address while the first blocks of a local chain are made, and never after:
/// zones have accounts at documented addresses, which no ordinary mint would give them.
contract KimapGenesis is Kimap {
    /// Where the proxy of an entry will be.
    function proxyOf(bytes32 entry) external view returns (address) {
        bytes32 code = keccak256(abi.encodePacked(type(AccountProxy).creationCode, abi.encode(address(this))));
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"ff", address(this), entry, code)))));
    }

    /// A zone below the root whose account has its code already.
    function place(bytes calldata label, address account, address to, address implementation) external {
        bytes32 entry = hashOf(ROOT, label);
        emit Mint(ROOT, entry, label, label);
        new AccountProxy{salt: entry}(address(this));
        register(entry, account);
        move(entry, address(0), to);
        AccountProxy(payable(account)).initialize(implementation);
    }
}
