package stager

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// strays are the processes of the staging whose workspace is dir, as /proc shows them.
func strays(dir string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		real = dir
	}
	children := map[int][]int{}
	var found []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		parent, terminal, ok := stat(pid)
		if !ok {
			continue
		}
		children[parent] = append(children[parent], pid)
		// A person who looks around in the directory has a terminal.
		if livesIn(pid, dir) || !terminal && worksIn(pid, real) {
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

// stat reads a process's parent and whether it has a terminal. Not ok is a process that is gone, or waits for its parent to notice.
func stat(pid int) (parent int, terminal, ok bool) {
	text, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return 0, false, false
	}
	_, rest, _ := strings.Cut(string(text[bytes.LastIndexByte(text, ')')+1:]), " ") // a name may have anything in it
	fields := strings.Fields(rest)                                                  // state ppid pgrp session tty_nr …
	if len(fields) < 5 || fields[0] == "Z" || fields[0] == "X" {
		return 0, false, false
	}
	parent, err = strconv.Atoi(fields[1])
	return parent, fields[4] != "0", err == nil
}

// livesIn reports whether a process has its home or temporary files below dir.
func livesIn(pid int, dir string) bool {
	text, err := os.ReadFile(procFile(pid, "environ"))
	if err != nil {
		return false
	}
	for pair := range bytes.SplitSeq(text, []byte{0}) {
		name, value, _ := strings.Cut(string(pair), "=")
		if (name == "HOME" || name == "TMPDIR") && strings.HasPrefix(value, dir+"/") {
			return true
		}
	}
	return false
}

func worksIn(pid int, dir string) bool {
	cwd, err := os.Readlink(procFile(pid, "cwd"))
	return err == nil && (cwd == dir || strings.HasPrefix(cwd, dir+"/"))
}

func procFile(pid int, name string) string { return filepath.Join("/proc", strconv.Itoa(pid), name) }
