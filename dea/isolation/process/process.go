// Package process is the default isolation: an instance is a startup script and whatever it starts, with the rights of the DEA itself.
//
// In goes a directory with a startup script, its arguments and its environment. Out comes an isolation.Container: the family of
// processes that the script is the root of. Startup is run directly, no shell of ours in between: in a session (and so a process group)
// of its own without a terminal, nothing on its standard input, its standard output thrown away, its standard error kept for [isolation.Exit],
// no file descriptor of the DEA open. It is not tied to the DEA: instances go on when the DEA is killed.
//
// # The family
//
// The 2012 stop script knows two processes, the app and the startup script that waits for it. Apps fork, and some
// turn themselves into daemons, so a family is found afresh in the process table each time. It is
//   - the processes of startup's group and session, as long as these are its own (a leader whose start time differs is a stranger),
//   - processes elsewhere with the instance's id in their environment ([isolation.IDVariable]), or with a HOME that is the instance's directory
//     or below it: the DEA gives both to nobody else. An app may change one of them, as buildpacks do with HOME,
//   - processes with neither, since somebody wiped their environment, that are detached from every terminal and work below the directory,
//   - processes that were of the family when it was last looked at,
//   - where there are control groups, whoever is in the instance's,
//   - and all descendants of these.
//
// A person's shell that went to look at the directory is none of these. The DEA and its ancestors never are.
//
// The second and third are Linux's alone, whose /proc tells environment and working directory. Elsewhere (macOS, BSD) the process table comes from
// ps: groups and descendants are found, a daemon whose parent has ended is not, unless it was seen before. [isolation.Limits] are
// Linux's too: FDs, UserProcesses and FileMB are set by prlimit as startup begins. Memory, disk and the number of processes are the DEA's to
// watch with Usage: no rlimit expresses them, and RLIMIT_AS kills every java and node at once. Control groups, where they can be had ([cgroup.Find]), hold
// an instance to its memory and its processes in between, and share busy cores out.
//
// # No subreaper
//
// With PR_SET_CHILD_SUBREAPER daemons would become children of this process. They are not asked for: somebody would have to reap children
// that nobody started, which steals exit statuses from os/exec all over `minicf up`; and a DEA that was killed and started anew must find its
// daemons without that help anyway.
//
// In 2012 this was `env -i /bin/sh` fed with exports, and only the stop script ever killed anything.
package process

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/cgroup"
)

var _ isolation.Backend = (*Backend)(nil)

// Options change what New makes. The zero value is plain processes, whose use is measured.
type Options struct {
	Name   string       // other than "process", for a backend that is made of this one
	Groups *cgroup.Tree // control groups, which hold instances to their limits between the measurements; nil is none
	Wrap   Wrapper      // changes the commands of instances; nil leaves them as they are
	Log    *slog.Logger // nil discards
}

// Backend starts instances as plain processes. Make one with New; it may be used by many goroutines.
type Backend struct {
	opts    Options
	table   table
	running atomic.Int32 // containers that were started and not stopped

	mu   sync.Mutex
	last *snapshot // the newest look at the process table, shared by all containers
}

// New returns the backend for this system.
func New(opts Options) *Backend {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if runtime.GOOS == "linux" {
		return &Backend{opts: opts, table: linux{}}
	}
	return &Backend{opts: opts, table: ps{}}
}

// Name returns "process", or what Options say.
func (b *Backend) Name() string { return cmp.Or(b.opts.Name, "process") }

// Start runs <dir>/startup. The error tells apart a missing directory or script, one that may not be executed, and one whose interpreter is
// missing. A goroutine waits for startup until it ends; Stop waits for that goroutine.
func (b *Backend) Start(ctx context.Context, s isolation.Spec) (isolation.Container, error) {
	startup := filepath.Join(s.Dir, "startup")
	c, err := b.start(ctx, startup, s)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", startup, err)
	}
	return c, nil
}

// Sweep ends the family that h finds, as Stop does but without a stop script: TERM, and KILL for those that are left after a second.
// When ctx ends, KILL comes at once. A process that has h's id but not its start time is left alone. The error says what is still alive.
func (b *Backend) Sweep(ctx context.Context, h isolation.Handle) error {
	f, err := newFamily(h)
	if err == nil {
		f.group = b.opts.Groups.Open(h.ID)
		err = b.end(ctx, f)
	}
	if err != nil {
		return fmt.Errorf("sweep %s: %w", h.Dir, err)
	}
	b.removeGroup(f.group)
	return nil
}

// look returns the process table as it was at a time not before notBefore, read in full. Whoever waits for another's look shares it if it began
// late enough.
func (b *Backend) look(ctx context.Context, notBefore time.Time) (*snapshot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last != nil && b.last.full && !b.last.at.Before(notBefore) {
		return b.last, nil
	}
	return b.read(ctx, nil)
}

// glance is look for those who only measure: processes that were seen before are who they were then. It is good enough for half a second, so
// that a DEA that measures all its instances in a row reads the table once.
func (b *Backend) glance(ctx context.Context) (*snapshot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last != nil && time.Since(b.last.at) < freshEnough {
		return b.last, nil
	}
	return b.read(ctx, b.last)
}

func (b *Backend) read(ctx context.Context, known *snapshot) (*snapshot, error) {
	at := time.Now()
	all, err := b.table.all(ctx, known)
	if err != nil {
		return nil, fmt.Errorf("read the process table: %w", err)
	}
	b.last = newSnapshot(at, all)
	b.last.full = known == nil
	return b.last, nil
}
