package dea

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/dea/filer"
	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/process"
	"github.com/minicf/minicf/protocol"
)

// What TestMain does instead of running tests.
const (
	helperEnv    = "DEA_TEST_HELPER"
	helperListen = "listen" // be an app that writes when it began to listen
	helperDEA    = "dea"    // be a DEA in a process of its own, which may have to die
)

func TestMain(m *testing.M) {
	switch os.Getenv(helperEnv) {
	case helperListen:
		listenAndTell()
	case helperDEA:
		runDEA()
	default:
		os.Exit(m.Run())
	}
}

// listenAndTell is an app that writes down when it listens.
func listenAndTell() {
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("VCAP_APP_PORT"))
	at := time.Now().UnixNano()
	if err != nil || os.WriteFile("listening", []byte(strconv.FormatInt(at, 10)), 0o644) != nil {
		os.Exit(1)
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		conn.Close()
	}
}

// runDEA is a DEA that a test kills, or that kills itself at a point of an instance's life.
func runDEA() {
	ctx, b := helperBus()
	cfg := Default()
	cfg.BaseDir, cfg.PID = os.Getenv("DEA_TEST_BASE"), os.Getenv("DEA_TEST_BASE")+".pid"
	cfg.Runtimes = config.NameMap{{Name: "ruby19", Value: "/bin/sh"}}
	cfg.Status.Port, cfg.FilerPort = bus.NoStatusPort, filer.NoPort
	cfg.EvacuationDelay = config.Duration(100 * time.Millisecond)
	if mb, err := strconv.Atoi(os.Getenv("DEA_TEST_MEMORY")); err == nil {
		cfg.MaxMemory = config.Megabytes(mb)
	}
	die := &mortal{Backend: process.New(process.Options{}), point: os.Getenv("DEA_TEST_DIE")}
	d, err := New(b, die, cfg, testLog())
	if err == nil {
		d.ledger.at = die.commit
		measureWhenTold(ctx, d)
		err = d.Run(evacuated(ctx, d), func() {})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// evacuated returns a context that ends after an evacuation, if there is one.
func evacuated(ctx context.Context, d *DEA) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGUSR2)
	go func() {
		<-told
		_ = d.Drain(ctx)
		cancel()
	}()
	return ctx
}

// measuredFile, below base_dir, is where measureWhenTold writes.
const measuredFile = "measured"

// measureWhenTold has the DEA measure all instances after SIGUSR1, several times and so far apart that each is a look of its own, and writes down
// how long the middle one took.
func measureWhenTold(ctx context.Context, d *DEA) {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGUSR1)
	go func() {
		<-told
		var took []time.Duration
		for range 5 {
			<-time.After(700 * time.Millisecond)
			began := time.Now()
			d.monitor(ctx)
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		_ = os.WriteFile(filepath.Join(d.cfg.BaseDir, measuredFile), []byte(took[2].String()), 0o644)
	}()
}

// mortal is a backend, and whoever else comes to the point at which this process has to die.
type mortal struct {
	*process.Backend
	point string
	born  bool // an instance was written down
}

func (m *mortal) reach(point string) {
	if point == m.point {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// commit names a point by the moment, and by the only instance as it is written.
func (m *mortal) commit(at moment, all records) {
	if all == nil {
		return // nothing is written
	}
	name := "nothing"
	m.born = m.born || len(all) > 0
	if !m.born {
		return
	}
	for _, app := range all {
		for _, r := range app {
			name = string(r.State)
			for part, is := range map[string]bool{" launched": r.Handle != nil && r.State == protocol.Starting, " evacuated": r.Evacuated, " ended": r.Notified} {
				if is {
					name += part
				}
			}
		}
	}
	m.reach(string(at) + ": " + name)
}

func (m *mortal) Start(ctx context.Context, s isolation.Spec) (isolation.Container, error) {
	m.reach("before the start")
	c, err := m.Backend.Start(ctx, s)
	m.reach("after the start")
	return mortalContainer{c, m}, err
}

type mortalContainer struct {
	isolation.Container
	mortal *mortal
}

func (c mortalContainer) Stop(ctx context.Context) error {
	c.mortal.reach("before the end")
	err := c.Container.Stop(ctx)
	c.mortal.reach("after the end")
	return err
}

func helperBus() (context.Context, *bus.Bus) {
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	b := bus.New(bus.Options{URL: os.Getenv("DEA_TEST_NATS"), Name: "dea"})
	if err := b.Open(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return ctx, b
}

func testLog() *slog.Logger {
	level := slog.LevelInfo
	if os.Getenv("DEA_TEST_QUIET") != "" {
		level = slog.LevelWarn
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}
