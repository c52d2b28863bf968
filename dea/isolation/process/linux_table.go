package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minicf/minicf/dea/isolation"
)

const (
	tick         = time.Second / 100 // USER_HZ, 100 wherever Go runs
	kernelThread = 0x00200000        // PF_KTHREAD in a stat line's flags
	mostLists    = 10                // of processes, for one look
)

// procfs is the process table of Linux: /proc, see proc(5).
type procfs struct{}

// all lists until a list has nothing new: of an app that forks all the time, one list may show only processes that are gone when it
// is their turn to be read. For a glance one list is enough.
func (procfs) all(_ context.Context, known *snapshot) ([]process, error) {
	lists := mostLists
	if known != nil {
		lists = 1
	}
	var all []process
	read := make(map[int]bool)
	var r procReader
	for range lists {
		pids, err := listPIDs()
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
			if p, err := r.process(pid, known); err == nil {
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

func listPIDs() ([]int, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil { // else /proc/cpuinfo and the like
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

func (procfs) startOf(_ context.Context, pid int) (uint64, bool) {
	var r procReader
	st, err := r.stat(pid)
	return st.start, err == nil
}

// procReader reads the files of one process after the other into the same memory.
type procReader struct{ buf []byte }

// process fails for processes that have gone, and for the kernel's.
func (r *procReader) process(pid int, known *snapshot) (process, error) {
	st, err := r.stat(pid)
	if err != nil {
		return process{}, err
	}
	if st.flags&kernelThread != 0 {
		return process{}, errors.New("a thread of the kernel")
	}
	p := st.process
	if who, ok := known.identityOf(p); ok {
		p.identity = who
		return p, nil
	}
	// What may not be looked into, another user's, leaves id, home and cwd empty, which belongs to no family.
	env, err := r.read(pid, "environ")
	if err != nil {
		return p, nil
	}
	p.id, p.home = valueIn(env, isolation.IDVariable), valueIn(env, "HOME")
	if p.home == "" && st.terminal == 0 {
		cwd, _ := os.Readlink(procFile(pid, "cwd"))
		p.cwd = strings.TrimSuffix(cwd, " (deleted)")
	}
	return p, nil
}

// read returns a file of a process until the next one is read. The system does not tell how long such a file is, and os.ReadFile would ask.
func (r *procReader) read(pid int, name string) ([]byte, error) {
	fd, err := unix.Open(procFile(pid, name), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	for n := 0; ; {
		if n == len(r.buf) {
			r.buf = append(r.buf, make([]byte, max(4096, n))...)
		}
		m, err := unix.Read(fd, r.buf[n:])
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return nil, err
		case m == 0:
			return r.buf[:n], nil
		}
		n += max(m, 0)
	}
}

func procFile(pid int, name string) string { return "/proc/" + strconv.Itoa(pid) + "/" + name }

// valueIn finds a variable in an environment of "K=V" entries, each ended by a zero byte.
func valueIn(env []byte, name string) string {
	prefix := []byte(name + "=")
	for entry := range bytes.SplitSeq(env, []byte{0}) {
		if value, ok := bytes.CutPrefix(entry, prefix); ok {
			return string(value)
		}
	}
	return ""
}

// stat is what a /proc/PID/stat line tells.
type stat struct {
	process
	terminal int
	flags    uint64
}

func (r *procReader) stat(pid int) (stat, error) {
	line, err := r.read(pid, "stat")
	if err != nil {
		return stat{}, err
	}
	return parseStat(line)
}

// parseStat reads "4711 (my app) S 1 4711 …". The name may hold anything, spaces and parentheses too; nothing after it does.
func parseStat(line []byte) (stat, error) {
	open, end := bytes.IndexByte(line, '('), bytes.LastIndexByte(line, ')')
	if open < 1 || end < open {
		return stat{}, fmt.Errorf("not a stat line: %q", line)
	}
	var fields [25]int64 // by their numbers in proc(5)
	n, state := 2, byte(0)
	for field := range bytes.FieldsSeq(line[end+1:]) {
		if n++; n == 3 {
			state = field[0]
			continue
		}
		if n == len(fields) {
			break
		}
		v, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return stat{}, fmt.Errorf("field %d of a stat line: %w", n, err)
		}
		fields[n] = v
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(line[:open])))
	if err != nil || n < len(fields) {
		return stat{}, fmt.Errorf("a stat line with %d fields: %q", n, line)
	}
	return stat{
		process: process{
			pid:      pid,
			parent:   int(fields[4]),
			group:    int(fields[5]),
			session:  int(fields[6]),
			start:    uint64(fields[22]),
			name:     string(line[open+1 : end]),
			dead:     state == 'Z' || state == 'X' || state == 'x',
			cpu:      time.Duration(fields[14]+fields[15]+fields[16]+fields[17]) * tick,
			memoryKB: fields[24] * int64(os.Getpagesize()) / 1024,
		},
		terminal: int(fields[7]),
		flags:    uint64(fields[9]),
	}, nil
}
