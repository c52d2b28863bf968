package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Running is a component that runs now, as it says itself in a small file under the data dir. This is how commands find a
// sandbox: whoever names the data dir finds what runs on it and nothing else, so two sandboxes never mix.
type Running struct {
	Component string    `json:"component"`
	PID       int       `json:"pid"`
	URL       string    `json:"url,omitempty"` // of what it serves; the stager and the DEA serve nothing but the bus
	Started   time.Time `json:"started"`
}

// runDir holds one file for each component.
const runDir = "run"

// writeRunFile says that a component is up. The file appears whole or not at all.
func writeRunFile(dataDir string, r Running) error {
	out, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return WriteFile(filepath.Join(dataDir, runDir, r.Component+".json"), append(out, '\n'))
}

// removeRunFile takes back what writeRunFile said, unless another process has said it anew since.
func removeRunFile(dataDir, component string) {
	path := filepath.Join(dataDir, runDir, component+".json")
	if r, err := readRunFile(path); err == nil && r.PID == os.Getpid() {
		_ = os.Remove(path) // a file that cannot be removed names a dead process, which readers recognise
	}
	_ = os.Remove(filepath.Dir(path)) // only when nothing is left in it
}

func readRunFile(path string) (Running, error) {
	var r Running
	b, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("read %s: %w", path, err)
	}
	return r, nil
}

// Find lists what runs on a data dir, sorted by name. Files of processes that are gone are passed over.
func Find(dataDir string) ([]Running, error) {
	entries, err := os.ReadDir(filepath.Join(dataDir, runDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for a running sandbox: %w", err)
	}
	var all []Running
	for _, e := range entries {
		r, err := readRunFile(filepath.Join(dataDir, runDir, e.Name()))
		if err == nil && strings.HasSuffix(e.Name(), ".json") && alive(r.PID) {
			all = append(all, r)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Component < all[j].Component })
	return all, nil
}

// startingFile says, while it names a living process, that a sandbox is not complete yet.
const startingFile = ".starting"

// markStarting tells commands to wait a moment: half a sandbox has a controller and no stager. The result takes it back.
func markStarting(dataDir string) (done func()) {
	path := filepath.Join(dataDir, runDir, startingFile)
	// Without the mark a command that comes too early says what it lacks, which is no reason not to start.
	_ = WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"))
	return func() {
		_ = os.Remove(path)
		_ = os.Remove(filepath.Dir(path)) // only when nothing is left in it
	}
}

// Starting reports whether a sandbox on the data dir is about to be complete.
func Starting(dataDir string) bool {
	text, err := os.ReadFile(filepath.Join(dataDir, runDir, startingFile))
	if err != nil {
		return false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return err == nil && alive(pid)
}

func alive(pid int) bool {
	if pid <= 0 {
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// WriteFile writes a file that others wait for: under another name first, then renamed, so that it is never seen half
// written. Missing directories are made.
func WriteFile(path string, content []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(content)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
