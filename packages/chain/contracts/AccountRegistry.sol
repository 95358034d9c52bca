// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Accounts that belong to tokens, at addresses that follow from the token (ERC-6551).
contract AccountRegistry {
    event ERC6551AccountCreated(
        address account,
        address indexed implementation,
        bytes32 salt,
        uint256 chainId,
        address indexed tokenContract,
        uint256 indexed tokenId
    );

    error AccountCreationFailed();

    function createAccount(
        address implementation,
        bytes32 salt,
        uint256 chainId,
        address tokenContract,
        uint256 tokenId
    ) external returns (address made) {
        bytes memory code = creationCode(implementation, salt, chainId, tokenContract, tokenId);
        made = addressOf(code, salt);
        if (made.code.length != 0) return made;
        emit ERC6551AccountCreated(made, implementation, salt, chainId, tokenContract, tokenId);
        address created;
        assembly {
            created := create2(0, add(code, 32), mload(code), salt)
        }
        if (created == address(0)) revert AccountCreationFailed();
    }

    function account(
        address implementation,
        bytes32 salt,
        uint256 chainId,
        address tokenContract,
        uint256 tokenId
    ) external view returns (address) {
        return addressOf(creationCode(implementation, salt, chainId, tokenContract, tokenId), salt);
    }

    /// A minimal proxy (ERC-1167) with the token it belongs to behind its code.
    function creationCode(
        address implementation,
        bytes32 salt,
        uint256 chainId,
        address tokenContract,
        uint256 tokenId
    ) private pure returns (bytes memory) {
        return abi.encodePacked(
            hex"3d60ad80600a3d3981f3363d3d373d3d3d363d73",
            implementation,
            hex"5af43d82803e903d91602b57fd5bf3",
            abi.encode(salt, chainId, tokenContract, tokenId)
        );
    }

    function addressOf(bytes memory code, bytes32 salt) private view returns (address) {
        return address(
            uint160(uint256(keccak256(abi.encodePacked(hex"ff", address(this), salt, keccak256(code)))))
        );
    }
}
