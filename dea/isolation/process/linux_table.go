package process

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/internal/procfs"
)

const mostLists = 10 // of processes, for one look

// linux is the process table of Linux: /proc.
type linux struct{}

// all lists until a list has nothing new: of an app that forks all the time, one list may show only processes that are gone when it
// is their turn to be read. For a glance one list is enough.
func (linux) all(_ context.Context, known *snapshot) ([]process, error) {
	lists := mostLists
	if known != nil {
		lists = 1
	}
	var all []process
	read := make(map[int]bool)
	var r procfs.Reader
	for range lists {
		pids, err := procfs.PIDs()
		if err != nil {
			return nil, err
		}
		fresh := 0
		for _, pid := range pids {
			if read[pid] {
				continue
			}
			read[pid] = true
			fresh++
			if p, err := processOf(&r, pid, known); err == nil {
				all = append(all, p)
			}
		}
		if fresh == 0 {
			break
		}
	}
	if len(all) == 0 {
		return nil, errors.New("/proc shows no process")
	}
	return all, nil
}

func (linux) startOf(_ context.Context, pid int) (uint64, bool) {
	var r procfs.Reader
	st, err := r.Stat(pid)
	return st.Start, err == nil
}

// processOf fails for processes that have gone, and for the kernel's.
func processOf(r *procfs.Reader, pid int, known *snapshot) (process, error) {
	st, err := r.Stat(pid)
	if err != nil {
		return process{}, err
	}
	if st.Kernel {
		return process{}, errors.New("a thread of the kernel")
	}
	p := process{
		pid: st.PID, parent: st.Parent, group: st.Group, session: st.Session, start: st.Start, name: st.Name, dead: st.Dead,
		cpu: st.CPU, memoryKB: st.MemoryKB,
	}
	if who, ok := known.identityOf(p); ok {
		p.identity = who
		return p, nil
	}
	// What may not be looked into, another user's, leaves id, home and cwd empty, which belongs to no family.
	env, err := r.Read(pid, "environ")
	if err != nil {
		return p, nil
	}
	p.id, p.home = procfs.Value(env, isolation.IDVariable), procfs.Value(env, "HOME")
	if p.home == "" && st.Terminal == 0 {
		cwd, _ := os.Readlink(procfs.File(pid, "cwd"))
		p.cwd = strings.TrimSuffix(cwd, " (deleted)")
	}
	return p, nil
}
