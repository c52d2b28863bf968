// Package procfs reads Linux's /proc: who is running, whose child it is, and with which environment it was executed. See proc(5). On other systems every
// call fails.
package procfs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	tick         = time.Second / 100 // USER_HZ, 100 wherever Go runs
	kernelThread = 0x00200000        // PF_KTHREAD in a stat line's flags
)

// Stat is what the line in /proc/PID/stat tells, as far as somebody wants to know it.
type Stat struct {
	PID, Parent    int
	Group, Session int
	Terminal       int           // 0 is none
	Start          uint64        // in ticks since the machine started
	Name           string        // of the program, for people
	Dead           bool          // ended, and not yet waited for by its parent
	Kernel         bool          // a thread of the kernel's own
	CPU            time.Duration // used by itself and by those of its children that it has waited for
	MemoryKB       int64         // resident
}

// PIDs lists the processes that there are at this moment.
func PIDs() ([]int, error) {
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

// File is the path of a process's file.
func File(pid int, name string) string { return "/proc/" + strconv.Itoa(pid) + "/" + name }

// Reader reads the files of one process after the other into the same memory. Its zero value is ready.
type Reader struct{ buf []byte }

// Read returns a file of a process, which is good until the next one is read. The system does not tell how long such a file is, and os.ReadFile would ask.
func (r *Reader) Read(pid int, name string) ([]byte, error) {
	fd, err := unix.Open(File(pid, name), unix.O_RDONLY|unix.O_CLOEXEC, 0)
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

// Stat fails for a process that has gone.
func (r *Reader) Stat(pid int) (Stat, error) {
	line, err := r.Read(pid, "stat")
	if err != nil {
		return Stat{}, err
	}
	return parse(line)
}

// Value finds a variable in an environment of "K=V" entries, each ended by a zero byte; "" when it is not there.
func Value(env []byte, name string) string {
	prefix := []byte(name + "=")
	for entry := range bytes.SplitSeq(env, []byte{0}) {
		if value, ok := bytes.CutPrefix(entry, prefix); ok {
			return string(value)
		}
	}
	return ""
}

// parse reads "4711 (my app) S 1 4711 …". The name may hold anything, spaces and parentheses too; nothing after it does.
func parse(line []byte) (Stat, error) {
	open, end := bytes.IndexByte(line, '('), bytes.LastIndexByte(line, ')')
	if open < 1 || end < open {
		return Stat{}, fmt.Errorf("not a stat line: %q", line)
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
			return Stat{}, fmt.Errorf("field %d of a stat line: %w", n, err)
		}
		fields[n] = v
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(line[:open])))
	if err != nil || n < len(fields) {
		return Stat{}, fmt.Errorf("a stat line with %d fields: %q", n, line)
	}
	return Stat{
		PID:      pid,
		Parent:   int(fields[4]),
		Group:    int(fields[5]),
		Session:  int(fields[6]),
		Terminal: int(fields[7]),
		Start:    uint64(fields[22]),
		Name:     string(line[open+1 : end]),
		Dead:     state == 'Z' || state == 'X' || state == 'x',
		Kernel:   fields[9]&kernelThread != 0,
		CPU:      time.Duration(fields[14]+fields[15]+fields[16]+fields[17]) * tick,
		MemoryKB: fields[24] * int64(os.Getpagesize()) / 1024,
	}, nil
}
