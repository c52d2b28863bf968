package cgroup

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Start starts a command whose process is in the group from its first moment on: added later, it could have started others by then, who would be
// outside for ever. Where it cannot be, it is started all the same, and outside says why. The error is the command's; its SysProcAttr must be set.
//
// A new process is in the groups of the thread that makes it. So with version 1 it is our thread that goes there and back. With version 2 the
// system is told in the same breath.
func (g *Group) Start(cmd *exec.Cmd) (outside, err error) {
	if g == nil {
		return nil, cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	thread := strconv.Itoa(syscall.Gettid())
	for _, dir := range g.dirs() {
		if g.isV2(dir) {
			f, e := os.Open(dir)
			if outside = errors.Join(outside, e); e == nil && knowsInto() {
				defer f.Close()
				cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(f.Fd())
			}
			continue
		}
		outside = errors.Join(outside, write(dir, "tasks", thread))
		defer func() { outside = errors.Join(outside, write(filepath.Dir(dir), "tasks", thread)) }()
	}
	if err = cmd.Start(); err == nil && !knowsInto() {
		outside = errors.Join(outside, g.Add(cmd.Process.Pid))
	}
	return outside, err
}

// knowsInto reports whether the system can start a process in a group of version 2, as Linux can since 5.7.
func knowsInto() bool {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return false
	}
	var major, minor int
	release := unix.ByteSliceToString(name.Release[:])
	n, _ := fmt.Sscanf(release, "%d.%d", &major, &minor)
	return n == 2 && (major > 5 || major == 5 && minor >= 7)
}
