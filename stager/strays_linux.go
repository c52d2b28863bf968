package stager

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/internal/procfs"
)

// strays are the processes of the staging whose workspace is dir, as /proc shows them.
func strays(dir string) []int {
	pids, err := procfs.PIDs()
	if err != nil {
		return nil
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		real = dir
	}
	var r procfs.Reader
	children := map[int][]int{}
	var found []int
	for _, pid := range pids {
		st, err := r.Stat(pid)
		if err != nil || st.Dead || pid == os.Getpid() {
			continue
		}
		children[st.Parent] = append(children[st.Parent], pid)
		// A person who looks around in the directory has a terminal.
		if livesIn(&r, pid, dir) || st.Terminal == 0 && worksIn(pid, real) {
			found = append(found, pid)
		}
	}
	seen := map[int]bool{}
	for i := 0; i < len(found); i++ { // found grows
		if !seen[found[i]] {
			seen[found[i]] = true
			found = append(found, children[found[i]]...)
		}
	}
	all := found[:0]
	for pid := range seen {
		all = append(all, pid)
	}
	return all
}

// livesIn reports whether a process has its home or temporary files below dir.
func livesIn(r *procfs.Reader, pid int, dir string) bool {
	env, err := r.Read(pid, "environ")
	if err != nil {
		return false
	}
	below := func(path string) bool { return strings.HasPrefix(path, dir+"/") }
	return below(procfs.Value(env, "HOME")) || below(procfs.Value(env, "TMPDIR"))
}

func worksIn(pid int, dir string) bool {
	cwd, err := os.Readlink(procfs.File(pid, "cwd"))
	return err == nil && (cwd == dir || strings.HasPrefix(cwd, dir+"/"))
}
