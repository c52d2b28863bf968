package process

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// snapshot is the process table at one moment, in the orders in which families look for their own: a DEA has hundreds of families, and each
// would read the whole table. Everything else names processes by their place in it.
type snapshot struct {
	at        time.Time // when reading began: what started later may be missing
	processes []process
	full      bool // everybody was asked who it is

	byPID    map[int]int
	children map[int][]int // by parent
	groups   map[int][]int // by process group, and by session where that is another number
	ids      map[string][]int
	homes    paths
	cwds     paths
	self     map[int]bool // the DEA and its ancestors, who are nobody's family
}

func newSnapshot(at time.Time, all []process) *snapshot {
	s := &snapshot{
		at: at, processes: all, self: make(map[int]bool),
		byPID: make(map[int]int, len(all)), children: make(map[int][]int), groups: make(map[int][]int), ids: make(map[string][]int),
	}
	for i, p := range all {
		s.byPID[p.pid] = i
		s.children[p.parent] = append(s.children[p.parent], i)
		s.groups[p.group] = append(s.groups[p.group], i)
		if p.session != p.group {
			s.groups[p.session] = append(s.groups[p.session], i)
		}
		if p.id != "" {
			s.ids[p.id] = append(s.ids[p.id], i)
		}
		if p.home != "" {
			s.homes.add(p.home, i)
		} else if p.cwd != "" {
			s.cwds.add(p.cwd, i)
		}
	}
	s.homes.sort()
	s.cwds.sort()
	for i, ok := s.byPID[os.Getpid()]; ok && !s.self[i]; i, ok = s.byPID[all[i].parent] {
		s.self[i] = true
	}
	return s
}

// find returns the place of a process, if it is still the one that started then.
func (s *snapshot) find(pid int, start uint64) (int, bool) {
	i, ok := s.byPID[pid]
	return i, ok && s.processes[i].start == start
}

// identityOf returns who a process is, if it was asked in this snapshot and could tell. A nil snapshot knows nobody.
func (s *snapshot) identityOf(p process) (identity, bool) {
	if s == nil {
		return identity{}, false
	}
	i, ok := s.find(p.pid, p.start)
	if !ok || s.processes[i].identity == (identity{}) {
		return identity{}, false
	}
	return s.processes[i].identity, true
}

// paths are places by a path that each has, sorted.
type paths []place

type place struct {
	path string
	at   int
}

func (p *paths) add(path string, at int) { *p = append(*p, place{filepath.Clean(path), at}) }

func (p paths) sort() {
	slices.SortFunc(p, func(a, b place) int { return strings.Compare(a.path, b.path) })
}

// within calls f for every place whose path is dir, or below it; dir is clean.
func (p paths) within(dir string, f func(at int)) {
	p.from(dir, func(path string) bool { return path == dir }, f)
	p.from(dir+"/", func(path string) bool { return strings.HasPrefix(path, dir+"/") }, f)
}

// from calls f for the first path and what follows it, as long as it fits.
func (p paths) from(first string, fits func(path string) bool, f func(at int)) {
	i, _ := slices.BinarySearchFunc(p, first, func(x place, path string) int { return strings.Compare(x.path, path) })
	for ; i < len(p) && fits(p[i].path); i++ {
		f(p[i].at)
	}
}
