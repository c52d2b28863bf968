// Package landlock is isolation by Linux's Landlock: instances are processes as with package process, which see no files but theirs.
//
// In goes what every backend gets. What comes out is a process that reads its own directory, its runtime, the system's programs and libraries and
// what dea.yml adds, writes to its own directory alone (its tmp/ is in there, and TMPDIR names it), gets no new privileges from setuid programs, and
// signals nobody but its family. No root is needed. What the machine's Landlock is too old for is left out; [Backend.Protections] tells.
//
//	DEA ── starts ──► this program again, as a shim ── gives up its rights, becomes ──► startup ──► the app
//
// A process can only restrict itself, so every script of an instance is started as the program itself, which recognises this in [Enter], obeys and
// executes the script under the same process id. The stop script is restricted, too, but for signals: ending the app is what it is for.
//
// What it does not do: the network is open (rules about ports do not reach the multipath sockets that a listener in Go has), and what an app may read
// of /proc tells command lines of others, though not their environment. In 2012 there was a user for each instance (secure: true), which took root.
package landlock

import (
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/process"
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
	abi int // version of the machine's Landlock; 0 is none
}

// New returns a backend. The shim is what Enter returned when this program began.
func New(shim Shim, opts Options) *Backend {
	p := opts.Process
	p.Name = "landlock"
	p.Wrap = func(s isolation.Spec, c *process.Command) (func() error, error) { return shim.wrap(opts, s, c) }
	abi, err := ll.LandlockGetABIVersion()
	if err != nil {
		abi = 0
	}
	return &Backend{Backend: process.New(p), abi: abi}
}

// Confines implements isolation.Confiner.
func (b *Backend) Confines() bool { return b.abi > 0 }

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
		on := b.abi >= p.since
		if !on {
			p.detail = "needs a newer Landlock in the kernel"
		}
		all = append(all, isolation.Protection{Name: p.name, On: on, Detail: p.detail})
	}
	return append(all,
		isolation.Protection{Name: "new privileges", On: canRenounce, Detail: "setuid programs give none"},
		isolation.Protection{Name: "network", Detail: "not restricted by this backend"})
}
