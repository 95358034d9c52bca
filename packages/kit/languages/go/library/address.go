package kinode

import (
	"fmt"
	"strings"
)

// PackageID names a package, e.g. chess:sys.
type PackageID struct {
	Package   string
	Publisher string
}

// String gives package:publisher.
func (id PackageID) String() string { return id.Package + ":" + id.Publisher }

// ProcessID names a process on some node, e.g. vfs:distro:sys.
type ProcessID struct {
	Process   string
	Package   string
	Publisher string
}

// String gives process:package:publisher.
func (id ProcessID) String() string { return id.Process + ":" + id.Package + ":" + id.Publisher }

// PackageID is the package the process belongs to.
func (id ProcessID) PackageID() PackageID { return PackageID{id.Package, id.Publisher} }

// Address names a process in the whole network. As Node of a target, "our" is the node the process runs on.
type Address struct {
	Node string
	ProcessID
}

// String gives node@process:package:publisher.
func (a Address) String() string { return a.Node + "@" + a.ProcessID.String() }

// Local is the address of a process on this node.
func Local(process, pkg, publisher string) Address {
	return Address{"our", ProcessID{process, pkg, publisher}}
}

// ParseProcessID reads process:package:publisher.
func ParseProcessID(text string) (ProcessID, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return ProcessID{}, fmt.Errorf("%q is no process id: write process:package:publisher", text)
	}
	return ProcessID{parts[0], parts[1], parts[2]}, nil
}

// ParseAddress reads node@process:package:publisher.
func ParseAddress(text string) (Address, error) {
	node, rest, found := strings.Cut(text, "@")
	if !found || node == "" {
		return Address{}, fmt.Errorf("%q is no address: write node@process:package:publisher", text)
	}
	id, err := ParseProcessID(rest)
	return Address{node, id}, err
}

// Capability is a right that its issuer defined.
type Capability struct {
	Issuer Address
	// Params is JSON text, e.g. "messaging" in quotes.
	Params string
}

// MessagingCapability is the right to message a process.
func MessagingCapability(issuer Address) Capability { return Capability{issuer, `"messaging"`} }

// Capabilities lists what this process holds.
func Capabilities() []Capability { return hostOurCapabilities() }

// SaveCapabilities keeps capabilities that came with a message, or that this process issues; others are left out.
func SaveCapabilities(capabilities []Capability) { hostSaveCapabilities(capabilities) }

// DropCapabilities gives up capabilities.
func DropCapabilities(capabilities []Capability) { hostDropCapabilities(capabilities) }
