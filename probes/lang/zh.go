package lang

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"sync"
)

//go:embed zh/*.json
var zh embed.FS

// chinese is the catalogue of simplified Chinese.
var chinese = sync.OnceValue(func() map[string]string { return read(zh) })

// read merges the files of one catalogue. They are part of the program, so one that cannot be read is a fault of it.
func read(files fs.FS) map[string]string {
	names, err := fs.Glob(files, "*/*.json")
	all := map[string]string{}
	for _, name := range names {
		var text []byte
		if text, err = fs.ReadFile(files, name); err == nil {
			err = json.Unmarshal(text, &all) // adds to what is there
		}
		if err != nil {
			break
		}
	}
	if err != nil {
		panic(fmt.Errorf("reading the catalogue: %w", err))
	}
	return all
}
