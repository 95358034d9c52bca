// Package homepage puts the process on the node's home page.
// The manifest must request messaging with homepage:homepage:sys.
package homepage

import "kinode.os/kinode"

var target = kinode.Local("homepage", "homepage", "sys")

// Entry is how the process appears.
type Entry struct {
	Label string
	// Icon is a data URL; empty for none.
	Icon string
	// Path below the process that opens the app, normally /; empty for none.
	Path string
	// Widget is HTML; empty for none.
	Widget string
}

// Add sets or replaces the entry of this process.
func Add(entry Entry) {
	kinode.Request{Target: target, Body: kinode.JSON(map[string]any{"Add": map[string]any{
		"label": entry.Label, "icon": orNull(entry.Icon), "path": orNull(entry.Path), "widget": orNull(entry.Widget),
	}})}.Send()
}

// Remove takes the entry away.
func Remove() { kinode.Request{Target: target, Body: kinode.JSON("Remove")}.Send() }

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
