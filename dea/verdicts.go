package dea

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/runtimes"
)

// failureMemory is how long a runtime that failed its check is not looked at again. In 2012 it was
// for good, and a runtime that was installed while the DEA ran had to wait for the DEA's next
// start.
const failureMemory = 10 * time.Second

// mostChecks is how many checks run at once. A check is a program of somebody else's, and messages
// may ask for any number of different ones.
const mostChecks = 4

// verdicts remembers which runtimes this machine can serve, so that the version command of each
// runs once.
type verdicts struct {
	table  runtimes.Table
	names  []string // of the table, in the order of the configuration; never nil, which would be null on the wire
	strict bool
	run    runtimes.Runner
	slots  chan struct{} // one in it for each check that runs
	log    *slog.Logger

	mu    sync.Mutex
	known map[string]*verdict // by name, and only names of the table
}

type verdict struct {
	info protocol.RuntimeInfo
	done chan struct{} // closed when the rest is known
	is   runtimes.Verdict
	err  error
	at   time.Time
}

func newVerdicts(cfg Config, log *slog.Logger) *verdicts {
	return &verdicts{
		table: cfg.table(), names: cfg.runtimeNames(), strict: cfg.StrictRuntimeVersions, run: runtimes.Run, log: log,
		slots: make(chan struct{}, mostChecks),
		known: map[string]*verdict{},
	}
}

// executable returns the program that serves a runtime. The error says why there is none, or is
// ctx's.
func (v *verdicts) executable(ctx context.Context, info protocol.RuntimeInfo) (string, error) {
	is, err := v.verify(ctx, info)
	if err != nil {
		return "", err
	}
	if !is.Enabled {
		return "", errors.New(strings.TrimSpace(is.Line))
	}
	return is.Executable, nil
}

// verify decides whether a runtime can be served. What has been verified before is not verified
// again, unless the message wants something else of it. The error is that the runtime is not
// configured, or ctx's.
func (v *verdicts) verify(ctx context.Context, info protocol.RuntimeInfo) (runtimes.Verdict, error) {
	for {
		known, mine := v.look(info)
		if mine {
			v.find(ctx, known)
			return known.is, known.err
		}
		select {
		case <-known.done:
		case <-ctx.Done():
			return runtimes.Verdict{}, ctx.Err()
		}
		if known.err == nil {
			return known.is, nil
		}
		// Whoever looked was told to stop, or knows no such runtime: look again, on our own behalf.
	}
}

// look returns the verdict on a runtime; mine tells the caller to find it.
func (v *verdicts) look(info protocol.RuntimeInfo) (known *verdict, mine bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	known = v.known[info.Name]
	if known != nil && runtimes.SameCheck(known.info, info) && !known.stale() {
		return known, false
	}
	known = &verdict{info: info, done: make(chan struct{})}
	if _, configured := v.table[info.Name]; configured {
		v.known[info.Name] = known
	}
	return known, true
}

// stale reports whether a verdict is no longer to be relied on. One that is being found is not.
func (k *verdict) stale() bool {
	select {
	case <-k.done:
		return k.err != nil || !k.is.Enabled && time.Since(k.at) > failureMemory
	default:
		return false
	}
}

func (v *verdicts) find(ctx context.Context, k *verdict) {
	defer close(k.done)
	k.is, k.err = runtimes.Verify(ctx, v.runInTurn, k.info, v.table, v.strict)
	k.at = time.Now()
	if k.err != nil {
		return
	}
	v.log.Info(k.is.Line)
	if k.is.Note != "" {
		v.log.Warn("runtime is not the version asked for, serving it all the same",
			"runtime", k.info.Name, "executable", k.is.Executable, "note", k.is.Note)
	}
}

// runInTurn runs a program when fewer than mostChecks run. It is a runtimes.Runner.
func (v *verdicts) runInTurn(ctx context.Context, executable string, args []string) ([]byte, error) {
	select {
	case v.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-v.slots }()
	return v.run(ctx, executable, args)
}

// isRuby reports whether apps of a runtime run in a Ruby, which then has to survive
// RUBYOPT=-rubygems.
func isRuby(name, executable string) bool {
	if f, ok := runtimes.FamilyOf(name); ok {
		return f.Name == "ruby"
	}
	return strings.Contains(filepath.Base(executable), "ruby")
}
