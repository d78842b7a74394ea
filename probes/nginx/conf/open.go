package conf

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Open reads what an operator names: a file, a folder with an nginx.conf in it, or a folder of fragments.
func Open(name string) (*Config, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		main := filepath.Join(name, "nginx.conf")
		if _, err := os.Stat(main); errors.Is(err, fs.ErrNotExist) {
			return LoadFolder(name)
		}
		name = main
	}
	return Load(name, Options{})
}
