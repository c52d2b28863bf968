package dea

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/minicf/minicf/protocol"
)

// maxSnapshot is the largest db/applications.json that is read, in bytes: 64 KB for each of the
// most instances there may be.
const maxSnapshot = maxTenants << 16

// records are the instances of a DEA by app and instance id, as they lie in db/applications.json.
type records map[protocol.ID]map[string]record

// snapshot is the file in which a DEA that was killed has left what it knew. In 2012 it was not
// written when an instance crashed, and the next DEA believed in it.
type snapshot struct{ path string }

// write replaces the file, at once and as a whole.
func (s snapshot) write(all records) error {
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	half := filepath.Join(filepath.Dir(s.path), "snap_new") // of a DEA that is killed, the next one overwrites it
	if err := os.WriteFile(half, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(half, s.path)
}

// load reads what the last DEA left. No file is no error and no records.
func (s snapshot) load() (records, error) {
	f, err := os.Open(s.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSnapshot))
	if err != nil {
		return nil, err
	}
	var all records
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("read %s: %w", s.path, err)
	}
	return all, nil
}
