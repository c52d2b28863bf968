// Package cgroup holds families of processes to their limits with Linux's control groups, where this process may make some.
//
// In goes an instance's id and its limits; out comes a group, to which its processes are added and which their children do not leave, whatever they
// do. There are two generations of control groups, and machines that have a bit of both: [Find] looks which controller is where, and everything else
// is a few small files in a directory for each.
//
//	             version 1                         version 2
//	memory       memory.limit_in_bytes             memory.max
//	             memory.usage_in_bytes             memory.current
//	             memory.max_usage_in_bytes         memory.peak
//	             memory.oom_control (oom_kill)     memory.events (oom_kill)
//	pids         pids.max                          pids.max
//	cpu          cpu.shares                        cpu.weight
//
// A group is a net below the measuring that the DEA does anyway, and so is generous: whoever grows quickly meets the group, everybody else the DEA, with
// the same end. In 2012 there were only ulimits; the second DEA's warden brought groups.
package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The controllers that instances are held with.
const (
	Memory = "memory" // an instance that takes much more than its limit is ended
	PIDs   = "pids"   // it cannot fork without end
	CPU    = "cpu"    // on a busy machine, cores are shared by size
)

// prefix of the directories that are ours.
const prefix = "minicf-"

// Limits are what a group may use; zero is no limit.
type Limits struct {
	MemoryMB  int
	Processes int // threads count, too
	CPUShares int // 1024 is what everybody has
}

// Tree is where groups can be made. A nil Tree is nowhere.
type Tree struct {
	places map[string]place // by controller
	rmdir  func(dir string) error
}

type place struct {
	dir string // of this process's own group, or one above it
	v2  bool
}

// Has reports whether groups of the tree have a controller.
func (t *Tree) Has(controller string) bool {
	if t == nil {
		return false
	}
	_, ok := t.places[controller]
	return ok
}

// Group is a directory in each of a tree's places. A nil Group holds nobody.
type Group struct {
	tree *Tree
	name string
}

// Create makes the group of an instance. The id becomes part of a file's name.
func (t *Tree) Create(id string, l Limits) (*Group, error) {
	if t == nil {
		return nil, nil
	}
	if id == "" || strings.ContainsAny(id, "/.\n") {
		return nil, fmt.Errorf("%q cannot name a control group", id)
	}
	g := &Group{t, prefix + id}
	for _, dir := range g.dirs() {
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return nil, errors.Join(err, g.Remove())
		}
	}
	if err := g.limit(l); err != nil {
		return nil, errors.Join(err, g.Remove())
	}
	return g, nil
}

// Open finds the group that was made for an instance, by whomever; nil when there is none.
func (t *Tree) Open(id string) *Group {
	if t == nil || id == "" || strings.ContainsAny(id, "/.\n") {
		return nil
	}
	g := &Group{t, prefix + id}
	for _, dir := range g.dirs() {
		if _, err := os.Stat(dir); err != nil {
			return nil
		}
	}
	return g
}

// limit writes what the group may use.
func (g *Group) limit(l Limits) error {
	var err error
	set := func(controller string, limit int, v1, v2, value string) {
		p, ok := g.tree.places[controller]
		if !ok || limit <= 0 {
			return
		}
		if p.v2 {
			v1 = v2
		}
		err = errors.Join(err, write(filepath.Join(p.dir, g.name), v1, value))
	}
	set(Memory, l.MemoryMB, "memory.limit_in_bytes", "memory.max", strconv.FormatInt(ceiling(l.MemoryMB), 10))
	if g.tree.places[Memory].v2 {
		set(Memory, l.MemoryMB, "", "memory.oom.group", "1") // all of the family ends, not just the largest
	}
	set(PIDs, l.Processes, "pids.max", "pids.max", strconv.Itoa(l.Processes))
	shares := min(max(l.CPUShares, 2), 1<<18)
	if g.tree.places[CPU].v2 {
		shares = max(1, shares*100/1024) // a weight: everybody has 100
	}
	set(CPU, l.CPUShares, "cpu.shares", "cpu.weight", strconv.Itoa(shares))
	return err
}

// ceiling is more than the limit, in bytes: an eighth, as ulimit -m had in 2012, and what small programs need for themselves. Files that are only
// cached count, too, but never end anybody.
func ceiling(mb int) int64 { return int64(mb)<<20 + int64(mb)<<17 + 16<<20 }

// Add moves a process into the group. What it starts from now on is in it.
func (g *Group) Add(pid int) error {
	if g == nil {
		return nil
	}
	var err error
	for _, dir := range g.dirs() {
		err = errors.Join(err, write(dir, "cgroup.procs", strconv.Itoa(pid)))
	}
	return err
}

func write(dir, file, text string) error {
	return os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644)
}

// isV2 reports whether a directory of the group is of version 2.
func (g *Group) isV2(dir string) bool {
	for _, p := range g.tree.places {
		if p.dir == filepath.Dir(dir) {
			return p.v2
		}
	}
	return false
}

// Members returns the ids of the group's processes.
func (g *Group) Members() []int {
	if g == nil {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(g.dirs()[0], "cgroup.procs")) // they are the same in all
	if err != nil {
		return nil
	}
	var pids []int
	for _, word := range strings.Fields(string(text)) {
		if pid, err := strconv.Atoi(word); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Remove forgets the group; nobody may be in it any more. A group that is gone is no error.
func (g *Group) Remove() error {
	if g == nil {
		return nil
	}
	var err error
	for _, dir := range g.dirs() {
		if e := g.tree.rmdir(dir); !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// dirs are the group's directories: one for each place, which controllers may share.
func (g *Group) dirs() []string {
	var dirs []string
	for _, controller := range []string{Memory, PIDs, CPU} {
		p, ok := g.tree.places[controller]
		if dir := filepath.Join(p.dir, g.name); ok && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}
