package deacases

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/puppet"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

// ErrNobody is returned by New when there is no DEA on the bus.
var ErrNobody = errors.New("no DEA answers")

const (
	// surveyLimit is how long is waited for a sign of a DEA; one that only advertises does so every 5 s.
	surveyLimit = 7 * time.Second
	// guess is the memory in MB that a DEA is taken to have that does not tell.
	guess = 1024
	// appMemory is what an app of the kit may use, in MB, unless a case says otherwise.
	appMemory = 64
)

// New finds a DEA and what must be known of it before it can be tested. It fails with ErrNobody when none is there.
func New(ctx context.Context, b *bus.Bus, d *depot.Depot, o Options) (*Kit, error) {
	if o.Patience == 0 {
		o.Patience = 15 * time.Second
	}
	if o.Quiet == 0 {
		o.Quiet = time.Second
	}
	w, err := wire.Join(ctx, b)
	if err != nil {
		return nil, err
	}
	k := &Kit{Options: o, wire: w, depot: d, run: bus.Hex(3)}
	if err := k.survey(ctx); err != nil {
		k.Close(ctx)
		return nil, err
	}
	return k, nil
}

func (k *Kit) survey(ctx context.Context) error {
	if err := k.findDEA(ctx); err != nil {
		return err
	}
	k.measure(ctx)
	if err := k.findRuntime(ctx); err != nil {
		return err
	}
	return k.scout(ctx)
}

// findDEA takes the first DEA that shows itself, in whatever way.
func (k *Kit) findDEA(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, surveyLimit)
	defer cancel()
	began := k.wire.Now()
	status, err := k.wire.Ask(protocol.DEAStatus.String(), nil)
	if err != nil {
		return err
	}
	if err := k.wire.Send(protocol.DEALocate.String(), nil); err != nil {
		return err
	}
	m, ok := k.wire.Wait(limited, began, func(m wire.Message) bool {
		shows := status.Has(m) || m.Subject == protocol.DEAAdvertise.String()
		id := m.Object.Text("id")
		return shows && id != "" && (k.DEA == "" || id == k.DEA)
	})
	switch {
	case ok:
		k.id = m.Object.Text("id")
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case k.DEA != "":
		return fmt.Errorf("%w by the id %s", ErrNobody, k.DEA)
	}
	return ErrNobody
}

// measure finds out how much memory there is, and which runtimes. A DEA that does not tell will fail the cases about it.
func (k *Kit) measure(ctx context.Context) {
	k.room = newRoom(guess)
	began := k.wire.Now()
	if k.wire.Send(protocol.DEALocate.String(), nil) != nil {
		return
	}
	limited, cancel := context.WithTimeout(ctx, min(surveyLimit, k.Patience))
	defer cancel()
	m, ok := k.wire.Wait(limited, began, k.advertises)
	if !ok {
		return
	}
	k.names, _ = m.Object.Texts("runtimes")
	if mb, ok := m.Object.Int("available_memory"); ok {
		k.room = newRoom(int(mb))
	}
}

// findRuntime looks for a runtime that the DEA serves. A DEA of 2012 runs the program that the message names, so that a shell
// will do; one that has programs of its own for its runtimes must be asked with their versions.
func (k *Kit) findRuntime(ctx context.Context) error {
	names := k.names
	if k.Options.Runtime != "" {
		names = []string{k.Options.Runtime}
	}
	if len(names) == 0 {
		names = []string{"ruby19"}
	}
	wait := min(k.Patience, 3*time.Second)
	for i, info := range candidates(names) {
		if i == 0 {
			k.runtime = info // should none be served, the cases say so
		}
		limited, cancel := context.WithTimeout(ctx, wait)
		_, err := k.offer(limited, k.fit("survey").With(wire.Object{"runtime_info": info}))
		cancel()
		if err == nil {
			k.runtime = info
			break
		}
		wait = k.Quiet // the first has waited for a DEA that is just starting
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	wrong := k.runtime.With(wire.Object{"executable": "/nonexistent/conform", "version_output": "conform"})
	k.lenient = k.silence(ctx, protocol.DEADiscover.String(), k.fit("survey").With(wire.Object{"runtime_info": wrong}), k.isHello) != nil
	return nil
}

// candidates are ways to ask for runtimes, the likeliest first.
func candidates(names []string) []wire.Object {
	var all []wire.Object
	for _, name := range names {
		all = append(all, wire.Object{"name": name, "executable": "/bin/sh", "version_flag": "-c 'echo conform'", "version_output": "conform"})
	}
	for _, known := range []wire.Object{
		{"name": "ruby", "executable": "ruby", "version_flag": "-e 'puts RUBY_VERSION'", "version_output": "[0-9]"},
		{"name": "node", "executable": "node", "version_flag": "-v", "version_output": "[0-9]"},
		{"name": "python", "executable": "python3", "version_flag": "--version", "version_output": "[0-9]"},
		{"name": "java", "executable": "java", "version_flag": "-version", "version_output": "[0-9]"},
		{"name": "php", "executable": "php", "version_flag": "-vn", "version_output": "[0-9]"},
	} {
		for _, name := range names {
			if len(name) >= len(known.Text("name")) && name[:len(known.Text("name"))] == known.Text("name") {
				all = append(all, known.With(wire.Object{"name": name}))
			}
		}
	}
	return all
}

// scout starts an app, to see what the DEA's apps can do and how many there may be.
func (k *Kit) scout(ctx context.Context) error {
	came := k.tryPuppet(ctx)
	if !came && ctx.Err() == nil {
		if err := k.embed(); err != nil {
			return err
		}
		if came = k.tryPuppet(ctx); !came {
			k.embedded = false // nothing starts at all: the cases say so
		}
	}
	return ctx.Err()
}

// tryPuppet reports whether the kit's own program can be run by an app of the DEA.
func (k *Kit) tryPuppet(ctx context.Context) bool {
	a, err := k.launch(ctx, spec{name: "scout"})
	if err != nil {
		return false
	}
	defer a.end(ctx)
	limited, cancel := context.WithTimeout(ctx, min(k.Patience, 8*time.Second))
	defer cancel()
	if _, err := a.stage.Process(limited, 0); err != nil {
		return false
	}
	_, err = k.offer(limited, k.fit("survey"))
	k.single = err != nil
	return true
}

// embed packs the puppet's program into the droplets from now on, for DEAs whose apps may not read it where it is.
func (k *Kit) embed() error {
	program, err := os.ReadFile(k.Puppet[0])
	if err != nil {
		return fmt.Errorf("read the program of the kit's apps: %w", err)
	}
	k.embedded, k.program = true, string(program)
	return nil
}

// Close stops everything that was started and forgets the bus. It may be called when ctx is over.
func (k *Kit) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	k.mu.Lock()
	started := slices.Clone(k.started)
	k.mu.Unlock()
	for _, a := range started {
		a.stop()
	}
	for _, a := range started {
		a.awaitGone(ctx)
	}
	k.wire.Leave()
}

// exit is what a puppet is told that should end at once.
func exit(code int) puppet.Order { return puppet.Order{Do: "exit", Code: code} }
