package process

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// scriptTime is how long a stop script may take, after which it is killed with all that it started.
const scriptTime = 2 * time.Second

// runStopScript runs `<dir>/stop <pid>`. What comes of it does not matter here: whatever it leaves alive is ended afterwards, and a missing
// or broken script leaves all of it.
//
// The script of 2012 kills that pid and its parent, whoever these are. If run.pid is stale, or was written by somebody who wants to
// see what happens, that may be anybody; if startup has died, the parent is init, or the user's systemd. Then it is not run.
func (c *container) runStopScript(ctx context.Context, members []process) {
	pid, ok := readPID(filepath.Join(c.spec.Dir, "run.pid"))
	if !ok || !both(members, pid) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, scriptTime)
	defer cancel()
	cmd, started, err := c.backend.command(ctx, c.spec, "stop", strconv.Itoa(pid))
	if err != nil {
		return
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err = cmd.Start()
	_ = started()
	if err == nil {
		_ = cmd.Wait()
	}
}

// both says whether both pid and its parent are members.
func both(members []process, pid int) bool {
	is := func(pid int) func(process) bool {
		return func(p process) bool { return p.pid == pid }
	}
	i := slices.IndexFunc(members, is(pid))
	return i >= 0 && slices.ContainsFunc(members, is(members[i].parent))
}

// readPID returns the integer at the beginning of a file: startup scripts append to run.pid, the first line is the app.
func readPID(path string) (int, bool) {
	// An app could have made it a pipe that nobody writes to.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return 0, false
	}
	head := make([]byte, 64)
	n, _ := io.ReadFull(f, head)
	text := strings.TrimLeft(string(head[:n]), " \t\r\n")
	if end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		text = text[:end]
	}
	pid, err := strconv.Atoi(text)
	return pid, err == nil && pid > 1
}
