package dea

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/minicf/minicf/internal/pidfile"
	"github.com/minicf/minicf/protocol"
)

// prepare takes the pid file and the directories, with the lines that the DEA of 2012 said while it
// did. Scripts of the time look for these lines. What it took is given back by release.
func (d *DEA) prepare() (release func(), err error) {
	d.log.Info(fmt.Sprintf("Starting VCAP DEA (%.2f)", protocol.DEAVersion))
	d.log.Info("Pid file: " + d.cfg.PID)
	pid, err := pidfile.Create(d.cfg.PID)
	if err != nil {
		return nil, err
	}
	d.describe()
	base, err := d.makeDirs()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create support directories: %w", err), pid.Remove())
	}
	d.measureDisk()
	d.log.Info(fmt.Sprintf("Initial usage of droplet fs is: %d%%", d.diskPercent))
	return func() {
		base.Close()
		if err := pid.Remove(); err != nil {
			d.log.Warn("pid file was not removed", "error", err)
		}
	}, nil
}

func (d *DEA) describe() {
	if d.cfg.Secure {
		d.log.Warn("secure: true makes no users as in 2012: isolation: landlock keeps instances apart")
	}
	d.log.Info("Using network: " + d.ip)
	d.log.Info(fmt.Sprintf("Socket Limit:%d", socketLimit()))
	d.log.Info("Max Memory set to " + memoryText(d.room.maxMemory))
	d.log.Info(fmt.Sprintf("Utilizing %d cpu cores", runtime.NumCPU()))
	if d.cfg.MultiTenant {
		d.log.Info("Allowing multi-tenancy")
	} else {
		d.log.Info("Restricting to single tenant")
	}
	d.log.Info("Using directory: " + d.cfg.BaseDir + "/")
	d.describeIsolation()
}

// socketLimit is how many files and sockets this process may have open, which Go makes as many as the system lets it. -1 is unknown.
func socketLimit() int64 {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil {
		return -1
	}
	return int64(min(l.Cur, math.MaxInt64)) // all bits are set where there is no limit
}

// memoryText is MB, or GB with one digit when it is more than one.
func memoryText(mb int) string {
	if mb > 1024 {
		return fmt.Sprintf("%.1fG", float64(mb)/1024)
	}
	return strconv.Itoa(mb) + "M"
}

// makeDirs makes the DEA's directories, and returns base_dir open and locked.
func (d *DEA) makeDirs() (base *os.File, err error) {
	for _, dir := range []string{d.paths.staged, d.paths.apps, d.paths.db, d.paths.ruby} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	if base, err = lock(d.cfg.BaseDir); err != nil {
		return nil, err
	}
	// RUBYOPT=-rubygems, which the startup scripts of 2012 set, means "require 'ubygems'". Ruby has
	// not had that file since 2.5, and ends at once without it; Ruby 1.8, which has it, needs no
	// more than to find its own gems, as all later ones do by themselves.
	err = os.WriteFile(filepath.Join(d.paths.ruby, "ubygems.rb"), nil, 0o644)
	if err = errors.Join(err, d.droplets.clean()); err != nil {
		return nil, errors.Join(err, base.Close())
	}
	return base, nil
}

// lock keeps other DEAs out of a directory: the second one would sweep away the instances of the
// first. Where the file system knows no locks, the pid file has to do.
func lock(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		f.Close()
		return nil, fmt.Errorf("%s is another DEA's, which runs", dir)
	}
	return f, nil
}

// hail says hello on the bus, after all that recover had to say.
func (d *DEA) hail() {
	d.log.Info("DEA uuid " + d.id)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.beat()
	d.goOn()
	say(d, protocol.DEAStarted, d.hello())
	d.advertise()
}
