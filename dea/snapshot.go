package dea

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/minicf/minicf/protocol"
)

// maxSnapshot is the largest db/applications.json that is read, in bytes: 64 KB for each of the
// most instances there may be.
const maxSnapshot = maxTenants << 16

// records are the instances of a DEA by app and instance id, as they lie in db/applications.json.
type records map[protocol.ID]map[string]record

// snapshot keeps what the DEA knows on disk, so that a DEA that was killed finds what it left
// running. In 2012 it was not written when an instance crashed, and the next DEA believed in it.
type snapshot struct {
	path    string
	records func() records
	log     *slog.Logger
	dirty   chan struct{} // holds one: there is something to write

	mu sync.Mutex // one writer at a time
}

func newSnapshot(path string, all func() records, log *slog.Logger) *snapshot {
	return &snapshot{path: path, records: all, log: log, dirty: make(chan struct{}, 1)}
}

// changed asks for a new snapshot, soon. Many changes at once make one.
func (s *snapshot) changed() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

// keep writes snapshots until ctx ends.
func (s *snapshot) keep(ctx context.Context) {
	for {
		select {
		case <-s.dirty:
			s.save()
		case <-ctx.Done():
			return
		}
	}
}

// save writes a snapshot now. A disk that is full is no reason to stop; what is lost is that a next
// DEA finds the instances.
func (s *snapshot) save() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.write(); err != nil {
		s.log.Error("snapshot was not written", "error", err)
	}
}

func (s *snapshot) write() error {
	text, err := json.MarshalIndent(s.records(), "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(s.path), "snap_*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), s.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// load reads what the last DEA left. No file is no error and no records.
func (s *snapshot) load() (records, error) {
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

// records returns all instances that somebody has been told of.
func (d *DEA) records() records {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := records{}
	for _, in := range d.registry.all {
		if in.state == born {
			continue
		}
		app := in.request.Droplet
		if all[app] == nil {
			all[app] = map[string]record{}
		}
		all[app][in.id] = d.record(in)
	}
	return all
}
