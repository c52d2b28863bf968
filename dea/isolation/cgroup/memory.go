package cgroup

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// MemoryKB is what the group uses now: each page once, however many processes share it, and with files that are only cached. Not ok where nobody
// counts.
func (g *Group) MemoryKB() (kb int64, ok bool) {
	return g.number("memory.usage_in_bytes", "memory.current")
}

// Killed tells whether the system has ended a process of the group because there was no more memory for it, and what the group used at most.
func (g *Group) Killed() (mostKB int64, killed bool) {
	if n, _ := strconv.Atoi(g.keyed("memory.oom_control", "memory.events", "oom_kill")); n == 0 {
		return 0, false
	}
	mostKB, _ = g.number("memory.max_usage_in_bytes", "memory.peak")
	return mostKB, true
}

// number reads a file with bytes in it.
func (g *Group) number(v1, v2 string) (kb int64, ok bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(g.read(v1, v2)), 10, 64)
	return n >> 10, err == nil
}

// keyed reads a value from a file of "key value" lines.
func (g *Group) keyed(v1, v2, key string) string {
	for line := range strings.Lines(g.read(v1, v2)) {
		if value, ok := strings.CutPrefix(line, key+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// read returns a file of the memory controller, or nothing.
func (g *Group) read(v1, v2 string) string {
	if g == nil || !g.tree.Has(Memory) {
		return ""
	}
	p := g.tree.places[Memory]
	if p.v2 {
		v1 = v2
	}
	text, _ := os.ReadFile(filepath.Join(p.dir, g.name, v1)) // none is nothing
	return string(text)
}
