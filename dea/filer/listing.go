package filer

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// list is a directory as text: a line of two columns for each entry, sorted by name, the last without its newline. Hidden files stay hidden.
// Above the instances there is nothing to see, and directly below one only what belongs to its app.
func (t *target) list() string {
	if t.staged == "" {
		return ""
	}
	entries, err := t.file.ReadDir(-1)
	if err != nil {
		return "" // removed meanwhile
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	var lines []string
	for _, e := range entries {
		if info, err := t.entry(e.Name()); err == nil && t.lists(e.Name()) {
			lines = append(lines, line(e.Name(), info))
		}
	}
	return strings.Join(lines, "\n")
}

func (t *target) lists(name string) bool {
	if t.path == "." {
		return slices.Contains([]string{"app", "logs", "tomcat"}, name)
	}
	return name[0] != '.'
}

// entry looks at what a name leads to; of a link that leads out of the instance, at the link.
func (t *target) entry(name string) (fs.FileInfo, error) {
	path := filepath.Join(t.path, name)
	if info, err := t.root.Stat(path); err == nil {
		return info, nil
	}
	return t.root.Lstat(path)
}

// line is one entry: its name in 35 columns, its size in 10. A name can hold anything but a slash; what would look like another entry does not
// get through.
func line(name string, info fs.FileInfo) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, name)
	if info.IsDir() {
		return fmt.Sprintf("%-35s %10s", name+"/", "-")
	}
	return fmt.Sprintf("%-35s %10s", name, size(info.Size()))
}

// size writes bytes as Rack did: "402B", "1.2K", "3.0M".
func size(n int64) string {
	for _, unit := range []struct {
		bits int
		name string
	}{{40, "T"}, {30, "G"}, {20, "M"}, {10, "K"}} {
		if n >= 1<<unit.bits {
			return fmt.Sprintf("%.1f%s", float64(n)/float64(int64(1)<<unit.bits), unit.name)
		}
	}
	return fmt.Sprintf("%dB", n)
}
