// Package landlock is isolation by Linux's Landlock: instances are processes as with package process, which see no files but theirs.
//
// In goes what every backend gets. What comes out is a process that reads its own directory, its runtime, the system's programs and libraries and
// what dea.yml adds, writes to its own directory alone (its tmp/ is in there, and TMPDIR names it), gets no new privileges from setuid programs, and
// signals nobody but its family. No root is needed. What the machine's Landlock is too old for is left out; [Backend.Protections] tells.
//
//	DEA ── starts ──► this program again, as a shim ── gives up its rights, becomes ──► startup ──► the app
//
// Package confine does that. The stop script is confined, too, but for signals: ending the app is what it is for.
//
// What it does not do: the network is open, and what an app may read of /proc tells command lines of others, though not their environment. In 2012 there
// was a user for each instance (secure: true), which took root.
package landlock

import (
	"slices"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/process"
	"github.com/minicf/minicf/internal/confine"
)

// Options are what instances may use beside what they all may.
type Options struct {
	Read    []string // files and directories to read and execute; missing ones do not matter
	Write   []string // … and to write
	Process process.Options
}

var (
	_ isolation.Backend   = (*Backend)(nil)
	_ isolation.Protector = (*Backend)(nil)
	_ isolation.Confiner  = (*Backend)(nil)
)

// Backend starts instances that are confined to their directories. It may be used by many goroutines.
type Backend struct {
	*process.Backend
	version int // of the machine's Landlock; 0 is none
}

// New returns a backend. The shim is what confine.Enter returned when this program began.
func New(shim confine.Shim, opts Options) *Backend {
	p := opts.Process
	p.Name = "landlock"
	p.Wrap = func(s isolation.Spec, c *process.Command) (func() error, error) { return wrap(shim, opts, s, c) }
	return &Backend{Backend: process.New(p), version: confine.Version()}
}

// wrap makes a script's command one of the shim. That has the instance's id in its environment, by which it is found, and nothing of the app's.
func wrap(shim confine.Shim, opts Options, s isolation.Spec, c *process.Command) (started func() error, err error) {
	start, err := shim.Confine(confine.Program{Path: c.Path, Args: c.Args, Env: c.Env}, confine.Rights{
		Read:   slices.Concat(confine.Home(s.Runtime, s.Dir), s.Read, opts.Read),
		Write:  append([]string{s.Dir}, opts.Write...),
		Scoped: !c.Stop,
	})
	if err != nil {
		return nil, err
	}
	c.Path, c.Args, c.Files = start.Path, start.Args, start.Files
	c.Env = []string{isolation.IDVariable + "=" + s.ID}
	return start.Started, nil
}

// Confines implements isolation.Confiner.
func (b *Backend) Confines() bool { return b.version > 0 }

// Protections implements isolation.Protector: those of plain processes, and what this machine's Landlock can do.
func (b *Backend) Protections() []isolation.Protection {
	all := b.Backend.Protections()
	for _, p := range []struct {
		name, detail string
		since        int
	}{
		{"foreign files", "read: own directory, runtime, system; write: own directory", 1},
		{"truncating foreign files", "as writing them", 3},
		{"device ioctls", "only of null, zero, random and the like", 5},
		{"foreign signals", "only the family can be signalled; stop scripts may signal more", 6},
		{"foreign abstract sockets", "only those of the family", 6},
	} {
		on := b.version >= p.since
		if !on {
			p.detail = "needs a newer Landlock in the kernel"
		}
		all = append(all, isolation.Protection{Name: p.name, On: on, Detail: p.detail})
	}
	return append(all,
		isolation.Protection{Name: "new privileges", On: confine.CanRenounce, Detail: "setuid programs give none"},
		isolation.Protection{Name: "network", Detail: "not restricted by this backend"})
}
