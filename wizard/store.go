package wizard

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// storeVersion is that of the file; another one is not read.
const storeVersion = 1

// Store keeps the answers of a session in a file, beside the settings that it will write: ".wsdoctor.yaml.setup". It
// holds no secret: of keys and passwords only the paths are answers.
type Store struct{ path string }

// StoreFor returns the store of the session that writes the settings file.
func StoreFor(settings string) *Store {
	return &Store{filepath.Join(filepath.Dir(settings), "."+filepath.Base(settings)+".setup")}
}

// Path is the file.
func (s *Store) Path() string { return s.path }

// kept is the file's form.
type kept struct {
	Version int               `json:"version"`
	At      string            `json:"at"` // the step that is asked; "": none is left
	Answers map[string]Answer `json:"answers"`
	Applied bool              `json:"applied,omitempty"` // changes of this session are in the journal
	Taken   Taken             `json:"taken,omitzero"`
}

func (s *Store) load() (k kept, ok bool, err error) {
	raw, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, false, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &k)
	}
	if err == nil && k.Version != storeVersion {
		err = fmt.Errorf("found version %d, expected %d", k.Version, storeVersion)
	}
	if err != nil {
		return k, false, fmt.Errorf("reading the answers of an earlier session in %s: %w (remove the file to begin anew)", s.path, err)
	}
	if k.Answers == nil {
		k.Answers = map[string]Answer{}
	}
	return k, true, nil
}

func (s *Store) save(k kept) error {
	k.Version = storeVersion
	raw, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return err
	}
	return replace(s.path, append(raw, '\n'), 0o600)
}

func (s *Store) remove() error {
	if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the kept answers: %w", err)
	}
	return nil
}

// replace writes a file beside the old one and renames it, so that a reader or a full disk never meets half a file.
func replace(path string, raw []byte, mode fs.FileMode) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = tmp.Write(raw)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(tmp.Name()))
	}
	return nil
}
