// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface Tokens {
    function ownerOf(uint256 tokenId) external view returns (address);
}

/// The account of a name: does what the owner of the name tells it.
contract NameAccount {
    /// How often it acted; part of ERC-6551. Far away from what other implementations store.
    bytes32 private constant STATE_SLOT = keccak256("kinode.account.state");

    receive() external payable {}

    /// The token it belongs to stands behind its code.
    function token() public view returns (uint256 chainId, address tokenContract, uint256 tokenId) {
        bytes memory footer = new bytes(96);
        assembly {
            extcodecopy(address(), add(footer, 32), 77, 96)
        }
        return abi.decode(footer, (uint256, address, uint256));
    }

    function owner() public view returns (address) {
        (uint256 chainId, address tokenContract, uint256 tokenId) = token();
        if (chainId != block.chainid) return address(0);
        return Tokens(tokenContract).ownerOf(tokenId);
    }

    function state() external view returns (uint256 count) {
        bytes32 slot = STATE_SLOT;
        assembly {
            count := sload(slot)
        }
    }

    /// Operation 0 calls, 1 runs the code of `to` as this account.
    function execute(address to, uint256 value, bytes calldata data, uint8 operation)
        external
        payable
        returns (bytes memory result)
    {
        if (msg.sender != owner() || operation > 1) refuse();
        bytes32 slot = STATE_SLOT;
        assembly {
            sstore(slot, add(sload(slot), 1))
        }
        bool done;
        (done, result) = operation == 0 ? to.call{value: value}(data) : to.delegatecall(data);
        if (!done) {
            assembly {
                revert(add(result, 32), mload(result))
            }
        }
    }

    function onERC721Received(address, address, uint256, bytes calldata) external pure returns (bytes4) {
        return this.onERC721Received.selector;
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7 || id == 0x6faff5f1 || id == 0x51945447 || id == 0x150b7a02;
    }

    /// The selector that clients know for "not operator".
    function refuse() private pure {
        assembly {
            mstore(0, shl(224, 0x8f0052a6))
            revert(0, 4)
        }
    }
}
