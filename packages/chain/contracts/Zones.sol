// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {NameAccount} from "./NameAccount.sol";

interface Registry {
    function mint(address to, bytes calldata label, bytes calldata initialization, address implementation)
        external
        returns (address);
}

/// A zone below which anybody mints any free name.
contract OpenZone is NameAccount {
    function mint(address to, bytes calldata label, bytes calldata initialization, address implementation)
        external
        virtual
        returns (address)
    {
        return mintBelow(to, label, initialization, implementation);
    }

    function mintBelow(address to, bytes calldata label, bytes calldata initialization, address implementation)
        internal
        returns (address)
    {
        (, address registry,) = token();
        return Registry(registry).mint(to, label, initialization, implementation);
    }
}

/// A zone for names of at least nine bytes, each committed to before it is minted, so that nobody snatches it.
contract CommitZone is OpenZone {
    error CommitmentExists();
    error NotCommitted();
    error TooEarly();
    error TooLate();
    error LabelTooShort();

    uint256 private constant MIN_AGE_SECONDS = 15;
    uint256 private constant MAX_AGE_SECONDS = 1_800;
    uint256 private constant MIN_LABEL_BYTES = 9;

    mapping(bytes32 commitment => uint256 time) private madeAt;

    function commit(bytes32 commitment) external {
        uint256 made = madeAt[commitment];
        if (made != 0 && block.timestamp <= made + MAX_AGE_SECONDS) revert CommitmentExists();
        madeAt[commitment] = block.timestamp;
    }

    function mint(address to, bytes calldata label, bytes calldata initialization, address implementation)
        external
        override
        returns (address)
    {
        if (label.length < MIN_LABEL_BYTES) revert LabelTooShort();
        bytes32 commitment = keccak256(abi.encode(label, msg.sender));
        uint256 made = madeAt[commitment];
        if (made == 0) revert NotCommitted();
        if (block.timestamp <= made + MIN_AGE_SECONDS) revert TooEarly();
        if (block.timestamp > made + MAX_AGE_SECONDS) revert TooLate();
        delete madeAt[commitment];
        return mintBelow(to, label, initialization, implementation);
    }
}
