package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/minicf/minicf/dea/isolation"
)

// family finds the processes of one container; the package doc says which these are.
type family struct {
	leader int    // process, group and session id of startup
	start  uint64 // of the leader; 0 is unknown, and then its id alone proves nothing
	id     string // of the instance; empty is unknown
	dir    string // as HOME has it
	real   string // as working directories have it, without symlinks

	mu   sync.Mutex
	seen map[int]uint64 // pid → start of those found last
}

// newFamily refuses directories that would make strangers members.
func newFamily(h isolation.Handle) (*family, error) {
	if !filepath.IsAbs(h.Dir) || filepath.Clean(h.Dir) != h.Dir {
		return nil, fmt.Errorf("instance directory %q is not a clean absolute path", h.Dir)
	}
	if home, err := os.UserHomeDir(); h.Dir == "/" || err == nil && within(h.Dir, filepath.Clean(home)) {
		return nil, fmt.Errorf("%s is not the directory of an instance", h.Dir)
	}
	if h.PID < 0 || h.PID == 1 {
		return nil, fmt.Errorf("no instance has the process id %d", h.PID)
	}
	resolved, err := filepath.EvalSymlinks(h.Dir)
	if err != nil {
		resolved = h.Dir // gone: its processes may still be there
	}
	return &family{leader: h.PID, start: h.Start, id: h.ID, dir: h.Dir, real: resolved, seen: make(map[int]uint64)}, nil
}

// find returns the members among all that are alive.
func (f *family) find(all []process) []process {
	f.mu.Lock()
	defer f.mu.Unlock()
	self := lineage(all, os.Getpid())
	in := make(map[int]bool)
	ours := false // are the group and session with the leader's id the instance's?
	for _, p := range all {
		if self[p.pid] || !f.root(p) {
			continue
		}
		in[p.pid] = true
		ours = ours || f.together(p)
	}
	for _, p := range all {
		if ours && f.together(p) && !self[p.pid] {
			in[p.pid] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if in[p.parent] && !in[p.pid] && !self[p.pid] {
				in[p.pid], grown = true, true
			}
		}
	}
	return f.remember(all, in)
}

// root says whether p belongs to the family by what is known of p alone.
func (f *family) root(p process) bool {
	if p.pid == f.leader && f.start != 0 && p.start == f.start {
		return true
	}
	if start, ok := f.seen[p.pid]; ok && start == p.start {
		return true
	}
	if p.id != "" && p.id == f.id {
		return true
	}
	if p.home != "" {
		home := filepath.Clean(p.home)
		return within(f.dir, home) || within(f.real, home)
	}
	return within(f.real, p.cwd)
}

// within says whether path, clean as dir is, is dir or below it.
func within(dir, path string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// together says whether p is in the group or session with the leader's id.
func (f *family) together(p process) bool {
	return f.leader != 0 && (p.group == f.leader || p.session == f.leader)
}

// remember keeps the members for the next look, and returns those that are alive.
func (f *family) remember(all []process, in map[int]bool) []process {
	f.seen = make(map[int]uint64, len(in))
	var alive []process
	for _, p := range all {
		if !in[p.pid] || p.dead {
			continue
		}
		f.seen[p.pid] = p.start
		alive = append(alive, p)
	}
	return alive
}

// leaderEnded notes who is left of the leader's group in the moment in which it was waited for. Later its id proves nothing, as the system may
// give it to another process once the group is empty too.
func (f *family) leaderEnded(all []process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range all {
		if f.together(p) {
			f.seen[p.pid] = p.start
		}
	}
}

// lineage is pid and its ancestors.
func lineage(all []process, pid int) map[int]bool {
	parents := make(map[int]int, len(all))
	for _, p := range all {
		parents[p.pid] = p.parent
	}
	line := make(map[int]bool)
	for pid > 0 && !line[pid] {
		line[pid] = true
		pid = parents[pid]
	}
	return line
}

// errAlive tells what could not be ended.
func errAlive(left []process) error {
	names := make([]string, len(left))
	for i, p := range left {
		names[i] = fmt.Sprintf("%s (%d)", p.name, p.pid)
	}
	return errors.New("still alive: " + strings.Join(names, ", "))
}
