//go:build !wasip1

package kinode

// So that editors, go vet and tests of code that sends no messages work on every system.

const notHere = "kinode: this program runs only as a process of a node; build it with kinode build"

func hostOur() Address                            { panic(notHere) }
func hostPrint(uint8, string)                     { panic(notHere) }
func hostGetState() ([]byte, bool)                { panic(notHere) }
func hostSetState([]byte)                         { panic(notHere) }
func hostClearState()                             { panic(notHere) }
func hostOurCapabilities() []Capability           { panic(notHere) }
func hostSaveCapabilities([]Capability)           { panic(notHere) }
func hostDropCapabilities([]Capability)           { panic(notHere) }
func hostReceive() (*Message, error)              { panic(notHere) }
func hostHasBlob() bool                           { panic(notHere) }
func hostGetBlob() *Blob                          { panic(notHere) }
func hostLastBlob() *Blob                         { panic(notHere) }
func hostSendRequest(*Request)                    { panic(notHere) }
func hostSendRequests([]Request)                  { panic(notHere) }
func hostSendAndAwait(*Request) (*Message, error) { panic(notHere) }
func hostSendResponse(*Response)                  { panic(notHere) }
func hostGetOnExit() OnExit                       { panic(notHere) }
func hostSetOnExit(*OnExit)                       { panic(notHere) }
func hostSpawn(*Child) (ProcessID, error)         { panic(notHere) }
