// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Several calls in one: all of them, or none.
contract Multicall {
    struct Call {
        address target;
        bytes callData;
    }

    function aggregate(Call[] calldata calls)
        external
        payable
        returns (uint256 blockNumber, bytes[] memory returnData)
    {
        blockNumber = block.number;
        returnData = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; i++) {
            (bool done, bytes memory result) = calls[i].target.call(calls[i].callData);
            if (!done) {
                assembly {
                    revert(add(result, 32), mload(result))
                }
            }
            returnData[i] = result;
        }
    }
}
