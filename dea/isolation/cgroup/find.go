package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Find looks which controllers this process may make groups with. root is "/", or the directory of a test's machine. The error says why there are
// none; that is usual for everybody but root.
func Find(root string) (*Tree, error) {
	own, err := ownGroups(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return nil, err
	}
	mounts, err := hierarchies(filepath.Join(root, "proc/self/mountinfo"))
	if err != nil {
		return nil, err
	}
	t := &Tree{places: map[string]place{}, rmdir: syscall.Rmdir}
	for _, m := range mounts {
		m.dir = filepath.Join(root, m.dir)
		if m.v2 {
			t.addV2(m, m.below(own[""]))
		} else {
			t.addV1(m, own)
		}
	}
	if len(t.places) == 0 {
		return nil, errors.New("no control group of memory, pids or cpu can be written to")
	}
	return t, nil
}

// addV1 takes the controllers of a hierarchy of version 1: a group goes below this process's own.
func (t *Tree) addV1(m hierarchy, own map[string]string) {
	for _, controller := range m.options {
		path, mine := own[controller]
		if dir := m.below(path); mine && wanted(controller) && writable(dir) {
			t.places[controller] = place{dir: dir}
		}
	}
}

// addV2 takes what is left from version 2. There, a group whose processes are not all in groups below it cannot limit these; so the first one
// upwards is taken that does, and may be written to.
func (t *Tree) addV2(m hierarchy, dir string) {
	for ; dir == m.dir || strings.HasPrefix(dir, m.dir+"/"); dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
		if err != nil || !writable(dir) || !writable(filepath.Join(dir, "cgroup.procs")) {
			continue
		}
		found := false
		for _, controller := range strings.Fields(string(text)) {
			if wanted(controller) && !t.Has(controller) {
				t.places[controller] = place{dir: dir, v2: true}
				found = true
			}
		}
		if found {
			return
		}
	}
}

func wanted(controller string) bool { return slices.Contains([]string{Memory, PIDs, CPU}, controller) }

func writable(path string) bool { return syscall.Access(path, 2 /* W_OK */) == nil }

// ownGroups reads which group this process is in: "4:memory:/some/group" for version 1, by controller, and "0::/some/group" for version 2, by "".
func ownGroups(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("look for control groups: %w", err)
	}
	own := map[string]string{}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(fields) != 3 {
			continue
		}
		for controller := range strings.SplitSeq(fields[1], ",") {
			own[controller] = fields[2]
		}
	}
	return own, nil
}

// hierarchy is a mounted file system of groups.
type hierarchy struct {
	dir     string // where it is mounted
	root    string // the group that is seen there
	v2      bool
	options []string // of version 1: the controllers, among others
}

// below is the directory of a group.
func (h hierarchy) below(group string) string {
	inside, err := filepath.Rel(h.root, group)
	if err != nil || !filepath.IsLocal(inside) {
		return h.dir // a container, which sees no more than its own
	}
	return filepath.Join(h.dir, inside)
}

// hierarchies reads the mounts of groups, version 1 first, see proc_pid_mountinfo(5):
//
//	36 35 0:28 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
func hierarchies(path string) ([]hierarchy, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("look for control groups: %w", err)
	}
	var v1, v2 []hierarchy
	for line := range strings.Lines(string(text)) {
		mount, kind, _ := strings.Cut(line, " - ")
		fields, more := strings.Fields(mount), strings.Fields(kind)
		if len(fields) < 5 || len(more) < 3 {
			continue
		}
		h := hierarchy{dir: fields[4], root: fields[3], options: strings.Split(more[2], ",")}
		switch more[0] {
		case "cgroup":
			v1 = append(v1, h)
		case "cgroup2":
			h.v2 = true
			v2 = append(v2, h)
		}
	}
	return slices.Concat(v1, v2), nil
}
