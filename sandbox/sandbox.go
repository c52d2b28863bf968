// Package sandbox puts minicf together: which components there are, in which order they start, and what each of them is
// given. Nothing else wires anything.
//
// In goes where the data is, which components are wanted and what was said on the command line; out comes one lifecycle
// component. With all rows of the table it is `minicf up`, with a single one it is that component's own process, as in the
// Procfile; the builder of a component is the same in both cases.
//
// In 2012 this was dev_setup: forty Chef cookbooks and a control script.
package sandbox

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/confine"
	"github.com/minicf/minicf/internal/lifecycle"
)

// Settings say what to run. Only DataDir is required.
type Settings struct {
	DataDir string   // absolute; everything relative in the configuration is below it
	Dir     string   // where config/<component>.yml is looked for; empty: nowhere, the shipped defaults hold
	Only    []string // components to run; none means all
	Without []string // components to leave out, so that somebody else's can take their place
	BusURL  string   // an external message bus; the embedded one is left out then

	Files     map[string]string // component → configuration file that was asked for
	Lookup    func(string) (string, bool)
	Environ   []string                     // the environment as a whole, to warn of what sets nothing; may be nil
	Overrides map[string][]config.Override // component → what flags say

	// Shim is what confine.Enter returned at the beginning of the program; without it nobody is confined.
	Shim confine.Shim

	// Fast makes the health manager, and the heartbeats of the DEA, healthmanager.FastFactor times as fast as in 2012, for workshops.
	Fast bool

	// Index says which of several DEAs or stagers of the data dir this is; 0 is the first. All others have the same names and directories with
	// .1, .2, … behind.
	Index int
	// More are further ones to run, by component. Spawn makes each of them, with its index: it is a process of its own.
	More  map[string]int
	Spawn func(component string, index int) lifecycle.Component

	// AnyPort lets a component whose port nobody asked for take a free one when the usual one is taken.
	AnyPort bool
	// NewLog makes the logger of a component from the logging section of its configuration.
	NewLog func(component string, l config.Logging) (*slog.Logger, error)
}

// Sandbox is a set of components that is ready to run.
type Sandbox struct {
	group *lifecycle.Group
	rows  []*attached
	bus   string // URL of an external bus
}

// row is one component: its name and how it is built.
type row struct {
	name  string
	build func(*kit) (*attached, error)
	// values reads the component's configuration alone.
	values func(config.Options) ([]config.Value, error)
}

// Names lists the components in the order of their start.
func Names() []string {
	var names []string
	for _, r := range table() {
		names = append(names, r.name)
	}
	return names
}

// New reads the configuration and builds the components. Nothing runs yet, and nothing was written.
func New(s Settings) (*Sandbox, error) {
	wanted, err := s.wanted()
	if err != nil {
		return nil, err
	}
	k := &kit{Settings: s}
	sb := &Sandbox{group: lifecycle.New(lifecycle.Options{}), bus: s.BusURL}
	for _, r := range table() {
		if !wanted[r.name] {
			continue
		}
		a, err := r.build(k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		sb.rows = append(sb.rows, a)
		sb.group.AddWith(r.name, a, a.grace)
		for i := range k.More[r.name] {
			own := a.grace
			own.Reserve = 0 // a process of its own ends what it has started, whether or not it is waited for
			sb.group.AddWith(Numbered(r.name, i+1), k.Spawn(r.name, i+1), own)
		}
	}
	return sb, nil
}

// Numbered is the name of one of several components: dea, dea.1, dea.2.
func Numbered(name string, index int) string {
	if index == 0 {
		return name
	}
	return fmt.Sprintf("%s.%d", name, index)
}

// wanted applies Only, Without and BusURL to the table.
func (s Settings) wanted() (map[string]bool, error) {
	names := Names()
	for _, n := range slices.Concat(s.Only, s.Without) {
		if !slices.Contains(names, n) {
			return nil, &UnknownComponentError{Name: n}
		}
	}
	wanted := map[string]bool{}
	for _, n := range names {
		wanted[n] = (len(s.Only) == 0 || slices.Contains(s.Only, n)) && !slices.Contains(s.Without, n)
	}
	if s.BusURL != "" {
		wanted["nats"] = false
	}
	for _, w := range wanted {
		if w {
			return wanted, nil
		}
	}
	return nil, fmt.Errorf("no component is left to run: there are %s", strings.Join(names, ", "))
}

// UnknownComponentError names a component that does not exist.
type UnknownComponentError struct{ Name string }

func (e *UnknownComponentError) Error() string {
	return fmt.Sprintf("there is no component %q", e.Name)
}

// Hint lists those that exist.
func (e *UnknownComponentError) Hint() string { return "components are " + strings.Join(Names(), ", ") }

// Run runs the components until ctx ends, and stops them in reverse order.
func (s *Sandbox) Run(ctx context.Context, ready func()) error {
	if len(s.rows) > 1 {
		started := sync.OnceFunc(markStarting(s.rows[0].dataDir))
		defer started()
		return s.group.Run(ctx, func() { started(); ready() })
	}
	return s.group.Run(ctx, ready)
}

// Hurry makes a stop that waits for work to be done wait no longer.
func (s *Sandbox) Hurry() { s.group.Hurry() }

// URL is where a component serves, once it is running; empty when it does not run here or only uses the bus. The bus is
// also known when it is an external one.
func (s *Sandbox) URL(component string) string {
	for _, a := range s.rows {
		if a.name == component {
			return a.URL()
		}
	}
	if component == "nats" {
		return s.bus
	}
	return ""
}

// kit is what builders share while a sandbox is put together.
type kit struct {
	Settings

	server *bus.Server    // the embedded bus, when it is part of this sandbox
	loaded []config.Value // of the component that is being built
}

// path makes a path of the configuration absolute.
func (k *kit) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(k.DataDir, p)
}

// own is a path of the configuration for what each of several components has for itself.
func (k *kit) own(p string) string {
	if p == "" {
		return p
	}
	return Numbered(p, k.Index)
}

// ownPort is the port of one of several components, when that was asked for: those that follow it.
func (k *kit) ownPort(port int) int {
	if port <= 0 {
		return port
	}
	return port + k.Index
}

// ownIndex is what the component says of itself on the bus.
func (k *kit) ownIndex(configured *int) *int {
	if k.Index == 0 {
		return configured
	}
	return &k.Index
}

func (k *kit) attach(name string, b *bus.Bus, c lifecycle.Component, log *slog.Logger) *attached {
	return &attached{name: name, dataDir: k.DataDir, bus: b, Component: c, log: log}
}
