package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
)

// quoting writes a text in double quotes wherever it is more than the plainest of words: the library leaves a tab, and
// other things that its own parser then drops, without quotes. JSON's escapes are YAML's too (YAML 1.2.2, 5.7).
var quoting = yaml.CustomMarshaler(func(s string) ([]byte, error) {
	raw, err := yaml.Marshal(s)
	// What begins or ends a document in YAML is no text without quotes: the library dies of it.
	if err == nil && strings.TrimSuffix(string(raw), "\n") == s && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) && s != "---" && s != "..." {
		return raw, nil
	}
	return json.Marshal(s)
})

// Encode writes c as the text of a settings file.
func Encode(c Config) ([]byte, error) {
	raw, err := yaml.MarshalWithOptions(c, yaml.Indent(2), yaml.IndentSequence(true), quoting)
	if err != nil {
		return nil, fmt.Errorf("encoding the settings: %w", err)
	}
	return raw, nil
}

// Save writes c to path: a new file beside it, then a rename, so that a reader or a full disk never meets half a
// file. The file that was there stays as path + ".bak". The new file keeps the old one's mode, else 0644.
func Save(path string, c Config) (err error) {
	raw, err := Encode(c)
	if err != nil {
		return err
	}
	// A link stays a link: what it points to is what the operator keeps under version control, or shares.
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	mode := fs.FileMode(0o644)
	info, statErr := os.Stat(path)
	if statErr == nil {
		mode = info.Mode().Perm()
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(tmp.Name()))
		}
	}()
	_, err = tmp.Write(raw)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	if statErr == nil {
		if err = replaceBackup(path, path+".bak"); err != nil {
			return err
		}
	}
	return os.Rename(tmp.Name(), path)
}

// replaceBackup makes bak another name of the present file, so that path never stops existing in between; where the
// file system has no hard links, it copies.
func replaceBackup(path, bak string) error {
	if err := os.Remove(bak); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if os.Link(path, bak) == nil {
		return nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.WriteFile(bak, raw, info.Mode().Perm())
}
