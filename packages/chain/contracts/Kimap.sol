// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccountProxy} from "./AccountProxy.sol";
import {AccountRegistry} from "./AccountRegistry.sol";

/// The name registry, written to the interface that nodes use (spec/network-identity.md §3.3).
/// Names are tokens; each has an account, and only the account of a name writes below it.
contract Kimap {
    event Mint(bytes32 indexed parenthash, bytes32 indexed childhash, bytes indexed labelhash, bytes label);
    event Note(
        bytes32 indexed parenthash, bytes32 indexed notehash, bytes indexed labelhash, bytes label, bytes data
    );
    event Fact(
        bytes32 indexed parenthash, bytes32 indexed facthash, bytes indexed labelhash, bytes label, bytes data
    );
    event Gene(bytes32 indexed entry, address indexed gene);
    event Zero(address indexed zeroTba);
    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);
    event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId);
    event ApprovalForAll(address indexed owner, address indexed operator, bool approved);

    error NoteMustBeginWithTilde();
    error FactMustBeginWithBang();
    error FailedToInitializeTBA();
    error InvalidLabelCharacter();
    error NameAlreadyExists();
    error FactAlreadyExists();
    error GeneAlreadySet();
    error LabelTooShort();
    error LabelTooLong();
    error NotParent();
    error EmptyFact();
    error NoSuchToken();
    error NotApproved();
    error AlreadyInitialized();

    AccountRegistry internal constant ACCOUNTS = AccountRegistry(0x000000006551c19487814612e58FE06813775758);
    bytes32 internal constant ROOT = bytes32(0);

    string public constant name = "Kimap";
    string public constant symbol = "KIMAP";

    mapping(bytes32 entry => address) internal accountOf;
    mapping(address account => bytes32) internal entryOf;
    mapping(bytes32 entry => address) internal geneOf;
    mapping(bytes32 entry => bytes) internal dataOf;
    mapping(bytes32 entry => address) internal holderOf;
    mapping(bytes32 entry => address) internal approvedFor;
    mapping(address holder => uint256) public balanceOf;
    mapping(address holder => mapping(address operator => bool)) public isApprovedForAll;

    /// Makes the root, once.
    function initialize(address admin, address implementation) external {
        if (accountOf[ROOT] != address(0)) revert AlreadyInitialized();
        address account = createAccount(ROOT);
        register(ROOT, account);
        move(ROOT, address(0), admin);
        AccountProxy(payable(account)).initialize(implementation);
        emit Zero(account);
    }

    // --- entries

    function get(bytes32 entry) external view returns (address tba, address owner, bytes memory data) {
        return (accountOf[entry], holderOf[entry], dataOf[entry]);
    }

    function tbaOf(bytes32 entry) external view returns (address) {
        return accountOf[entry];
    }

    function leaf(bytes32 parent, bytes calldata label) external pure returns (bytes32) {
        return hashOf(parent, label);
    }

    /// Only the account of a name mints below it. The new account makes the call `initialization` as itself.
    function mint(address to, bytes calldata label, bytes calldata initialization, address implementation)
        external
        returns (address account)
    {
        bytes32 parent = entryOfCaller();
        checkLabel(label, 0);
        bytes32 entry = hashOf(parent, label);
        if (accountOf[entry] != address(0)) revert NameAlreadyExists();
        emit Mint(parent, entry, label, label);
        address gene_ = geneOf[parent];
        if (gene_ != address(0)) geneOf[entry] = gene_;
        account = createAccount(entry);
        register(entry, account);
        // Ours until it is set up: an account obeys the owner of its name.
        move(entry, address(0), address(this));
        AccountProxy(payable(account)).initialize(gene_ == address(0) ? implementation : gene_);
        if (initialization.length > 0) {
            (bool done,) = account.call(initialization);
            if (!done) revert FailedToInitializeTBA();
        }
        move(entry, address(this), to);
    }

    function note(bytes calldata label, bytes calldata data) external returns (bytes32 entry) {
        bytes32 parent = entryOfCaller();
        if (label.length == 0 || label[0] != "~") revert NoteMustBeginWithTilde();
        checkLabel(label, 1);
        entry = hashOf(parent, label);
        dataOf[entry] = data;
        emit Note(parent, entry, label, label, data);
    }

    function fact(bytes calldata label, bytes calldata data) external returns (bytes32 entry) {
        bytes32 parent = entryOfCaller();
        if (label.length == 0 || label[0] != "!") revert FactMustBeginWithBang();
        checkLabel(label, 1);
        if (data.length == 0) revert EmptyFact();
        entry = hashOf(parent, label);
        if (dataOf[entry].length != 0) revert FactAlreadyExists();
        dataOf[entry] = data;
        emit Fact(parent, entry, label, label, data);
    }

    /// The code that all names below will run, whatever their minter wants. Once.
    function gene(address implementation) external {
        bytes32 entry = entryOfCaller();
        if (geneOf[entry] != address(0)) revert GeneAlreadySet();
        geneOf[entry] = implementation;
        emit Gene(entry, implementation);
    }

    // --- tokens

    function ownerOf(uint256 tokenId) public view returns (address holder) {
        holder = holderOf[bytes32(tokenId)];
        if (holder == address(0)) revert NoSuchToken();
    }

    function getApproved(uint256 tokenId) external view returns (address) {
        return approvedFor[bytes32(tokenId)];
    }

    function approve(address to, uint256 tokenId) external {
        address holder = ownerOf(tokenId);
        if (msg.sender != holder && !isApprovedForAll[holder][msg.sender]) revert NotApproved();
        approvedFor[bytes32(tokenId)] = to;
        emit Approval(holder, to, tokenId);
    }

    function setApprovalForAll(address operator, bool approved) external {
        isApprovedForAll[msg.sender][operator] = approved;
        emit ApprovalForAll(msg.sender, operator, approved);
    }

    function transferFrom(address from, address to, uint256 tokenId) external {
        bytes32 entry = bytes32(tokenId);
        address holder = ownerOf(tokenId);
        bool may = msg.sender == holder || isApprovedForAll[holder][msg.sender] || msg.sender == approvedFor[entry];
        if (!may || from != holder || to == address(0)) revert NotApproved();
        delete approvedFor[entry];
        move(entry, from, to);
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7 || id == 0x80ac58cd;
    }

    // --- steps

    function entryOfCaller() internal view returns (bytes32 entry) {
        entry = entryOf[msg.sender];
        if (accountOf[entry] != msg.sender) revert NotParent();
    }

    function hashOf(bytes32 parent, bytes calldata label) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(parent, keccak256(label)));
    }

    /// 1 to 63 bytes of a-z, 0-9 and -; the first `skipped` bytes count and are not looked at.
    function checkLabel(bytes calldata label, uint256 skipped) internal pure {
        if (label.length <= skipped) revert LabelTooShort();
        if (label.length > 63) revert LabelTooLong();
        for (uint256 i = skipped; i < label.length; i++) {
            bytes1 c = label[i];
            if (!((c >= "a" && c <= "z") || (c >= "0" && c <= "9") || c == "-")) revert InvalidLabelCharacter();
        }
    }

    function createAccount(bytes32 entry) internal returns (address) {
        AccountProxy proxy = new AccountProxy{salt: entry}(address(this));
        return ACCOUNTS.createAccount(address(proxy), entry, block.chainid, address(this), uint256(entry));
    }

    function register(bytes32 entry, address account) internal {
        accountOf[entry] = account;
        entryOf[account] = entry;
    }

    function move(bytes32 entry, address from, address to) internal {
        if (from != address(0)) balanceOf[from]--;
        balanceOf[to]++;
        holderOf[entry] = to;
        emit Transfer(from, to, uint256(entry));
    }
}
