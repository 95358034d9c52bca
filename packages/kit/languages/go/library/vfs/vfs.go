// Package vfs reads and writes files of the node. Paths begin with a drive, such as /chess:sys/notes; a package may use
// its own drives and pkg without asking. Calls wait for the answer: the whole process waits.
package vfs

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"kinode.os/kinode"
)

// Timeout is how long an answer may take.
var Timeout = 5 * time.Second

// Error is what the VFS refused.
type Error struct {
	// Code is e.g. NoReadCap or IOError.
	Code, Path, Detail string
}

// Error says what the VFS said.
func (e *Error) Error() string {
	return strings.TrimSuffix(fmt.Sprintf("%s at %q: %s", e.Code, e.Path, e.Detail), ": ")
}

// Is lets errors.Is(err, fs.ErrNotExist) and fs.ErrPermission work.
func (e *Error) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return strings.Contains(e.Detail, "os error 2)")
	case fs.ErrPermission:
		return e.Code == "NoReadCap" || e.Code == "NoWriteCap"
	}
	return false
}

// Entry is one item of a directory, or what Stat finds.
type Entry struct {
	// Path has no leading slash.
	Path string `json:"path"`
	// Type is File, Directory, Symlink or Other.
	Type string `json:"file_type"`
	Size uint64 `json:"len"`
}

type answer struct {
	Err      any
	ReadDir  []Entry
	Metadata *Entry
}

func do(path string, action any, blob []byte) (answer, error) {
	var result answer
	request := kinode.Request{
		Target:  kinode.Local("vfs", "distro", "sys"),
		Body:    kinode.JSON(map[string]any{"path": path, "action": action}),
		Timeout: Timeout,
	}
	if blob != nil {
		request.Blob = &kinode.Blob{Bytes: blob}
	}
	response, err := request.SendAndAwait()
	if err != nil {
		return result, err
	}
	if strings.HasPrefix(string(response.Body), `"`) {
		return result, nil // "Ok", "Read": nothing more to know
	}
	if err := response.JSON(&result); err != nil {
		return result, err
	}
	if result.Err != nil {
		return result, toError(path, result.Err)
	}
	return result, nil
}

func toError(path string, value any) error {
	fault, isObject := value.(map[string]any)
	if !isObject {
		return &Error{Code: fmt.Sprint(value), Path: path}
	}
	for code, detail := range fault {
		if inner, ok := detail.(map[string]any); ok && inner["error"] != nil {
			detail = inner["error"]
		}
		return &Error{code, path, fmt.Sprint(detail)}
	}
	return &Error{Code: "UnexpectedAnswer", Path: path}
}

// CreateDrive makes the drive of this name in the own package, if it is not there, and returns its path.
func CreateDrive(name string) (string, error) {
	path := "/" + kinode.Our().PackageID().String() + "/" + name
	_, err := do(path, "CreateDrive", nil)
	return path, err
}

// ReadFile returns the whole file.
func ReadFile(path string) ([]byte, error) {
	if _, err := do(path, "Read", nil); err != nil {
		return nil, err
	}
	if blob := kinode.ReceivedBlob(); blob != nil {
		return blob.Bytes, nil
	}
	return []byte{}, nil
}

// WriteFile makes the file or replaces its content.
func WriteFile(path string, content []byte) error {
	_, err := do(path, "Write", keep(content))
	return err
}

// AppendFile adds to the end of the file, which is made if it is not there.
func AppendFile(path string, content []byte) error {
	if _, err := do(path, map[string]any{"OpenFile": map[string]any{"create": true}}, nil); err != nil {
		return err
	}
	_, err := do(path, "Append", keep(content))
	return err
}

// A blob of no bytes is still a blob.
func keep(content []byte) []byte {
	if content == nil {
		return []byte{}
	}
	return content
}

// Stat tells type and size.
func Stat(path string) (Entry, error) {
	result, err := do(path, "Metadata", nil)
	if err != nil {
		return Entry{}, err
	}
	if result.Metadata == nil {
		return Entry{}, &Error{Code: "UnexpectedAnswer", Path: path}
	}
	result.Metadata.Path = strings.TrimPrefix(path, "/")
	return *result.Metadata, nil
}

// ReadDir lists the direct children of a directory, in no order; their sizes are not known.
func ReadDir(path string) ([]Entry, error) {
	result, err := do(path, "ReadDir", nil)
	return result.ReadDir, err
}

// MkdirAll makes a directory with its parents.
func MkdirAll(path string) error {
	_, err := do(path, "CreateDirAll", nil)
	return err
}

// Remove removes a file.
func Remove(path string) error {
	_, err := do(path, "RemoveFile", nil)
	return err
}

// RemoveAll removes a directory and everything in it.
func RemoveAll(path string) error {
	_, err := do(path, "RemoveDirAll", nil)
	return err
}

// Rename moves a file.
func Rename(from, to string) error {
	_, err := do(from, map[string]any{"Rename": map[string]any{"new_path": to}}, nil)
	return err
}
