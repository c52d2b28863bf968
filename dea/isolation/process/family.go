package process

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/cgroup"
)

// family finds the processes of one container; the package doc says which these are.
type family struct {
	leader int    // process, group and session id of startup
	start  uint64 // of the leader; 0 is unknown, and then its id alone proves nothing
	id     string // of the instance; empty is unknown
	dir    string // as HOME has it
	real   string // as working directories have it, without symlinks
	group  *cgroup.Group

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

// find returns the members that are alive.
func (f *family) find(now *snapshot) []process {
	f.mu.Lock()
	defer f.mu.Unlock()
	in := make(map[int]bool) // by place
	var parents []int        // members whose children are not in yet
	add := func(at int) {
		if !in[at] && !now.self[at] {
			in[at] = true
			parents = append(parents, at)
		}
	}
	f.roots(now, add)
	if slices.ContainsFunc(parents, func(at int) bool { return f.together(now.processes[at]) }) {
		each(now.groups[f.leader], add) // the group and session with the leader's id are the instance's
	}
	for len(parents) > 0 {
		parent := parents[0]
		parents = parents[1:]
		each(now.children[now.processes[parent].pid], add)
	}
	return f.remember(now, in)
}

// roots adds who belongs to the family by what is known of it alone.
func (f *family) roots(now *snapshot, add func(at int)) {
	if at, ok := now.find(f.leader, f.start); ok && f.start != 0 {
		add(at)
	}
	for pid, start := range f.seen {
		if at, ok := now.find(pid, start); ok {
			add(at)
		}
	}
	if f.id != "" {
		each(now.ids[f.id], add)
	}
	now.homes.within(f.dir, add)
	now.homes.within(f.real, add)
	now.cwds.within(f.real, add)
	for _, pid := range f.group.Members() {
		if at, ok := now.byPID[pid]; ok {
			add(at)
		}
	}
}

func each(places []int, f func(at int)) {
	for _, at := range places {
		f(at)
	}
}

// within says whether path, clean as dir is, is dir or below it.
func within(dir, path string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// together says whether p is in the group or session with the leader's id.
func (f *family) together(p process) bool {
	return f.leader != 0 && (p.group == f.leader || p.session == f.leader)
}

// remember keeps the members for the next look, and returns those that are alive.
func (f *family) remember(now *snapshot, in map[int]bool) []process {
	f.seen = make(map[int]uint64, len(in))
	var alive []process
	for _, at := range slices.Sorted(maps.Keys(in)) {
		if p := now.processes[at]; !p.dead {
			f.seen[p.pid] = p.start
			alive = append(alive, p)
		}
	}
	return alive
}

// leaderEnded notes who is left of the leader's group in the moment in which it was waited for. Later its id proves nothing, as the system may
// give it to another process once the group is empty too.
func (f *family) leaderEnded(now *snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, at := range now.groups[f.leader] {
		p := now.processes[at]
		f.seen[p.pid] = p.start
	}
}

// errAlive tells what could not be ended.
func errAlive(left []process) error {
	names := make([]string, len(left))
	for i, p := range left {
		names[i] = fmt.Sprintf("%s (%d)", p.name, p.pid)
	}
	return errors.New("still alive: " + strings.Join(names, ", "))
}
