package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

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
// is their turn to be read.
func (procfs) all(context.Context) ([]process, error) {
	var all []process
	read := make(map[int]bool)
	for range mostLists {
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
			if p, err := readProcess(pid); err == nil {
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
	st, err := readStat(pid)
	return st.start, err == nil
}

// readProcess fails for processes that have gone, and for the kernel's.
func readProcess(pid int) (process, error) {
	st, err := readStat(pid)
	if err != nil {
		return process{}, err
	}
	if st.flags&kernelThread != 0 {
		return process{}, errors.New("a thread of the kernel")
	}
	p := st.process
	// What may not be looked into, another user's, leaves id, home and cwd empty, which belongs to no family.
	env, err := os.ReadFile(procFile(pid, "environ"))
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

func procFile(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}

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

func readStat(pid int) (stat, error) {
	line, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return stat{}, err
	}
	return parseStat(string(line))
}

// parseStat reads "4711 (my app) S 1 4711 …". The name may hold anything, spaces and parentheses too; nothing after it does.
func parseStat(line string) (stat, error) {
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 1 || end < open {
		return stat{}, fmt.Errorf("not a stat line: %q", line)
	}
	fields := strings.Fields(line[end+1:]) // the first is number 3 of proc(5)
	if len(fields) < 22 {
		return stat{}, fmt.Errorf("a stat line with %d fields after the name: %q", len(fields), line)
	}
	var bad error
	number := func(text string) int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			bad = errors.Join(bad, err)
		}
		return n
	}
	field := func(n int) int64 { return number(fields[n-3]) }
	st := stat{
		process: process{
			pid:      int(number(strings.TrimSpace(line[:open]))),
			parent:   int(field(4)),
			group:    int(field(5)),
			session:  int(field(6)),
			start:    uint64(field(22)),
			name:     line[open+1 : end],
			dead:     strings.Contains("ZXx", fields[0]),
			cpu:      time.Duration(field(14)+field(15)+field(16)+field(17)) * tick,
			memoryKB: field(24) * int64(os.Getpagesize()) / 1024,
		},
		terminal: int(field(7)),
		flags:    uint64(field(9)),
	}
	return st, bad
}
